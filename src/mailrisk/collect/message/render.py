"""HTML -> the text a person sees, the text only a filter sees, and the links, in document order.

The tree comes from selectolax (Lexbor, the WHATWG parser that browsers agree with). ``nesting.py`` keeps
pathological nesting away from it. The walk is a loop with its own stack, so that depth costs no recursion.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mailrisk.collect.message.crude import read_crudely
from mailrisk.collect.message.hrefs import MOST_LINKS, Hrefs, css_urls, refresh_target
from mailrisk.collect.message.look import Look, look_of
from mailrisk.collect.message.nesting import too_costly
from mailrisk.collect.message.styles import rules_of_all

_UNSEEN = frozenset(
    {"script", "style", "head", "title", "template", "noframes", "datalist", "object", "iframe", "svg"}
)
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt",
    "fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li",
    "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul",
    "option", "legend", "summary",
})  # fmt: skip
_EMPTY_LINES = re.compile(r"\n{3,}")
_ANCHOR_PIECES = 500
_ANCHOR_CHARS = 2_000  # looked at for the 300 that are kept
_CELLS = frozenset({"td", "th"})
_SOURCES = {
    "img": "img", "input": "img", "iframe": "frame", "frame": "frame", "embed": "frame", "video": "frame",
    "audio": "frame", "source": "frame", "v:fill": "img", "v:imagedata": "img", "image": "img",
}  # fmt: skip


class RawLink(NamedTuple):
    """A link as the HTML has it: ``how`` as in ``Link``, visible anchor text."""

    url: str
    how: str
    text: str = ""


class Rendered(NamedTuple):
    """What the HTML shows and hides; ``problem`` names what had to be read without structure.

    ``bare`` is the shown text outside of clickable links, where mail programs make links of URLs. ``left_out``
    counts the different links beyond the limit.
    """

    text: str
    hidden: str
    links: list[RawLink]
    bare: str
    problem: str = ""
    left_out: int = 0


def render(html: str, most_links: int = MOST_LINKS) -> Rendered:
    """Reads one HTML body. Never raises; time and memory are linear in the input's length."""
    hrefs = Hrefs(most_links)
    if too_costly(html):
        text, found = read_crudely(html, hrefs)
        links = [RawLink(url, how) for url, how in found]
        shown = tidy(text)
        problem = "HTML too deeply nested: read without its structure"
        return Rendered(shown, "", links, shown, problem, hrefs.left_out)
    walk = _Walk(LexborHTMLParser(html), hrefs)
    walk.run()
    seen, unseen = tidy("".join(walk.seen)), tidy("".join(walk.unseen))
    return Rendered(seen, unseen, walk.links, walk.bare(), left_out=hrefs.left_out)


def tidy(text: str) -> str:
    """White space collapsed as a renderer does: single spaces, no empty line twice."""
    lines = "\n".join([" ".join(line.split()) for line in text.split("\n")])
    return _EMPTY_LINES.sub("\n\n", lines).strip()


