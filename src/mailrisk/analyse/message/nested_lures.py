"""Messages inside the message: each is read as if it had come by itself, and a lure inside is one for the reader.

Honest people hand on lures too: a report to an abuse desk, a colleague who asks, a bounce, a customer who was
written to in our name. They hand on what *they* got: it came over the network, from somebody else, to them. A lure that
was never delivered, or that is addressed to the very reader, was put there for him.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from msgspec.structs import replace

from mailrisk.analyse.message.conviction import RULES
from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.links import registrable
from mailrisk.analyse.message.reading import Reading
from mailrisk.analyse.message.view import LinkedUrl, MessageView
from mailrisk.model.evidence import Evidence
from mailrisk.model.message import Authentication, AuthResult, Envelope, Link, Message

MOST = 10
"""Messages inside a message that are read as such, at all depths together."""

DEEPEST = 3
"""Messages in messages in messages."""

_DESKS = re.compile(
    r"(?:abuse|postmaster|spam|phish|scam|security|cert|csirt|soc|report|fraud|stop-|anti-?spam|jubao|12321|fbl|arf)"
    r"[\w.+-]{0,40}@",
    re.IGNORECASE,
)
"""Mailboxes to which lures are reported."""

_REPORTS = ("multipart/report", "multipart/digest")
_NOTHING = AuthResult(result="not-checked", reason="an attached message")
_UNCHECKED = Authentication(spf=_NOTHING, dkim=(), dmarc=_NOTHING, arc=_NOTHING)


def evidence(reading: Reading) -> Iterator[Evidence]:
    """``nested-lure``: a message inside convicts by its own rules, and was put there for the reader.
    ``handed-on-lure``: it convicts, and was handed on as honest people do.
    """
    view = reading.view
    if not view.message.nested:
        return
    inner = [_view(view, message) for message in islice(_inside(view.message), MOST)]
    found = [(hit, one) for one in inner for hit in _convictions(one)]
    if not found:
        return
    hit, lure = max(found, key=lambda pair: pair[0].value)
    honest = _is_reported(reading) or _is_handed_on(view, lure.message)
    data = {
        **hit.data,
        "subject": lure.message.subject[:100],
        "rule": hit.code,
        "author": ", ".join(box.addr for box in lure.message.from_[:1]) or "?",
    }
    if honest:
        data.pop("urls", None)  # Whoever reports a lure does not spread it.
    yield fact(
        view,
        code="handed-on-lure" if honest else "nested-lure",
        value=hit.value,
        data=data,
        artefact=hit.artefact,
        category=hit.category,
    )


def _convictions(view: MessageView) -> Iterator[Evidence]:
    reading = Reading(view)
    for rule in RULES:
        yield from rule(reading)


def _inside(message: Message, depth: int = 1) -> Iterator[Message]:
    """The messages inside, the outermost ones first."""
    inner = message.nested[:MOST]
    yield from inner
    if depth < DEEPEST:
        for one in inner:
            yield from _inside(one, depth + 1)


def _view(view: MessageView, message: Message) -> MessageView:
    """The message inside with its own links and files, addressed to the same reader; nobody vouches for its author."""
    readers = view.envelope.rcpt_to or tuple(box.addr for box in view.message.to[:5])
    paths = {part.path for part in message.parts}
    links = {link.url: link for link in message.links}
    urls = [_linked(item, links, paths) for item in view.urls]
    return replace(
        view,
        message=message,
        envelope=Envelope(rcpt_to=readers),
        authentication=_UNCHECKED,
        urls=tuple(filter(None, urls)),
        files=tuple(file for file in view.files if file.part in paths),
        codes=tuple(code for code in view.codes if _stands_in(code.artefact, paths)),
        pictures=tuple(one for one in view.pictures if _stands_in(one.artefact, paths)),
        meanings=(),
        history=None,
        opinion=None,
        account=None,
    )


def _linked(item: LinkedUrl, links: dict[str, Link], paths: set[str]) -> LinkedUrl | None:
    """The link as it stands in the message inside; None when it does not."""
    link = links.get(item.link.url)
    if link is not None:
        return replace(item, link=link)
    return item if _stands_in(item.link.artefact, paths) else None


def _stands_in(artefact: str, paths: set[str]) -> bool:
    """Whether something like ``part 2.1, link 3`` stands in one of these parts."""
    return artefact.startswith("part ") and artefact[5:].partition(",")[0].strip() in paths


def _is_reported(reading: Reading) -> bool:
    """The whole message is a report: to an abuse desk, a bounce or feedback report, or from a colleague."""
    view = reading.view
    readers = view.envelope.rcpt_to or tuple(box.addr for box in view.message.to[:20])
    kind = view.message.header("Content-Type").lower().lstrip()
    return (
        reading.who.inside or kind.startswith(_REPORTS) or any(_DESKS.match(address) for address in readers)
    )


def _is_handed_on(view: MessageView, inner: Message) -> bool:
    """The message inside was delivered, by another author, and not to the reader unless to him who hands it on too."""
    authors = {registrable(view, box.domain) for box in view.message.from_}
    others = {registrable(view, box.domain) for box in inner.from_}
    givers = {box.addr.lower() for box in view.message.from_}
    readers = {address.lower() for address in view.envelope.rcpt_to} or {
        box.addr.lower() for box in view.message.to
    }
    to = {box.addr.lower() for box in (*inner.to, *inner.cc)}
    was_delivered = bool(inner.header("Received"))
    return was_delivered and not authors & others and (bool(to & givers) or not to & readers)
