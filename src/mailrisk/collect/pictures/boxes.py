"""HTML that draws with coloured boxes or with pictures side by side -> lines of boxes.

No layout engine: a table row is a line, and so are the boxes that follow one another inside an element until a
line break, a closed width or a square number ends them. Consecutive lines of one width make a grid. That is how
generators draw codes; a page that is laid out in another way simply gives no grid.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mailrisk.collect.pictures.boxstyle import Declarations, pixels, rules_of, shade_of, style_of

MOST_ELEMENTS: Final = 60_000
"""Elements of one body that are looked at: the largest QR code has 177 x 177 modules."""

SMALLEST_SQUARE: Final = 15
"""Boxes of a line that is a square in truth: 15 x 15 are more than the 185 of the widest code's one line."""

_BLOCKS: Final = frozenset(
    "div p table tr tbody thead tfoot center section article ul ol li dl dd dt h1 h2 h3 h4 pre form blockquote".split()
)
_CELLS: Final = frozenset({"td", "th"})
_SKIPPED: Final = frozenset({"head", "script", "style", "title", "template", "svg", "object", "select"})
_EMPTY: Final = frozenset({"br", "hr"})
_URL: Final = re.compile(r"""url\(\s*["']?(data:[^"')]{1,8000000}|[^"')\s]{1,4096})""")


class Box(NamedTuple):
    """One box: its width and height in pixels where stated, columns and rows spanned, brightness, picture's address."""

    width: float | None
    height: float | None
    span: int = 1
    rows: int = 1
    shade: int | None = None
    picture: str = ""
    left: float | None = None
    top: float | None = None


class Line(NamedTuple):
    """Boxes side by side."""

    boxes: tuple[Box, ...]


class Boxes(NamedTuple):
    """Everything that one body draws: lines in document order, boxes at places of their own, shadows."""

    lines: list[Line]
    placed: list[Box]
    shadows: list[tuple[Declarations, Mapping[str, str | None]]]
    complete: bool


class _Open:
    """An element whose end has not come: what stands in it so far; None breaks the line."""

    def __init__(
        self, tag: str, style: Declarations, attributes: Mapping[str, str | None], shade: int | None
    ) -> None:
        self.tag, self.style, self.attributes, self.shade = tag, style, attributes, shade
        self.flow: list[Box | None] = []
        self.cells: list[Box] = []
        self.down: dict[int, tuple[int, Box]] = {}  # columns that a cell of a row above reaches into


def boxes_of(html: str) -> Boxes:
    """Reads one body that was found to be shallow enough for a tree (``nesting.too_costly``)."""
    tree = LexborHTMLParser(html)
    walk = _Walk(rules_of(node.text(deep=True) for node in tree.css("style")[:50]))
    walk.run(tree.body)
    return Boxes(walk.lines, walk.placed, walk.shadows, walk.left > 0)


