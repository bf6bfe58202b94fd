"""One message -> the same message with its links led through our page, byte for byte the same elsewhere.

What is rewritten: links that can be followed, in parts of ``text/html`` and ``text/plain`` that a mail program shows. What is
never touched: signed and encrypted parts, whose signature would break; attachments, calendars, messages within the message;
every header. What was left and why stands in the answer (``left``), so that nobody takes it for checked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Final

import msgspec
from ada_url import join_url

from mailrisk.collect.message.hrefs import web_url
from mailrisk.collect.message.limits import Budget, Limits
from mailrisk.collect.message.mime import RawHeader, guess_boundary, read_headers, split_multipart
from mailrisk.collect.message.parameters import parse_parameters
from mailrisk.collect.message.textlinks import placed_urls
from mailrisk.collect.message.transfer import IDENTITY, transfer_name
from mailrisk.collect.rewriting.encoded import changed, decoded, kind_of
from mailrisk.collect.rewriting.markup import MAX_LINKS, attribute_text, read_markup
from mailrisk.collect.rewriting.texts import FILLER, Edit, Text, changes_of, readings

MAX_TEXT: Final = 4 * 1024 * 1024
"""Bytes of all texts of one message; those beyond it are left (``left`` says ``too-large``)."""

_SIGNED: Final = ("multipart/signed",)
_ENCRYPTED: Final = (
    "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted",
)  # fmt: skip
_HTML: Final = ("text/html", "application/xhtml+xml")
_PICTURE: Final = "image/svg+xml"
_DATA: Final = (
    "text/calendar", "text/vcard", "text/x-vcard", "text/directory", "text/css", "text/csv", "text/rfc822-headers", "text/xml",
)  # fmt: skip
"""Programs show any other kind of text without a name as it stands (RFC 2046 §4.1.4)."""

_MESSAGES: Final = ("message/rfc822", "message/global", "message/external-body", "message/partial")
_STRUCTURE: Final = ("content-type", "content-transfer-encoding", "content-disposition")
_EDGE: Final = "".join(map(chr, range(33)))
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+:(?![0-9]{1,5}(?:[/?#]|\Z))")
_HOST: Final = re.compile(
    r"(?P<host>(?:[A-Za-z0-9_-]{1,63}\.){1,9}(?:xn--)?[A-Za-z0-9-]{2,60})(?::[0-9]{1,5})?(?=[/?#]|\Z)"
)
_FILE: Final = re.compile(r"\.(?:zip|mov|md|py|sh|pl|ps|ai|so|rs|app)\Z", re.IGNORECASE)
_HARMLESS: Final = (
    "mailto:", "tel:", "sms:", "cid:", "mid:", "sip:", "sips:", "xmpp:", "callto:", "news:", "geo:", "facetime:", "skype:", "about:",
    "javascript:", "vbscript:", "data:",
)  # fmt: skip
"""Schemes that open no page and load nothing from a server; mail programs and browsers follow none of the last three in a mail."""

_PGP: Final = re.compile(rb"^-----BEGIN PGP (?:SIGNED )?MESSAGE-----[ \t]*+\r?$", re.MULTILINE)

MAX_JOINED: Final = 16 * 1024 * 1024
"""Characters of relative links with what they are relative to: a long ``<base>`` costs its length with each of them."""


Link = Callable[[str], str]
"""An absolute URL -> the link that takes its place; '' leaves it as it is."""


Exists = Callable[[str], bool]
"""Whether a host's top-level domain exists: ``evil.berlin/login`` without a scheme is a site for some mail programs."""


class Rewritten(msgspec.Struct, frozen=True, kw_only=True):
    """``raw`` from ``body_at`` on is the body; the headers before it are as they were. ``left``: why -> how many."""

    raw: bytes
    body_at: int
    links: int
    left: dict[str, int]