class _Walk:
    """One pass over the tree."""

    def __init__(self, tree: LexborHTMLParser, hrefs: Hrefs) -> None:
        self._root = tree.root
        self._hrefs = hrefs
        self._rules = rules_of_all(node.text(deep=True) for node in tree.css("style")[:50])
        self.seen: list[str] = []
        self.unseen: list[str] = []
        self.links: list[RawLink] = []
        self._anchors: list[tuple[int, int]] = []  # index into links, index into seen
        self._inside: list[tuple[int, int]] = []  # stretches of seen that are the text of links

    def bare(self) -> str:
        """What was seen outside of links."""
        pieces: list[str] = []
        at = 0
        for start, end in sorted(self._inside):
            pieces += self.seen[at:start]
            pieces.append(" ")
            at = max(at, end)
        return "".join(pieces + self.seen[at:])

    def run(self) -> None:
        """Depth-first with an explicit stack. Every question to a node makes an object: each is asked once."""
        node = self._root
        if node is None:
            return
        look = Look()
        opened: list[tuple[LexborNode, str, Look]] = []  # the open elements, and the looks around them
        while True:
            tag = node.tag or ""
            if tag == "-text":
                (self.unseen if look.hides else self.seen).append(node.text_content or "")
            else:
                below, go_down = self._enter(node, tag, look)
                child = node.child if go_down else None
                if child is not None:
                    opened.append((node, tag, look))
                    node, look = child, below
                    continue
                self._leave(node, tag)
            following = node.next
            while following is None:
                if not opened:
                    return
                node, tag, look = opened.pop()
                self._leave(node, tag)
                following = node.next
            if not opened:
                return
            node = following

    def _enter(self, node: LexborNode, tag: str, look: Look) -> tuple[Look, bool]:
        """Takes in one element; the look of its children, and whether to look at them."""
        if not tag or tag[0] in "-!":
            return look, False
        attributes = node.attributes
        if attributes or tag in self._rules:
            look = look_of(tag, attributes, self._rules, look)
            self._collect(tag, attributes, look)
        if tag in _BLOCKS:
            (self.unseen if look.hides else self.seen).append("\n")
        elif tag in _CELLS:
            self.seen.append(" ")
        if tag == "head":
            self._head(node)
        return look, tag not in _UNSEEN

    def _leave(self, node: LexborNode, tag: str) -> None:
        """Closes one element: ends its line, gives an anchor the text that was seen inside it."""
        if tag in _BLOCKS:
            self.seen.append("\n")
            if self.unseen and self.unseen[-1] != "\n":
                self.unseen.append("\n")
        elif tag in ("a", "area") and self._anchors and "href" in node.attributes:
            index, start = self._anchors.pop()
            self._inside.append((start, len(self.seen)))
            if index >= 0:
                self.links[index] = self.links[index]._replace(text=self._anchor_text(start))

    def _anchor_text(self, start: int) -> str:
        """What a link shows. Anchors that lie in one another share their text: of a long one little is read."""
        pieces: list[str] = []
        left = _ANCHOR_CHARS
        for piece in self.seen[start : start + _ANCHOR_PIECES]:
            pieces.append(piece[:left])
            left -= len(pieces[-1])
            if left <= 0:
                break
        return " ".join("".join(pieces).split())[:300]

    def _head(self, node: LexborNode) -> None:
        """<base> and <meta refresh> work from inside the head, whose text nobody sees."""
        for child in node.css("base[href], meta[http-equiv], link[href]")[:100]:
            self._collect(child.tag or "", child.attributes, Look())

    def _collect(self, tag: str, attributes: dict[str, str | None], look: Look) -> None:
        """The links of one element."""
        if tag in ("a", "area"):
            if "href" in attributes:
                added = self._add(attributes["href"], tag)
                self._anchors.append((len(self.links) - 1 if added else -1, len(self.seen)))
        elif tag == "form":
            self._add(attributes.get("action"), "form")
        elif tag in ("button", "input") and "formaction" in attributes:
            self._add(attributes.get("formaction"), "form")
        elif tag in _SOURCES:
            source = attributes.get("src") or attributes.get("xlink:href")
            self._add(source, _SOURCES[tag])
            alt = attributes.get("alt")
            if (
                alt
                and tag == "img"
                and not (source or "").lower().startswith(("cid:", "data:"))
                and not look.hides
            ):
                self.seen.append(f" {alt} ")  # remote pictures are blocked by default: the reader sees this
        elif tag == "object":
            self._add(attributes.get("data"), "frame")
        elif tag == "meta" and (attributes.get("http-equiv") or "").lower() == "refresh":
            self._add(refresh_target(attributes.get("content") or ""), "meta")
        elif tag == "base":
            if self._add(attributes.get("href"), "base"):
                self._hrefs.start_from(self.links[-1].url)
        elif tag == "link":
            self._add(attributes.get("href"), "css")
        if "srcset" in attributes:
            for candidate in (attributes["srcset"] or "")[:20_000].split(","):
                self._add(candidate.strip().split(" ")[0], "img")
        if "background" in attributes:
            self._add(attributes["background"], "img")
        if "style" in attributes and "url(" in (attributes["style"] or "").lower():
            for url in css_urls(attributes["style"] or ""):
                self._add(url, "css")

    def _add(self, value: str | None, how: str) -> bool:
        """Notes a link if it leads to the web; relative ones only where a base says to what."""
        url = self._hrefs.url(value or "")
        if url:
            self.links.append(RawLink(url, how))
        return bool(url)
