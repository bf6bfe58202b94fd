"""How the message is built: what it hides, disguises or carries.

None of these facts convicts: newsletters hide preview lines, honest people send ZIP files. They
add to a conviction that identity and intent carry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.links import is_about_leaving, opened, registrable
from mailrisk.analyse.message.view import LinkedUrl, MessageView
from mailrisk.model.confusable import INVISIBLE
from mailrisk.model.evidence import Evidence
from mailrisk.model.message import Message
from mailrisk.model.url.hosts import HostClass

READ = 20_000
"""Characters of text, and of HTML, that are looked at."""

FIELDS = 200
"""Fields of forms that are looked at."""

_SALT = re.compile(f"(?<=[A-Za-z])[{INVISIBLE[1:]}]+(?=[A-Za-z])")
_MIXED = re.compile(
    r"[A-Za-z][\u0370-\u03ff\u0400-\u052f\u0531-\u058f]|[\u0370-\u03ff\u0400-\u052f\u0531-\u058f][A-Za-z]"
)
_STYLED = re.compile("[\U0001d400-\U0001d7ff\u24b6-\u24e9\uff21-\uff5a]{3}")
_OVERRIDE = re.compile("[\u202d\u202e]")
_SHOWN_HOST = re.compile(
    r"^\s*(?:https?://)?((?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,18})(?:[/?#:]\S*)?\s*$", re.IGNORECASE
)
_PASSWORD = re.compile(r"type\s*=\s*[\"']?password", re.IGNORECASE)
_FIELD = re.compile(r"<(?:input|textarea)\b[^>]{0,400}", re.IGNORECASE)
_UNWRITTEN = re.compile(
    r"type\s*=\s*[\"']?(?:hidden|submit|button|image|reset|radio|checkbox|search)", re.IGNORECASE
)
_SECRET = re.compile(
    r"(?:name|id|placeholder)\s*=\s*[\"']?[^\"'>=]{0,30}"
    r"(?:passw|passcode|\bpin\b|cvv|cvc|card.?n|otp|ssn|seed|mnemonic|密码|口令|验证码|银行卡|身份证)",
    re.IGNORECASE,
)
_SCRIPT = re.compile(r"<script\b(?![^>]{0,200}application/ld\+json)", re.IGNORECASE)
_NOISE = re.compile(
    r"\b(?=[A-Za-z0-9]{9,40}\b)(?=\w*[a-z]\w*[A-Z]\w*[a-z])(?=\w*[A-Z]\w*[a-z]\w*[A-Z])(?=\w*\d)\w+"
)


def evidence(view: MessageView) -> Iterator[Evidence]:
    """Every fact of this module, in the order of the message."""
    yield from _hidden(view)
    yield from _disguised(view)
    yield from _links(view)
    yield from _pictures(view)


def _hidden(view: MessageView) -> Iterator[Evidence]:
    """Hidden text of at least 300 characters that outweighs a third of everything written."""
    hidden = len("".join(view.message.hidden_text[:READ].split()))
    if hidden < 300:
        return
    shown = len("".join(view.message.text[:READ].split()))
    share = hidden / (hidden + shown)
    if share > 0.33:
        yield fact(
            view, code="hidden-text", value=share, data={"percent": round(100 * share), "characters": hidden}
        )


def _disguised(view: MessageView) -> Iterator[Evidence]:
    """Words salted with what nobody sees, or written with letters of another script."""
    head = head_of(view.message)
    text = "" if view.message.text.isascii() else view.message.text[:READ]
    salted = len(_SALT.findall(head)) * 3 + len(_SALT.findall(text))
    if salted >= 3:
        yield fact(view, code="zero-width-salt", data={"count": salted})
    mixed = len(_MIXED.findall(head)) * 3 + len(_MIXED.findall(text))
    if mixed >= 3:
        shown = _MIXED.search(head) or _MIXED.search(text)
        yield fact(
            view, code="mixed-script-words", data={"count": mixed, "example": shown.group(0) if shown else ""}
        )
    if _STYLED.search(head):
        yield fact(view, code="styled-letters", artefact="header Subject, From")
    names = " ".join(part.filename for part in view.message.parts)
    if _OVERRIDE.search(f"{head} {names}"):
        yield fact(view, code="direction-override")
    noise = _NOISE.search(head)
    if noise:
        yield fact(view, code="random-noise", data={"text": noise.group(0)}, artefact="header Subject, From")


def head_of(message: Message) -> str:
    """What a mail program shows of a message in its list, bounded."""
    return " ".join([message.subject[:1_000], *(box.name[:300] for box in message.from_[:5])])


def _links(view: MessageView) -> Iterator[Evidence]:
    """Links that show one host and lead to another; forms in the mail itself."""
    wrong = next(shown_elsewhere(view, opened(view)), None)
    if wrong:
        item, shown = wrong
        yield fact(
            view,
            code="link-text-differs",
            data={"shown": shown, "host": item.url.host},
            artefact=item.link.artefact,
        )
    form = next((item for item in view.urls if item.link.how == "form"), None)
    if form:
        yield from _form(view, form)
    if "<script" in view.message.html[: 10 * READ].lower() and _SCRIPT.search(view.message.html[: 10 * READ]):
        yield fact(view, code="script-in-mail", artefact="HTML body")


def _form(view: MessageView, form: LinkedUrl) -> Iterator[Evidence]:
    """A form in the mail itself: with a field for a secret, or with two or more fields to write in.

    A search box and the buttons of a survey are neither; programs that show mail ask before they send such a form. What
    is sent to the author's own site, where the From domain leads, counts half: newsletters ask who their readers are.
    """
    fields = _FIELD.findall(view.message.html[: 10 * READ])[:FIELDS]
    written = [field for field in fields if not _UNWRITTEN.search(field)]
    data, where = {"host": form.url.host}, form.link.artefact
    if any(_PASSWORD.search(field) for field in fields):
        yield fact(view, code="form-in-mail", data=data, artefact=where)
    elif len(written) >= 2 or any(_SECRET.search(field) for field in written):
        home = {registrable(view, box.domain) for box in view.message.from_[:5] if box.domain}
        value = 0.5 if registrable(view, form.url.host) in home else 1.0
        yield fact(view, code="input-in-mail", value=value, data=data, artefact=where)


def shown_elsewhere(view: MessageView, items: Iterable[LinkedUrl]) -> Iterator[tuple[LinkedUrl, str]]:
    """Links whose visible text is a host of another registrable domain; tracked newsletters are let off."""
    for item in items:
        found = _SHOWN_HOST.match(item.link.text)
        if not found or item.opaque:
            continue
        shown = registrable(view, found.group(1).lower())
        hosts = view.knowledge.hosts
        if shown != registrable(view, item.url.host) and not hosts.has(item.url.host, HostClass.BULK_MAILER):
            yield item, shown


def _pictures(view: MessageView) -> Iterator[Evidence]:
    """A picture to click and next to no text: what a reader is told stands where no filter reads."""
    if is_picture_only(view):
        yield fact(view, code="image-only", data={"characters": len(view.message.text.strip())})


def said(text: str) -> str:
    """The text without sentences about unsubscribing, up to 2,000 characters."""
    sentences = re.split(r"(?<=[.!?\n])\s+", text[:2_000].strip())
    return " ".join(sentence for sentence in sentences if not is_about_leaving(sentence))


def is_disguised(view: MessageView) -> bool:
    """Whether the message hides what it says from filters: a picture, hidden text, styled or mixed letters."""
    head = head_of(view.message)
    return (
        is_picture_only(view)
        or bool(_STYLED.search(head) or _MIXED.search(head) or _SALT.search(head))
        or any(True for _ in _hidden(view))
    )


def is_picture_only(view: MessageView) -> bool:
    """At most 200 visible characters beside the way to unsubscribe, a picture, and a link or 5 kB of picture."""
    text = view.message.text
    if len(text) > 1_500:
        return False
    linked = any(item.link.how == "img" for item in view.urls)
    large = any(part.content_type.startswith("image/") and part.size >= 5_000 for part in view.message.parts)
    return (large or (linked and bool(opened(view)))) and len(said(text)) <= 200
