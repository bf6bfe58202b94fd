"""What the links of a message say about it: listed ones convict, suspicious ones count, dubious ones rank."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from mailrisk.model.evidence import Evidence
from mailrisk.model.message import Link, Message
from mailrisk.model.policy import Policy
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.hosts import Hosts
from mailrisk.model.verdict import Level, Verdict
from mailrisk.service.check_url import Looked


class FoundUrl(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the message with what is known about it; ``error`` when it is no URL."""

    link: Link
    where: tuple[str, ...]
    looked: Looked | None
    verdict: Verdict | None  # of the URL's text, when it is not listed
    error: str | None = None


PROMINENT = ("qr", "form", "a", "area", "meta", "attachment", "text")
"""Where a reader acts on a link, the surest place first."""

CLICKED = PROMINENT[:-1]
"""Places that are made to be acted on; a bare address in a text stands in discussions too."""

DUBIOUS = 0.5
"""Least log-odds above the prior at which a link's text counts as dubious."""

FULL = 4.0
"""Log-odds above the prior at which ``dubious-link`` has its full weight: there the link is suspicious."""


MOST_PLACES = 4
"""Places among which the oddest is odd by chance; more would let senders hide a link among others."""


def prominence(link: Link) -> int:
    """Smaller for a place where a reader acts on the link: a picture may have the address of its own link."""
    return PROMINENT.index(link.how) if link.how in PROMINENT else len(PROMINENT)


def from_urls(
    subject: Subject, urls: Sequence[FoundUrl], now: datetime, policy: Policy, at_home: Callable[[str], bool]
) -> list[Evidence]:
    """Each listed link counts; of the others the worst one, as suspicious or by how dubious its address looks.

    ``at_home``: whether a host is the author's own; his newsletter may look odd as long as it leads to himself.
    Among many places the oddest is odd by chance: the surprise at it is less by the logarithm of their number (Bonferroni).
    """
    listed = [_listed_url(subject, item, now) for item in urls]
    evidence = [item for item in listed if item is not None]
    judged = [(item, item.verdict) for item in urls if item.verdict is not None]
    suspicious = [pair for pair in judged if pair[1].level is Level.SUSPICIOUS]
    clicked = [
        (item, verdict)
        for item, verdict in judged
        if item.link.how in CLICKED and item.looked and not at_home(item.looked.unwrapped.url.host)
    ]
    if suspicious:
        item, verdict = _worst(suspicious)
        evidence.append(_about(subject, item, verdict, now, "suspicious-link"))
    elif clicked:
        item, verdict = _worst(clicked)
        above = verdict.logit - policy.document.prior[Kind.URL] - math.log(_places(clicked))
        if above >= DUBIOUS:
            value = round(min(1.0, above / FULL), 3)
            evidence.append(_about(subject, item, verdict, now, "dubious-link", value))
    return evidence


def at_home(message: Message, hosts: Hosts) -> Callable[[str], bool]:
    """Whether a host belongs to the registrable domain of one of the message's authors."""
    homes = {hosts.registrable(box.domain) for box in message.from_[:5]} - {""}
    return lambda host: hosts.registrable(host) in homes


def _places(judged: Sequence[tuple[FoundUrl, Verdict]]) -> int:
    """How many different hosts the links lead to, from one to MOST_PLACES."""
    hosts = {item.looked.unwrapped.url.host for item, _ in judged if item.looked}
    return max(1, min(MOST_PLACES, len(hosts)))


def _worst(judged: Sequence[tuple[FoundUrl, Verdict]]) -> tuple[FoundUrl, Verdict]:
    """The one of the largest probability, the last of several alike."""
    return max(enumerate(judged), key=lambda pair: (pair[1][1].probability, pair[0]))[1]


def _about(
    subject: Subject, item: FoundUrl, verdict: Verdict, now: datetime, code: str, value: float = 1.0
) -> Evidence:
    """Evidence of the text of one link, with the heaviest reason against it."""
    assert item.looked is not None
    data: dict[str, Any] = {"url": item.looked.unwrapped.url.text, "score": verdict.score}
    if verdict.reasons:
        data |= {"why": verdict.reasons[0].text, "why_zh": verdict.reasons[0].text_zh}
    return Evidence(
        code=code,
        subject=subject,
        source="analyser:url",
        seen_at=now,
        value=value,
        data=data,
        artefact=item.link.artefact,
    )


def _listed_url(subject: Subject, item: FoundUrl, now: datetime) -> Evidence | None:
    """``listed-url``: a link is listed as malicious, which convicts; ``listed-suspicious-url``: as less."""
    rule = item.looked.rule if item.looked is not None else None
    if rule is None or rule.listing is None:
        return None
    listing = rule.listing
    return Evidence(
        code="listed-url" if listing.level is Level.MALICIOUS else "listed-suspicious-url",
        subject=subject,
        source=f"index:{rule.subject.kind}:{rule.subject.value}"[:120],
        seen_at=now,
        data={
            "indicator": rule.subject.display(listing.scheme),
            "level": listing.level.value,
            "since": str(listing.first_seen.date()),
        },
        artefact=item.link.artefact,
        category=listing.category or "",
    )
