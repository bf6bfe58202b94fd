"""What requests carry: bodies and the SMTP envelope in the query."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from mailrisk.model.verdict import Category
from mailrisk.service import check_ip, check_url
from mailrisk.service.answers import IpAnswer, Listed, UrlAnswer
from mailrisk.service.check_url import Analyse


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON body; a key that is not there is an error, so that no misspelt option is lost in silence."""


class UrlsBody(Body, frozen=True):
    """``POST /api/v1/urls:check``."""

    urls: Annotated[list[str], Meta(min_length=1, max_length=check_url.MAX_BATCH)]
    analyse: Analyse = Analyse.STATIC
    network: bool = True


class IpsBody(Body, frozen=True):
    """``POST /api/v1/ips:check``."""

    ips: Annotated[list[str], Meta(min_length=1, max_length=check_ip.MAX_BATCH)]
    network: bool = True
    order: check_ip.Order = check_ip.Order.INPUT


class WithdrawalBody(Body, frozen=True):
    """``POST /api/v1/withdrawals``."""

    indicator: str
    reason: str


class ListingBody(Body, frozen=True):
    """``POST /api/v1/listings``: an analyst lists an indicator by hand."""

    indicator: str
    reason: str
    category: Category | None = None


class UrlResults(msgspec.Struct, frozen=True, kw_only=True):
    """One result for each URL, in order. A URL that cannot be dealt with has ``input`` and ``error`` alone."""

    results: list[UrlAnswer]


class IpResults(msgspec.Struct, frozen=True, kw_only=True):
    """One result for each address, in order. A bad one has ``input`` and ``error`` alone."""

    results: list[IpAnswer]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the indicators named."""

    indicators: list[Listed]