class _Walk:
    def __init__(self, rules: Mapping[str, Declarations]) -> None:
        self._rules = rules
        self.left = MOST_ELEMENTS
        self.lines: list[Line] = []
        self.placed: list[Box] = []
        self.shadows: list[tuple[Declarations, Mapping[str, str | None]]] = []
        self._open: list[_Open] = []

    def run(self, root: LexborNode | None) -> None:
        """Depth-first with an explicit stack."""
        node = root
        while node is not None and self.left > 0:
            tag = node.tag or ""
            if tag and tag[0] not in "-!" and tag not in _SKIPPED:
                self.left -= 1
                self._enter(tag, node.attributes)
                if tag not in _EMPTY and node.child is not None:
                    node = node.child
                    continue
                self._leave()
            while node.next is None:
                if node.parent is None or len(self._open) <= 0:
                    return
                node = node.parent
                self._leave()
                if not self._open:
                    return
            node = node.next

    def _enter(self, tag: str, attributes: Mapping[str, str | None]) -> None:
        style = style_of(tag, attributes, self._rules) if attributes or tag in self._rules else {}
        shade = shade_of(
            style.get("background-color") or style.get("background") or attributes.get("bgcolor") or ""
        )
        if shade is None and self._open and (tag in _CELLS or tag in ("tr", "tbody")):
            shade = self._open[-1].shade  # cells show their row's ground
        self._open.append(_Open(tag, style, attributes, shade))
        if "box-shadow" in style and style["box-shadow"].count(",") >= 60:
            self.shadows.append((style, attributes))

    def _leave(self) -> None:
        element = self._open.pop()
        parent = self._open[-1] if self._open else None
        if element.tag in _EMPTY:
            if parent:
                parent.flow.append(None)
            return
        box = _box(element)
        if element.style.get("position", "") == "absolute" and box.left is not None and box.top is not None:
            if box.shade is not None:
                self.placed.append(box)
        elif element.tag in _CELLS:
            self._cell(element, box)
        elif element.tag == "tr":
            self._row(element)
        elif parent:
            self._flow(element, box, parent)
        else:
            self._emit(element)

    def _cell(self, element: _Open, box: Box) -> None:
        """A cell shows what alone stands in it; more than that is a drawing of its own."""
        inside = [item for item in element.flow if item is not None]
        if len(inside) == 1:
            only = inside[0]
            box = box._replace(
                picture=only.picture or box.picture,
                shade=only.shade if only.shade is not None else box.shade,
                width=box.width or only.width,
                height=box.height or only.height,
            )
        else:
            self._emit(element)
        row = next((item for item in reversed(self._open) if item.tag == "tr"), None)
        if row:
            row.cells.append(box)

    def _row(self, row: _Open) -> None:
        """A table row, with the cells that reach into it from above (HTML §4.9.12)."""
        table = next((item for item in reversed(self._open) if item.tag == "table"), None)
        height = pixels(row.style.get("height") or row.attributes.get("height"))
        cells = [box._replace(height=box.height or height) for box in row.cells]
        if table is None or not (table.down or any(box.rows > 1 for box in cells)):
            self._line(cells)
            return
        placed: list[Box] = []
        column, waiting, down = 0, cells[::-1], dict[int, tuple[int, Box]]()
        while waiting or column in table.down:
            if column in table.down:
                rows, box = table.down[column]
            else:
                box = waiting.pop()
                rows = box.rows
            if rows > 1:
                down[column] = (rows - 1, box)
            placed.append(box)
            column += max(1, box.span)
        table.down = down
        self._line(placed)

    def _flow(self, element: _Open, box: Box, parent: _Open) -> None:
        """Hands a box to what it stands in; an element with several boxes is a drawing of its own."""
        is_block = element.tag in _BLOCKS and not _is_beside(element.style)
        inside = [item for item in element.flow if item is not None]
        if len(inside) > 1 and (is_block or box.width is not None):
            self._emit(element)
            inside = []
        if len(inside) > 1:
            parent.flow.extend(element.flow)
        elif inside:
            parent.flow.append(inside[0])
        elif (
            element.tag == "img"
            or box.shade is not None
            or box.picture
            or (box.width and _is_beside(element.style))
        ):
            parent.flow.append(box)
        if is_block and parent.flow and parent.flow[-1] is not None:
            parent.flow.append(None)

    def _emit(self, element: _Open) -> None:
        """The boxes of one element as lines: ended by breaks, by its width, or as a square."""
        lines = _split(element.flow)
        if len(lines) == 1 and len(lines[0]) > 20:
            lines = _wrapped(lines[0], pixels(element.style.get("width") or element.attributes.get("width")))
        for line in lines:
            self._line(line)
        element.flow = []

    def _line(self, boxes: list[Box]) -> None:
        if boxes:
            self.lines.append(Line(tuple(boxes)))


def _box(element: _Open) -> Box:
    """The element as a box."""
    style, attributes = element.style, element.attributes
    picture = (attributes.get("src") or "") if element.tag == "img" else (attributes.get("background") or "")
    painted = style.get("background-image") or style.get("background") or ""
    if not picture and "url(" in painted:
        # Style values are lower case here; addresses of pictures are not.
        found = _URL.search(attributes.get("style") or "")
        picture = found[1] if found else ""
    side = pixels(style.get("padding")) if style.get("padding") else None
    width = pixels(style.get("width") or style.get("min-width") or attributes.get("width"))
    height = pixels(style.get("height") or style.get("min-height") or attributes.get("height"))
    return Box(
        width=width if width or not side else 2 * side,
        height=height if height or not side else 2 * side,
        span=_count(attributes.get("colspan")),
        rows=_count(attributes.get("rowspan")),
        shade=element.shade,
        picture=picture,
        left=pixels(style.get("left")),
        top=pixels(style.get("top")),
    )


def _count(value: str | None) -> int:
    """A span between 1 and 200."""
    text = (value or "").strip()[:3]
    return min(200, max(1, int(text))) if text.isascii() and text.isdigit() else 1


def _is_beside(style: Declarations) -> bool:
    """Whether a block stands beside its neighbours."""
    return "left" in style.get("float", "") or style.get("display", "").startswith(("inline", "table-cell"))


def _split(flow: list[Box | None]) -> list[list[Box]]:
    lines: list[list[Box]] = [[]]
    for box in flow:
        if box is None:
            if lines[-1]:
                lines.append([])
        else:
            lines[-1].append(box)
    return lines if lines[-1] else lines[:-1]


def _wrapped(boxes: list[Box], width: float | None) -> list[list[Box]]:
    """One long line cut where the element's width is full; without a width as a square."""
    if width and all(box.width for box in boxes):
        lines: list[list[Box]] = [[]]
        used = 0.0
        for box in boxes:
            assert box.width is not None
            if used + box.width > width + 0.5:
                lines.append([])
                used = 0.0
            lines[-1].append(box)
            used += box.width
        return lines
    side = math.isqrt(len(boxes))
    if side >= SMALLEST_SQUARE and side * side == len(boxes):
        return [boxes[start : start + side] for start in range(0, len(boxes), side)]
    return [boxes]
