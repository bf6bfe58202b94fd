"""What the codes of a message are: where they lead, how they are put there, what else they hold.

None of these facts convicts. Restaurants, ticket offices, newsletters and the enrolment of second factors send codes
too; ``code_lures.py`` has the conjunctions. A code that the body draws with cells or characters, or that is cut into
pieces, is there to escape filters: hardly any honest sender does that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mailrisk.analyse.message import links
from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.identity import Identity
from mailrisk.analyse.message.view import LinkedUrl, MessageView
from mailrisk.model.evidence import Evidence
from mailrisk.model.file import Code
from mailrisk.model.url.hosts import HostClass
from mailrisk.model.url.personal import People, personal_at

DRAWN: Final = frozenset({"table", "text"})
"""Ways of drawing a code without a picture; SVG is a picture format of its own."""

CONTACTS: Final = frozenset(
    "weixin.qq.com work.weixin.qq.com mp.weixin.qq.com u.wechat.com wa.me qm.qq.com qr.dingtalk.com line.me "
    "qr.alipay.com apps.apple.com itunes.apple.com play.google.com appgallery.huawei.com onelink.me app.link".split()
)
"""Hosts of codes that follow an account, add a contact or fetch an app: they stand in signatures and newsletters."""

_OTHER_KINDS: Final = {"payment": "qr-payment", "otp": "qr-otp", "wifi": "qr-wifi", "app": "qr-app"}


def evidence(view: MessageView, who: Identity) -> Iterator[Evidence]:
    """Every fact about the codes, each kind once, with the first code that shows it."""
    if not view.codes:
        return
    yield from _forms(view)
    yield from _kinds(view)
    yield from _goals(view, who)


def _forms(view: MessageView) -> Iterator[Evidence]:
    """How a code is put there: unreadable, drawn, cut into pieces."""
    unread = next((code for code in view.codes if not code.payload), None)
    if unread:
        yield fact(view, code="qr-undecodable", artefact=unread.artefact)
    drawn = next((code for code in view.codes if code.drawn in DRAWN), None)
    if drawn:
        yield fact(view, code="qr-drawn", data={"drawn": drawn.drawn}, artefact=drawn.artefact)
    split = next((code for code in view.codes if code.drawn == "split"), None)
    if split:
        yield fact(view, code="qr-split", artefact=split.artefact)


def _kinds(view: MessageView) -> Iterator[Evidence]:
    """Codes that are no web address. What a secret one holds is not repeated."""
    told: set[str] = set()
    for code in view.codes:
        name = _OTHER_KINDS.get(code.kind)
        if name and name not in told:
            told.add(name)
            yield fact(view, code=name, artefact=code.artefact)


def _goals(view: MessageView, who: Identity) -> Iterator[Evidence]:
    """Where codes lead: named once, then what is odd about it."""
    goals = scanned(view)
    if goals:
        first = goals[0]
        yield fact(view, code="qr-link", data={"host": first.url.host}, artefact=first.link.artefact)
    elsewhere = strangers(view, who)
    if elsewhere:
        item = elsewhere[0]
        data = {"host": item.url.host, "author": who.author or "?"}
        yield fact(view, code="qr-leads-elsewhere", data=data, artefact=item.link.artefact)
    personal = next(iter(personalised(view, elsewhere)), None)
    if personal:
        data = {"host": personal.url.host}
        yield fact(view, code="qr-personalised", data=data, artefact=personal.link.artefact)


def scanned(view: MessageView) -> list[LinkedUrl]:
    """The links that codes hold."""
    return [item for item in view.urls[: links.LINKS_READ] if item.link.how == "qr"]


def strangers(view: MessageView, who: Identity) -> list[LinkedUrl]:
    """Links of codes that lead neither to the author, the organisation, a brand that the mail is from, a widely used
    site, a newsletter sender, nor to an account, contact or app."""
    home = links.registrable(view, who.author)
    hosts = view.knowledge.hosts
    return [
        item
        for item in links.offending(view, who.genuine, who.own)
        if item.link.how == "qr"
        and links.registrable(view, item.url.host) != home
        and item.url.host not in CONTACTS
        and not hosts.has(item.url.host, HostClass.BULK_MAILER)
    ]


def personalised(view: MessageView, items: list[LinkedUrl]) -> list[LinkedUrl]:
    """Those links that carry the reader's own address: made for one victim, so that the page greets him."""
    if not items:
        return []
    people = People.of(view.envelope.rcpt_to or tuple(box.addr for box in view.message.to[:5]))
    return [
        item
        for item in items
        if personal_at(f"{item.link.url[:4_000]}\n{item.url.text[:4_000]}", people) >= 0
    ]


def evasive(view: MessageView) -> Code | None:
    """The first code that is there in a form that filters do not read: drawn with cells or characters, or cut."""
    return next((code for code in view.codes if code.drawn in DRAWN or code.drawn == "split"), None)
