"""What analyses ask about the place of an address: its country, its network operator."""

from __future__ import annotations

from collections.abc import Callable

from mailrisk.service.context import LookupContext


def country_of(context: LookupContext) -> Callable[[str], str]:
    """Address -> ISO 3166-1 alpha-2 code of its country, '' when unknown."""

    def country(ip: str) -> str:
        place = context.locate(ip)
        return place.country if place is not None else ""

    return country


def operator_of(context: LookupContext) -> Callable[[str], str]:
    """Address -> ``AS64500 Name``, '' when unknown: the shipped data has countries alone."""

    def operator(ip: str) -> str:
        place = context.locate(ip)
        return f"AS{place.asn} {place.as_name}".rstrip() if place is not None and place.asn else ""

    return operator
