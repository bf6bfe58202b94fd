"""The question to a language model about one message: our facts, and what the message says, redacted.

Facts come from us and stand apart: who really wrote, whether authentication vouches for it, which brands are
claimed, where links lead. The organisation's own domains are called "the reader's own organisation".
"""

from __future__ import annotations

from collections.abc import Iterator

from mailrisk.analyse.message import links
from mailrisk.analyse.message.identity import Identity, identify
from mailrisk.analyse.message.intent import intents, read_text
from mailrisk.analyse.message.redaction import Recipient, redact
from mailrisk.analyse.message.view import MessageView
from mailrisk.model.opinion import Question

OWN = "the reader's own organisation"

_MOST = 8
_RECIPIENT_HEADERS = ("Delivered-To", "X-Original-To", "X-Envelope-To")


def make_question(view: MessageView) -> Question:
    """The message as it may leave the house."""
    who = identify(view)
    readers = list(_recipients(view, who))
    return Question(
        facts=tuple(redact(fact, readers) for fact in _facts(view, who)),
        text=redact(read_text(view), readers),
        orders=intents(view).has("prompt-injection", least=0.0),
    )


def _recipients(view: MessageView, who: Identity) -> Iterator[Recipient]:
    """Everybody whom the headers name as a reader, and an author who is a colleague."""
    message = view.message
    for box in (*message.to[:30], *message.cc[:30]):
        yield Recipient(box.name, box.addr)
    for address in view.envelope.rcpt_to[:30]:
        yield Recipient("", address.strip("<> "))
    for header in _RECIPIENT_HEADERS:
        for value in message.all_headers(header)[:5]:
            yield Recipient("", value.strip("<> "))
    if who.inside:
        for box in message.from_[:3]:
            yield Recipient(box.name, box.addr)


def _facts(view: MessageView, who: Identity) -> Iterator[str]:
    yield from _author(view, who)
    for claim in who.claims[:3]:
        official = ", ".join(claim.brand.domains[:3])
        yield f"It names {claim.brand.title} ({claim.where}), whose domains are {official}; the author's is none of them."
    for brand in who.genuine[:2]:
        yield f"It names {brand.title}, and the author's domain is one of theirs."
    if who.departments:
        yield f"It speaks as a department: {', '.join(sorted(who.departments)[:4])}."
    yield from _links(view, who)
    kinds = sorted({part.content_type for part in view.message.parts if part.filename})[:_MOST]
    if kinds:
        yield f"Attached: {', '.join(kinds)}."


def _author(view: MessageView, who: Identity) -> Iterator[str]:
    shown = OWN if who.inside else (who.author or "none")
    free = ", a free mail provider" if who.free_mail else ""
    yield f"The author's domain is {shown}{free}; authentication: DMARC {view.authentication.dmarc.result}."
    answers = sorted({_named(view, who, box.domain) for box in view.message.reply_to if box.domain})
    if answers:
        yield f"Answers go to: {', '.join(answers[:3])}."


def _links(view: MessageView, who: Identity) -> Iterator[str]:
    """Where the links lead that a reader may follow, by domain; how many lead there does not matter."""
    found: dict[str, None] = {}
    for item in links.opened(view):
        how = " (in a QR code)" if item.link.how == "qr" else ""
        free = " (a host that costs nothing)" if links.is_throwaway(view, item) else ""
        found[_named(view, who, item.url.host) + how + free] = None
    if found:
        yield f"Links lead to: {', '.join(list(found)[:_MOST])}."


def _named(view: MessageView, who: Identity, host: str) -> str:
    domain = links.registrable(view, host)
    return OWN if domain in who.own else domain
