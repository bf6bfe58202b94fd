"""Assessing a message: bytes in, verdict with reasons out. Nothing is stored here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import msgspec

from mailrisk.analyse.message.auth.authenticate import authenticate
from mailrisk.analyse.message.registry import ANALYSERS
from mailrisk.analyse.message.view import LinkedUrl, MessageView
from mailrisk.collect.message.parse import parse_message
from mailrisk.decide.verdict import decide
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.facts import Fact, FactKey, Facts, NeedFact
from mailrisk.model.message import Authentication, Envelope, Link, Message
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Level, Verdict
from mailrisk.service.check_url import Looked, look_up, static_verdict
from mailrisk.service.context import Context

MAX_ROUNDS = 30
"""Rounds of look-ups for one message: an SPF record may include others, each a round of its own."""

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""Largest message that is read at all; the parser has limits of its own below it."""


class FoundUrl(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the message with what is known about it; ``error`` when it is no URL."""

    link: Link
    where: tuple[str, ...]
    looked: Looked | None
    verdict: Verdict | None  # of the URL's text, when it is not listed
    error: str | None = None


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that came of one message."""

    subject: Subject
    message: Message
    envelope: Envelope
    authentication: Authentication
    urls: tuple[FoundUrl, ...]
    evidence: tuple[Evidence, ...]
    verdict: Verdict
    stages: tuple[str, ...]
    missing_stages: tuple[str, ...]


async def assess(
    context: Context, raw: bytes, envelope: Envelope, *, network: bool = True, tenant: int = SHARED
) -> Assessment:
    """Analyses one message. BadInput or TooLarge: it is no message or over the size limit.

    With ``network=False`` nothing is looked up outside and authentication is ``not-checked``.
    """
    network = network and context.network
    message = await asyncio.to_thread(parse_message, raw)
    authentication = await _authenticate(context, raw, message, envelope, network)
    return await asyncio.to_thread(_analyse, context, message, envelope, authentication, network, tenant)


async def _authenticate(
    context: Context, raw: bytes, message: Message, envelope: Envelope, network: bool
) -> Authentication:
    """Calls the pure check again and again, fetching the facts that it asks for, within the budget."""
    facts = Facts()
    trusted = context.knowledge.trusted_hosts
    loop = asyncio.get_running_loop()
    deadline = loop.time() + context.message_budget.total_seconds()
    for _ in range(MAX_ROUNDS):
        try:
            return await asyncio.to_thread(authenticate, raw, message, envelope, facts, trusted, network)
        except NeedFact as need:
            await _fetch(context, facts, need.keys, deadline - loop.time())
    # Whatever is still asked for after all rounds counts as not answered.
    return await asyncio.to_thread(authenticate, raw, message, envelope, _Exhausted(facts), trusted, network)


class _Exhausted(Facts):
    """Facts of which the unknown ones are time-outs: the budget is spent."""

    def __init__(self, known: Facts) -> None:
        super().__init__(known.known())

    def get(self, topic: str, name: str, detail: str = "") -> Fact:
        """The fact, ``temperror`` for one that nobody could look up in time."""
        return self.peek(topic, name, detail) or Fact("temperror", "budget spent")


async def _fetch(context: Context, facts: Facts, keys: Sequence[FactKey], left_s: float) -> None:
    """Looks facts up at the edge, all at once; what does not come in time is ``temperror``."""
    tasks = {key: asyncio.ensure_future(context.resolver.lookup(key)) for key in keys}
    if left_s > 0:
        await asyncio.wait(tasks.values(), timeout=left_s)
    for key, task in tasks.items():
        if task.done() and not task.cancelled() and task.exception() is None:
            facts.put(key, task.result())
        else:
            task.cancel()
            facts.put(key, Fact("temperror", "no answer in time"))


def _analyse(
    context: Context,
    message: Message,
    envelope: Envelope,
    authentication: Authentication,
    network: bool,
    tenant: int,
) -> Assessment:
    """Everything after authentication: URLs, message analysers, verdict. Synchronous."""
    now = context.clock()
    subject = Subject(Kind.SAMPLE, message.sha256)
    urls = _urls(context, message, now, tenant)
    view = MessageView(
        subject=subject,
        message=message,
        envelope=envelope,
        authentication=authentication,
        urls=tuple(_linked(item) for item in urls if item.looked is not None),
        knowledge=context.knowledge,
        at=now,
    )
    evidence = [item for analyse in ANALYSERS for item in analyse(view)]
    evidence.extend(_from_urls(subject, urls, now))
    verdict = decide(subject, evidence, now, context.policy)
    missing = () if network else ("auth",)
    return Assessment(
        subject=subject,
        message=message,
        envelope=envelope,
        authentication=authentication,
        urls=urls,
        evidence=tuple(evidence),
        verdict=verdict,
        stages=("intelligence", "url", "message", "intent") + (("auth",) if network else ()),
        missing_stages=missing,
    )


def _urls(context: Context, message: Message, now: datetime, tenant: int) -> tuple[FoundUrl, ...]:
    """Every distinct link once, with all the places where it was found."""
    places: dict[str, list[Link]] = {}
    for link in _all_links(message):
        places.setdefault(link.url, []).append(link)
    found = []
    for text, links in places.items():
        where = tuple(link.artefact for link in links)
        clearest = min(links, key=_prominence)
        try:
            looked = look_up(context, text, tenant)
        except BadInput as error:
            found.append(FoundUrl(link=clearest, where=where, looked=None, verdict=None, error=error.reason))
            continue
        listed = looked.rule is not None and looked.rule.listing is not None
        verdict = None if listed else static_verdict(context, looked, now)
        found.append(FoundUrl(link=clearest, where=where, looked=looked, verdict=verdict))
    return tuple(found)


_PROMINENT = ("qr", "form", "a", "area", "meta", "attachment", "text")


def _prominence(link: Link) -> int:
    """Smaller for a place where a reader acts on the link: a picture may have the address of its own link."""
    return _PROMINENT.index(link.how) if link.how in _PROMINENT else len(_PROMINENT)


def _all_links(message: Message) -> list[Link]:
    """Links of the message and of the messages inside it."""
    links = list(message.links)
    for inner in message.nested:
        links.extend(_all_links(inner))
    return links


def _linked(found: FoundUrl) -> LinkedUrl:
    assert found.looked is not None
    unwrapped = found.looked.unwrapped
    return LinkedUrl(
        link=found.link,
        url=unwrapped.url,
        wrappers=tuple(name for name, _ in unwrapped.hops),
        opaque=unwrapped.opaque,
    )


def _from_urls(subject: Subject, urls: Sequence[FoundUrl], now: datetime) -> list[Evidence]:
    """What the links say about the message: each listed one counts, and the most suspicious text once."""
    listed = [_listed_url(subject, item, now) for item in urls]
    evidence = [item for item in listed if item is not None]
    suspicious = [
        (item.verdict.probability, number)
        for number, item in enumerate(urls)
        if item.verdict is not None and item.verdict.level is Level.SUSPICIOUS
    ]
    if suspicious:
        worst = urls[max(suspicious)[1]]
        assert worst.verdict is not None and worst.looked is not None
        evidence.append(
            Evidence(
                code="suspicious-link",
                subject=subject,
                source="analyser:url",
                seen_at=now,
                data={"url": worst.looked.unwrapped.url.text, "score": worst.verdict.score},
                artefact=worst.link.artefact,
            )
        )
    return evidence


def _listed_url(subject: Subject, item: FoundUrl, now: datetime) -> Evidence | None:
    """``listed-url``: a link is listed. A suspicious listing weighs less and does not convict alone."""
    rule = item.looked.rule if item.looked is not None else None
    if rule is None or rule.listing is None:
        return None
    listing = rule.listing
    return Evidence(
        code="listed-url",
        subject=subject,
        source=f"index:{rule.subject.kind}:{rule.subject.value}"[:120],
        seen_at=now,
        value=1.0 if listing.level is Level.MALICIOUS else 0.4,
        data={
            "indicator": rule.subject.display(listing.scheme),
            "level": listing.level.value,
            "since": str(listing.first_seen.date()),
        },
        artefact=item.link.artefact,
        category=listing.category or "",
    )
