"""What the leaves of a message say to its reader: text, hidden text, links with their places."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailrisk.collect.message.charset import decode
from mailrisk.collect.message.limits import Budget
from mailrisk.collect.message.passages import LONGEST_TAG, passages
from mailrisk.collect.message.render import RawLink, render, tidy
from mailrisk.collect.message.textlinks import find_urls
from mailrisk.collect.message.tree import ATTACHMENT, BODY, Leaf
from mailrisk.model.message import Link

_LIST_HEADERS = ("list-unsubscribe", "list-help", "list-subscribe", "list-archive", "list-post", "list-owner")
_HTML_NAMES = (".htm", ".html", ".shtml", ".xhtml", ".xht")
_TEXT_NAMES = (".txt", ".ics", ".vcf", ".url", ".webloc")
_FOLD = re.compile(r"\r?\n[ \t]")
_CALENDAR_TEXT = re.compile(
    r"^(?:SUMMARY|DESCRIPTION|LOCATION|FN|NOTE)[^:\n]{0,200}:(.{1,20000})$", re.MULTILINE
)
_ESCAPED = re.compile(r"\\([nN,;\\])")
_BREAK = re.compile(rb"[<\s]")


class Body:
    """Gathers from the leaves in document order."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._shown: list[str] = []
        self._unseen: list[str] = []
        self._hidden: list[str] = []
        self._html: list[str] = []
        self._pictures = False
        self.unread = 0  # bytes of what a reader sees that only links were looked for in
        self.links: list[Link] = []
        self._known: set[tuple[str, str, str]] = set()

    @property
    def text(self) -> str:
        """What the reader sees; where the shown alternative is blank, the other one."""
        shown = "\n".join(filter(None, self._shown))
        if shown or self._pictures or any(self._hidden):
            return shown
        return "\n".join(filter(None, self._unseen))

    @property
    def html(self) -> str:
        """The source of all HTML bodies."""
        return "\n".join(self._html)

    @property
    def hidden(self) -> str:
        """What only a filter sees."""
        return "\n".join(filter(None, self._hidden))

    def add_headers(self, headers: tuple[tuple[str, str], ...], subject: str) -> None:
        """Links in list headers (RFC 2369) and in the subject."""
        for name, value in headers:
            if name.lower() in _LIST_HEADERS:
                self._links(
                    [RawLink(url, "header") for url in find_urls(value)], f"header {name}", numbered=False
                )
        self._links([RawLink(url, "text") for url in find_urls(subject)], "header Subject", numbered=False)

    def add_leaves(self, leaves: Iterable[Leaf]) -> None:
        """Takes in all leaves, in their order."""
        for leaf in leaves:
            self.add(leaf)

    def add(self, leaf: Leaf) -> None:
        """Takes in one leaf; what is neither text nor named like it is left to the attachment analysers."""
        kind, name = leaf.part.content_type, leaf.part.filename.lower()
        where = f"part {leaf.part.path}"
        if leaf.is_message or not leaf.data:
            return
        if kind in ("text/html", "text/x-amp-html", "application/xhtml+xml") or name.endswith(_HTML_NAMES):
            self._add_html(leaf, where)
        elif kind.startswith("text/") or name.endswith(_TEXT_NAMES):
            self._add_plain(leaf, where)

    def _decoded(self, leaf: Leaf, where: str) -> str:
        """The text of a leaf as far as the budget goes.

        Of what is too long: the beginning, the end, and what stands around links between.
        """
        taken = self._budget.take_text(len(leaf.data), where)
        head, tail, middle = _ends(leaf.data, taken)
        text, _, problem = decode(head + tail, leaf.part.charset)
        if middle:
            text += self._around_links(middle, leaf, where)
        if problem:
            self._budget.defect(f"{where}: {problem}")
        return text

    def _around_links(self, middle: bytes, leaf: Leaf, where: str) -> str:
        """The text around links of what is not read, behind all that is."""
        if leaf.role != ATTACHMENT:
            self.unread += len(middle)
        found = passages(middle)
        self._budget.skip_links(found.left_out)
        if found.unsearched:
            self._budget.cut(f"{where}: {found.unsearched} bytes were not searched for links")
        charset = leaf.part.charset
        around, _, _ = decode(found.data, "" if charset.startswith(("utf-16", "utf-32")) else charset)
        return f"\n{around}\n" if around else ""

    def _add_html(self, leaf: Leaf, where: str) -> None:
        """HTML: rendered; of attachments only the links count here."""
        source = self._decoded(leaf, where)
        rendered = render(source, self._budget.limits.links)
        if rendered.problem:
            self._budget.cut(f"{where}: {rendered.problem}")
        self._budget.skip_links(rendered.left_out)
        links = [*rendered.links, *(RawLink(url, "text") for url in find_urls(rendered.bare))]
        if leaf.role == BODY:
            self._shown.append(rendered.text)
            self._html.append(source)
            self._hidden.append(rendered.hidden)
            self._pictures = self._pictures or "<img" in source.lower()
        elif leaf.role == ATTACHMENT:
            links = [link._replace(how="attachment") for link in links]
        self._links(links, where)

    def _add_plain(self, leaf: Leaf, where: str) -> None:
        """Plain text, and calendar and contact files as the text they are (RFC 5545, RFC 6350)."""
        source = self._decoded(leaf, where)
        if leaf.part.content_type in (
            "text/calendar",
            "text/vcard",
            "text/x-vcard",
        ) or leaf.part.filename.lower().endswith((".ics", ".vcf")):
            unfolded = _FOLD.sub("", source)  # RFC 5545 §3.1
            source = _unescape(unfolded)
            text = "\n".join(map(_unescape, _CALENDAR_TEXT.findall(unfolded)))
        else:
            text = tidy(source)
        how = "attachment" if leaf.role == ATTACHMENT else "text"
        self._links([RawLink(url, how) for url in find_urls(source)], where)
        if leaf.role == BODY:
            self._shown.append(text)
        elif leaf.role != ATTACHMENT:
            self._unseen.append(text)

    def _links(self, found: list[RawLink], where: str, *, numbered: bool = True) -> None:
        """Notes links that are new in (URL, place kind, text), with a pointer for people."""
        urls = {link.url for link in found if link.how != "text"}
        for number, link in enumerate(found, 1):
            if link.how == "text" and link.url in urls:
                continue  # the clickable link already says it
            key = (link.url, link.how, link.text)
            if key in self._known:
                continue
            if len(link.url) > self._budget.limits.link_chars:
                self._budget.cut(f"{where}: link of {len(link.url)} characters left out")
                continue
            if not self._budget.take_link():
                continue
            self._known.add(key)
            artefact = f"{where}, link {number}" if numbered else where
            self.links.append(Link(url=link.url, how=link.how, artefact=artefact, text=link.text))


def _ends(data: bytes, taken: int) -> tuple[bytes, bytes, bytes]:
    """(first three quarters, last quarter of what may be taken, what lies between), cut where no tag or character is torn."""
    if taken >= len(data):
        return data, b"", b""
    size, rest = taken - taken // 4, len(data) - taken // 4
    least = max(0, size - LONGEST_TAG)
    opens = data.rfind(b"<", least, size)
    if opens > data.rfind(b">", least, size):
        before = opens
    else:
        marks = (b">", b" ", b"\n")
        before = max(data.rfind(mark, max(0, size - 1_000), size) for mark in marks) + 1 or size
    closes, opens = (data.find(mark, rest, rest + LONGEST_TAG) for mark in (b">", b"<"))
    if closes >= 0 and (opens < 0 or closes < opens):
        behind = closes + 1
    else:
        after = _BREAK.search(data[rest : rest + 1_000])
        behind = rest + (after.start() if after else 0)
    return data[:before], data[behind:], data[before:behind]


def _unescape(text: str) -> str:
    """RFC 5545 §3.3.11: ``\\n``, ``\\,``, ``\\;`` and ``\\\\``."""
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], text)