def rewrite(
    raw: bytes, link: Link, *, plain: bool = True, body_at: int = 0, exists: Exists = lambda host: False
) -> Rewritten:
    """The message with ``link`` applied to its links; ``plain``: also to those in plain text. Never raises.

    ``body_at``: where the body begins, if the mail server has said so (0: at the first empty line); a header that we cannot read
    does not end the others then.
    """
    work = _Work(raw, link, exists, plain=plain)
    headers, at = read_headers(raw, 0, body_at or len(raw), work.budget)
    while at < body_at:
        at = raw.find(b"\n", at, body_at) + 1 or body_at
        more, at = read_headers(raw, at, body_at, work.budget)
        headers += more
    body_at = body_at or at
    work.part(headers, body_at, len(raw), 0, "text/plain")
    left = {why: count for why, count in work.left.items() if count}
    return Rewritten(raw=work.result(), body_at=body_at, links=work.links, left=left)


class _Work:
    """The walk over one message."""

    def __init__(self, raw: bytes, link: Link, exists: Exists, *, plain: bool) -> None:
        self._raw, self._link, self._exists, self._plain = raw, link, exists, plain
        self._newline = b"\r\n" if b"\r\n" in raw else b"\n"
        self._text_left, self._joins_left = MAX_TEXT, MAX_JOINED
        self._pieces: list[bytes] = []
        self._at = 0
        self.budget = Budget(Limits())
        self.links = 0
        self.left: Counter[str] = Counter()

    def result(self) -> bytes:
        """The new message."""
        return b"".join((*self._pieces, self._raw[self._at :]))

    def part(self, headers: list[RawHeader], start: int, end: int, depth: int, default: str) -> None:
        """One part and everything below it."""
        fields: dict[str, bytes] = {}
        for name, value in headers:
            known = fields.setdefault(name.lower(), value)
            # Two that differ: some programs take the first one, others the last.
            self.left["malformed"] += known != value and name.lower() in _STRUCTURE
        kind, parameters = parse_parameters(fields.get("content-type", b""), [])
        kind = kind if "/" in kind else default
        if kind in _SIGNED or kind in _ENCRYPTED:
            self.left["signed" if kind in _SIGNED else "encrypted"] += 1
        elif kind.startswith("multipart/"):
            spans = self._spans(parameters.get("boundary", ""), start, end)
            if spans:
                self._multipart(kind, spans, depth)
            elif self._plain:  # Mail programs show the body of such a message as text.
                self._leaf(False, "", fields.get("content-transfer-encoding", b""), start, end)
        elif kind in _MESSAGES:
            self.left["attached-message"] += 1
        elif (way := _way(kind, parameters, fields.get("content-disposition", b""))) == "page":
            self.left["attached-page"] += 1
        elif way == "html" or (way and self._plain):
            encoding = fields.get("content-transfer-encoding", b"")
            self._leaf(way == "html", parameters.get("charset", ""), encoding, start, end)

    def _spans(self, boundary: str, start: int, end: int) -> list[tuple[int, int]]:
        """Where the parts of a multipart stand; the boundary is guessed where the one that is given does not occur."""
        mark = boundary.rstrip()[:200].encode("utf-8", "replace")
        if not mark or self._raw.find(b"--" + mark, start, end) < 0:
            mark = guess_boundary(self._raw, start, end)
        return split_multipart(self._raw, start, end, mark, self.budget) if mark else []

    def _multipart(self, kind: str, spans: list[tuple[int, int]], depth: int) -> None:
        raw, budget = self._raw, self.budget
        if depth >= budget.limits.nesting:
            self.left["malformed"] += 1
            return
        for begun, ended in spans:
            if not budget.take_part():
                self.left["too-large"] += 1
                return
            headers, body = read_headers(raw, begun, ended, budget)
            inner = "message/rfc822" if kind == "multipart/digest" else "text/plain"
            self.part(headers, body, ended, depth + 1, inner)

    def _leaf(self, is_html: bool, charset: str, encoding: bytes, start: int, end: int) -> None:
        data = self._raw[start:end]
        kind = kind_of(encoding, data)
        if not kind or len(data) > self._text_left:
            self.left["encoding" if not kind else "too-large"] += 1
            return
        self._text_left -= len(data)
        sent = decoded(data, kind)
        if not is_html and _PGP.search(sent):  # In HTML it would sign what is shown, which stays.
            self.left["signed"] += 1
            return
        text, edits = self._read(sent, charset, self._html_edits if is_html else self._plain_edits)
        if edits:
            made = changed(data, kind, changes_of(text, edits), self._newline)
            self.left["long-line"] += made.left
            self.links += 0 if text.whole and made.left else len(edits) - made.left
            self._pieces += (self._raw[self._at : start], made.data)
            self._at = end
        elif kind == "identity" and transfer_name(encoding.decode("latin-1")) not in IDENTITY:
            self.left["encoding"] += 1  # Who knows this encoding may see links.

    def _read(self, sent: bytes, charset: str, look: Callable[[Text], list[Edit]]) -> tuple[Text, list[Edit]]:
        """The first reading that has links, and they; a later one that has more is told of."""
        first, *others = readings(sent, charset)
        edits = look(first)
        for one in others:
            more = look(one)
            if more and not edits:
                first, edits = one, more
            elif len(more) > len(edits):
                self.left["charset"] += len(more) - len(edits)
        return first, edits

    def _html_edits(self, text: Text) -> list[Edit]:
        markup = read_markup(text.text)
        self.left["too-many"] += markup.cut
        self.left["other-kind"] += markup.others
        base = web_url(markup.base)
        edits: list[Edit] = []
        behind = 0
        for one in markup.links:
            if one.start < behind:
                continue  # It stands in one that is replaced.
            value = attribute_text(one.value)
            value = value.replace(FILLER, "") if text.by_byte else value
            target = self._target(value, base if self._may_join(base, value) else "", text.codec)
            if target and (new := self._link(target)):
                edits.append(
                    Edit(one.start, one.end, f"{one.quote}{one.before}{new}{one.quote}", one.name_at)
                )
                behind = one.end
        return edits

    def _may_join(self, base: str, value: str) -> bool:
        if base and self._joins_left <= 0 and not web_url(value):
            self.left["too-many"] += 1
        self._joins_left -= len(base) + len(value) if base else 0
        return self._joins_left > 0

    def _plain_edits(self, text: Text) -> list[Edit]:
        edits: list[Edit] = []
        for url, start, end in placed_urls(text.text):
            if len(edits) >= MAX_LINKS:
                self.left["too-many"] += 1
                break
            cut = next((at for at, char in enumerate(url) if "\udc80" <= char <= "\udcff"), len(url))
            target = web_url(url[:cut])
            if target and (new := self._link(target)):
                edits.append(Edit(start, start + cut if cut < len(url) else end, new, start))
        return edits

    def _target(self, value: str, base: str, codec: str) -> str:
        """Where a browser or a mail program would go; '' where that is no page of the web."""
        start = value.strip(_EDGE)
        target = web_url(value)
        if target:
            return _in_charset(target, codec)
        if _SCHEME.match(start):
            self.left["other-kind"] += not start.lower().startswith(_HARMLESS)
            return ""
        host = _HOST.match(start)
        if host is not None and self._exists(host["host"].lower()):
            if host.end() < len(start) or not _FILE.search(host["host"]):
                return f"http://{start}"
            self.left["relative"] += not base  # ``report.zip``: more likely a file than a site.
        try:
            return web_url(join_url(base, start)) if base else ""
        except ValueError:
            return ""


def _way(kind: str, parameters: dict[str, str], disposition: bytes) -> str:
    """How programs show such a part: as ``html``, as ``plain`` text, as a ``page`` that is opened apart, or not at all ('')."""
    is_html = kind in _HTML or (kind.startswith("text/") and "html" in kind)
    said, more = parse_parameters(disposition, [])
    # A name without a disposition hides nothing: mail programs show such a part.
    if said == "attachment" or (said != "inline" and more.get("filename")):
        return "page" if is_html or kind == _PICTURE else ""
    if is_html:
        return "html"
    if kind == "text/plain":
        return "plain"
    named = more.get("filename") or parameters.get("name")
    return (
        "page"
        if kind == _PICTURE
        else "plain"
        if kind[:5] == "text/" and kind not in _DATA and not named
        else ""
    )


def _in_charset(target: str, codec: str) -> str:
    path, mark, query = target.partition("?")
    if mark and not query.isascii() and codec not in ("utf-8", "ascii"):
        # URL standard §4.4, query state: a query is escaped in the charset of its document.
        raw = query.encode(codec, "replace" if codec.startswith("iso2022") else "surrogateescape")
        query = "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in raw)
    return path + mark + query
