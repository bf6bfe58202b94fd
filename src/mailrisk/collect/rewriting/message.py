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
from mailrisk.collect.rewriting.encoded import changed, decoded, kind_of
from mailrisk.collect.rewriting.markup import MAX_LINKS, attribute_text, read_markup
from mailrisk.collect.rewriting.texts import Edit, Text, changes_of, read_text

MAX_TEXT: Final = 4 * 1024 * 1024
"""Bytes of all texts of one message; those beyond it are left (``left`` says ``too-large``)."""

_SIGNED: Final = ("multipart/signed",)
_ENCRYPTED: Final = (
    "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted",
)  # fmt: skip
_HTML: Final = ("text/html", "application/xhtml+xml")
_PGP: Final = re.compile(rb"^-----BEGIN PGP (?:SIGNED )?MESSAGE-----[ \t]*+\r?$", re.MULTILINE)

MAX_JOINED: Final = 16 * 1024 * 1024
"""Characters of relative links with what they are relative to: a long ``<base>`` costs its length with each of them."""


Link = Callable[[str], str]
"""An absolute URL -> the link that takes its place; '' leaves it as it is."""


class Rewritten(msgspec.Struct, frozen=True, kw_only=True):
    """``raw`` from ``body_at`` on is the body; the headers before it are as they were. ``left``: why -> how many."""

    raw: bytes
    body_at: int
    links: int
    left: dict[str, int]


def rewrite(raw: bytes, link: Link, *, plain: bool = True, body_at: int = 0) -> Rewritten:
    """The message with ``link`` applied to its links; ``plain``: also to those in plain text. Never raises.

    ``body_at``: where the body begins, if the mail server has said so (0: at the first empty line); a header that we cannot read
    does not end the others then.
    """
    work = _Work(raw, link, plain=plain)
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

    def __init__(self, raw: bytes, link: Link, *, plain: bool) -> None:
        self._raw, self._link, self._plain = raw, link, plain
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
            fields.setdefault(name.lower(), value)
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
        elif kind == "message/rfc822":
            self.left["attached-message"] += 1
        elif kind in _HTML or kind == "text/plain":
            disposition, more = parse_parameters(fields.get("content-disposition", b""), [])
            # A name without a disposition hides nothing: mail programs show such a part.
            if disposition == "attachment" or (disposition != "inline" and more.get("filename")):
                self.left["attached-page"] += kind in _HTML
            elif kind in _HTML or self._plain:
                encoding = fields.get("content-transfer-encoding", b"")
                self._leaf(kind in _HTML, parameters.get("charset", ""), encoding, start, end)

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
        kind, data = kind_of(encoding), self._raw[start:end]
        if not kind or len(data) > self._text_left:
            self.left["encoding" if not kind else "too-large"] += 1
            return
        self._text_left -= len(data)
        sent = decoded(data, kind)
        if not is_html and _PGP.search(sent):  # In HTML it would sign what is shown, which stays.
            self.left["signed"] += 1
            return
        text = read_text(sent, charset)
        if text is None or (text.whole and kind == "quoted-printable"):
            self.left["charset"] += 1
            return
        edits = self._html_edits(text) if is_html else self._plain_edits(text)
        if edits:
            made = changed(data, kind, changes_of(text, edits, len(sent)), self._newline)
            self.left["long-line"] += made.left
            self.links += len(edits) - made.left
            self._pieces += (self._raw[self._at : start], made.data)
            self._at = end

    def _html_edits(self, text: Text) -> list[Edit]:
        markup = read_markup(text.text)
        self.left["too-many"] += markup.cut
        base = web_url(markup.base)
        edits: list[Edit] = []
        for one in markup.links:
            value = attribute_text(one.value)
            target = _target(value, base if self._may_join(base, value) else "", text.codec)
            if target and (new := self._link(target)):
                edits.append(Edit(one.start, one.end, f'"{new}"', one.name_at))
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


def _target(value: str, base: str, codec: str) -> str:
    """Where a browser would go; '' where that is no page of the web."""
    if base:
        start = value.strip("".join(map(chr, range(33))))
        if not web_url(start) and not _has_scheme(start):
            try:
                return web_url(join_url(base, start))
            except ValueError:
                return ""
    target = web_url(value)
    path, mark, query = target.partition("?")
    if mark and not query.isascii() and codec not in ("utf-8", "ascii"):
        # URL standard §4.4, query state: a query is escaped in the charset of its document.
        raw = query.encode(codec, "surrogateescape")
        query = "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in raw)
    return path + mark + query


def _has_scheme(value: str) -> bool:
    name, colon, _ = value.partition(":")
    return (
        bool(colon)
        and name.replace("+", "").replace("-", "").replace(".", "").isalnum()
        and name[0].isalpha()
    )
