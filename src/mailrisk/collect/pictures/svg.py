"""Codes drawn in SVG: rectangles and the two kinds of paths that code generators write -> grey bitmaps.

``<rect>`` and ``<use>`` at places of their own, ``<path>`` of horizontal strokes (``M4 4.5h7m2 0h1``) or of closed squares
(``M4,4h1v1h-1z``). Transforms and curves are not followed: this is no renderer, a drawing of another kind gives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from PIL import Image

from mailrisk.collect.pictures.boxes import Box
from mailrisk.collect.pictures.boxstyle import pixels, shade_of
from mailrisk.collect.pictures.raster import draw_placed

MOST_DRAWINGS: Final = 5
MOST_CHARS: Final = 1_000_000
MOST_BOXES: Final = 40_000

_SVG: Final = re.compile(r"<svg\b[^>]{0,2000}>", re.IGNORECASE)
_ELEMENT: Final = re.compile(r"<(rect|use|path)\b([^<>]{0,600000})>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""([a-z:-]{1,30})\s{0,5}=\s{0,5}["']([^"']{0,600000})["']""", re.IGNORECASE)
_FILL: Final = re.compile(r"(?:fill|stroke)\s*:\s*([^;\"']{1,60})", re.IGNORECASE)
_STEP: Final = re.compile(r"([MmHhVvZzLl])|(-?\d{0,6}\.?\d{1,6})")


def may_be_drawn(html: str) -> bool:
    """The cheap sign: an SVG element with many rectangles or a path of strokes."""
    return "<svg" in html or "<SVG" in html


def drawings(text: str) -> Iterator[Image.Image]:
    """A bitmap of each SVG picture in a text."""
    text = text[:MOST_CHARS]
    starts = [match.start() for match in _SVG.finditer(text)][: MOST_DRAWINGS + 1]
    for start, end in zip(starts[:MOST_DRAWINGS], [*starts[1:], len(text)], strict=False):
        boxes = _boxes(text[start:end])
        image = draw_placed(boxes) if len(boxes) >= 40 else None
        if image is not None:
            yield image


def _boxes(text: str) -> list[Box]:
    boxes: list[Box] = []
    for element in _ELEMENT.finditer(text):
        attributes = {name.lower(): value for name, value in _ATTRIBUTE.findall(element[2])}
        if element[1].lower() == "path":
            boxes.extend(_path(attributes))
        else:
            box = _rectangle(attributes)
            if box:
                boxes.append(box)
        if len(boxes) >= MOST_BOXES:
            break
    sized = [box.width for box in boxes if box.width]
    usual = min(sized, default=1.0)
    return [box if box.width else box._replace(width=usual, height=usual) for box in boxes]


def _shade(attributes: dict[str, str], name: str) -> int | None:
    """The brightness of a fill or stroke; black where none is stated, None for ``none``."""
    stated = attributes.get(name) or attributes.get("fill") or ""
    styled = _FILL.search(attributes.get("style", ""))
    stated = styled[1] if styled else stated
    if stated.strip().lower() == "none":
        return None
    shade = shade_of(stated)
    return 0 if shade is None else shade


def _rectangle(attributes: dict[str, str]) -> Box | None:
    shade = _shade(attributes, "fill")
    if shade is None:
        return None
    left, top = pixels(attributes.get("x", "0")), pixels(attributes.get("y", "0"))
    width, height = pixels(attributes.get("width")), pixels(attributes.get("height"))
    return Box(width, height, shade=shade, left=left or 0.0, top=top or 0.0)


def _path(attributes: dict[str, str]) -> list[Box]:
    """Horizontal strokes, each as a box one unit high; closed squares likewise."""
    has_stroke = "stroke" in attributes or "stroke:" in attributes.get("style", "")
    shade = _shade(attributes, "stroke" if has_stroke else "fill")
    if shade is None:
        return []
    high = (pixels(attributes.get("stroke-width")) or 1.0) if has_stroke else 0.0
    pen = _Pen(shade, high)
    command = ""
    for match in _STEP.finditer(attributes.get("d", "")):
        if match[1]:
            command = match[1]
            pen.numbers.clear()
        else:
            pen.numbers.append(float(match[2]))
            pen.follow(command)
        if len(pen.boxes) >= MOST_BOXES:
            break
    return [box if box.height else box._replace(height=1.0) for box in pen.boxes]


class _Pen:
    """Follows a path; with a stroke of some height every line to the right is a box, else the first of a square."""

    def __init__(self, shade: int, high: float) -> None:
        self.boxes: list[Box] = []
        self.numbers: list[float] = []
        self._shade, self._high = shade, high
        self._x = self._y = 0.0
        self._begun = False  # the upper side of a square is drawn, its height is to come

    def follow(self, command: str) -> None:
        """Does a command when its numbers are complete (SVG 2 §9.3)."""
        is_relative = command.islower()
        if command in "MmLl" and len(self.numbers) == 2:
            dx, dy = self.numbers
            self._x, self._y = (self._x + dx, self._y + dy) if is_relative else (dx, dy)
            self._begun = False
        elif command in "Hh":
            self._across(self.numbers[0] + (self._x if is_relative else 0.0))
        elif command in "Vv":
            self._down(self.numbers[0] + (self._y if is_relative else 0.0))
        elif len(self.numbers) < 2:
            return
        if command not in "MmLl" or len(self.numbers) == 2:
            self.numbers.clear()

    def _across(self, to: float) -> None:
        if to > self._x and not self._begun:
            self._begun = not self._high
            top = self._y - self._high / 2
            self.boxes.append(Box(to - self._x, self._high, shade=self._shade, left=self._x, top=top))
        self._x = to

    def _down(self, to: float) -> None:
        if self._begun and not self.boxes[-1].height and to != self._y:
            self.boxes[-1] = self.boxes[-1]._replace(height=abs(to - self._y), top=min(self._y, to))
        self._y = to
