"""Which form of an answer a client takes (RFC 9110 §12.5.3)."""

from __future__ import annotations

from typing import Final

MAX_HEADER: Final = 1_000
"""Characters of ``Accept-Encoding`` that are read."""


def takes_gzip(accepted: str) -> bool:
    """Whether ``Accept-Encoding`` allows gzip: by its name, else by ``*``; ``q=0`` forbids. An absent one asks for none."""
    allowed: dict[str, bool] = {}
    for part in accepted[:MAX_HEADER].lower().split(","):
        name, _, parameters = part.partition(";")
        allowed[name.strip()] = not _is_zero(parameters)
    return allowed.get("gzip", allowed.get("x-gzip", allowed.get("*", False)))


def _is_zero(parameters: str) -> bool:
    name, _, value = parameters.partition("=")
    return name.strip() == "q" and value.strip().rstrip("0") in ("", "0.", ".")
