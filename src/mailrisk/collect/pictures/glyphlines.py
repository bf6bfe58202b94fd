"""HTML -> lines of glyphs with the colours of their letters and grounds: what ``glyphs.py`` draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mailrisk.collect.pictures.boxstyle import Declarations, rules_of, shade_of, style_of
from mailrisk.collect.pictures.glyphs import MOST_COLUMNS, Glyph, GlyphLine

MOST_NODES: Final = 60_000
MOST_GLYPHS: Final = 200_000

_BLOCKS: Final = frozenset("div p table tr pre center section li h1 h2 h3 h4 blockquote code samp tt".split())
_INLINE: Final = frozenset({"code", "samp", "tt"})
_SKIPPED: Final = frozenset({"head", "script", "style", "title", "template", "svg", "object", "select"})


class _Look(NamedTuple):
    ink: int = 0
    ground: int = 255
    pre: bool = False


def glyph_lines(html: str) -> list[GlyphLine]:
    """The text of one body line by line, at most MOST_GLYPHS characters. The body is shallow (``nesting.too_costly``)."""
    tree = LexborHTMLParser(html)
    walk = _Walk(rules_of(node.text(deep=True) for node in tree.css("style")[:50]))
    walk.run(tree.body)
    return [line for line in walk.lines if len(line) <= MOST_COLUMNS]


class _Walk:
    def __init__(self, rules: Mapping[str, Declarations]) -> None:
        self._rules = rules
        self._left = MOST_GLYPHS
        self.lines: list[list[Glyph]] = [[]]

    def run(self, root: LexborNode | None) -> None:
        """Depth-first with an explicit stack."""
        looks: list[_Look] = [_Look()]
        node, nodes = root, 0
        while node is not None and nodes < MOST_NODES and self._left > 0:
            nodes += 1
            tag = node.tag or ""
            if tag == "-text":
                self._text(node.text_content or "", looks[-1])
            elif tag == "br":
                self.lines.append([])
            elif tag and tag[0] not in "-!" and tag not in _SKIPPED:
                self._break(tag)
                if node.child is not None:
                    looks.append(self._look(tag, node.attributes, looks[-1]))
                    node = node.child
                    continue
            while node.next is None:
                if node.parent is None or len(looks) == 1:
                    return
                node = node.parent
                looks.pop()
                self._break(node.tag or "")
            node = node.next

    def _look(self, tag: str, attributes: Mapping[str, str | None], look: _Look) -> _Look:
        style = style_of(tag, attributes, self._rules) if attributes or tag in self._rules else {}
        ink = shade_of(style.get("color") or attributes.get("color") or "")
        ground = shade_of(
            style.get("background-color") or style.get("background") or attributes.get("bgcolor") or ""
        )
        pre = look.pre or tag == "pre" or style.get("white-space", "").startswith(("pre", "break-spaces"))
        return _Look(look.ink if ink is None else ink, look.ground if ground is None else ground, pre)

    def _break(self, tag: str) -> None:
        """A block begins and ends a line; no empty ones between blocks."""
        if tag in _BLOCKS and tag not in _INLINE and self.lines[-1]:
            self.lines.append([])

    def _text(self, text: str, look: _Look) -> None:
        """Characters with their colours; white space as the renderer shows it."""
        if not look.pre:
            text = _collapsed(text)
        for number, piece in enumerate(text[: self._left].replace("\r\n", "\n").split("\n")):
            if number:
                self.lines.append([])
            self.lines[-1].extend(Glyph(character, look.ink, look.ground) for character in piece)
        self._left -= len(text)


def _collapsed(text: str) -> str:
    """ASCII white space as one space, none where there is nothing else; no-break spaces stay."""
    words = [
        word for word in text.replace("\n", " ").replace("\t", " ").replace("\r", " ").split(" ") if word
    ]
    return " ".join(words)
