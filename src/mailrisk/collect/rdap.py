"""RDAP answers about domains (RFC 9083 §5.3), and the bootstrap registry (RFC 9224).

Only what evidence needs is read: dates and statuses. Everything else in an answer is skipped unread,
persons' data above all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from mailrisk.model.domain import Registration
from mailrisk.model.errors import BadInput, TooLarge

MAX_ANSWER_BYTES = 256 * 1024
"""Largest answer that is read. Real ones have 2 to 20 kB."""

MAX_EVENTS = 100
MAX_STATUSES = 30


class _Event(msgspec.Struct):
    eventAction: str = ""
    eventDate: str = ""


class _Domain(msgspec.Struct):
    objectClassName: str = ""
    ldhName: str = ""
    events: list[_Event] = []
    status: list[str] = []


class _Bootstrap(msgspec.Struct):
    publication: str
    services: list[tuple[list[str], list[str]]]


def read_domain(raw: bytes, domain: str) -> Registration:
    """The registration of ``domain`` from an answer.

    TooLarge: over MAX_ANSWER_BYTES. BadInput: no JSON, nested deeper than the interpreter's recursion limit
    (msgspec counts), or about another object. Dates that cannot be read are left out.
    """
    if len(raw) > MAX_ANSWER_BYTES:
        raise TooLarge("rdap", f"more than {MAX_ANSWER_BYTES} bytes")
    try:
        found = msgspec.json.decode(raw, type=_Domain)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("rdap", f"no RDAP answer: {error}") from None
    if found.objectClassName != "domain":
        raise BadInput("rdap", "the answer is about no domain")
    if found.ldhName and found.ldhName.rstrip(".").lower() != domain:
        raise BadInput("rdap", "the answer is about another domain")
    dates = _dates(found.events[:MAX_EVENTS])
    began = [dates[action] for action in ("registration", "reregistration") if action in dates]
    return Registration(
        registered_at=max(began, default=None),
        expires_at=dates.get("expiration"),
        statuses=tuple(text.lower()[:50] for text in found.status[:MAX_STATUSES]),
    )


def _dates(events: Iterable[_Event]) -> dict[str, datetime]:
    """The latest date of each action."""
    dates: dict[str, datetime] = {}
    for event in events:
        found = _date(event.eventDate)
        action = event.eventAction.lower()
        if found is not None and (action not in dates or found > dates[action]):
            dates[action] = found
    return dates


def _date(text: str) -> datetime | None:
    """RFC 3339; also without a zone, which some registries leave out and which then is UTC."""
    try:
        found = datetime.fromisoformat(text[:40].strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_bootstrap(raw: bytes) -> tuple[str, Mapping[str, str]]:
    """(publication, domain -> base URL of its RDAP server) of an RFC 9224 registry of domains.

    Of each service the first https URL is taken (RFC 9224 §3: clients prefer it); one without is left out,
    because an age may lower a verdict and must not come over an open wire. BadInput: it is no such registry.
    """
    try:
        registry = msgspec.json.decode(raw, type=_Bootstrap)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("rdap", f"no bootstrap registry: {error}") from None
    servers: dict[str, str] = {}
    for entries, urls in registry.services:
        url = next((url for url in urls if url.startswith("https://")), "")
        if url:
            servers.update(dict.fromkeys((entry.lower() for entry in entries), url.rstrip("/") + "/"))
    return registry.publication, servers


def server_for(domain: str, servers: Mapping[str, str]) -> str:
    """The base URL for a domain by the longest matching entry (RFC 9224 §4); '' when there is none."""
    name = domain
    while name:
        if name in servers:
            return servers[name]
        name = name.partition(".")[2]
    return ""
