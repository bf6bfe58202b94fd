"""Codes drawn with characters (half blocks, full blocks, ``##``, emoji squares) -> grey bitmaps.

A character cell is one wide and two high, as in a fixed font, so that a half block or two full blocks side by
side are square. East Asian wide characters and emoji take two cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from PIL import Image, ImageDraw

WIDE: Final = 4
HIGH: Final = 8
"""Pixels of a character cell."""

FEWEST_LINES: Final = 8
"""Lines of the smallest code in half blocks: a Micro QR code has eleven rows, with quiet zone fifteen."""

FEWEST_BLOCKS: Final = 60
"""Block characters, or pairs of other characters, of a drawing."""

MOST_LINES: Final = 400
MOST_COLUMNS: Final = 500
MOST_BLOCKS: Final = 6
"""Drawings of one text that are looked at."""

_BLOCK: Final = re.compile(
    "[\u2580-\u259f\u25a0\u25a1\u25fb\u25fc\u25fd\u25fe\u2b1b\u2b1c\u2800-\u28ff\U0001fb00-\U0001fb3b\U0001f7e5-\U0001f7eb]"
)
_LEADS: Final = tuple(
    {char.encode()[:2] for char in "\u2580\u25a0\u25fb\u2b1b\u2800\u2840\u2880\u28c0\U0001fb00\U0001f7e5"}
)
"""First two bytes of every block character in UTF-8: each stands for 64 characters, or 4,096 beyond U+FFFF."""

_PAIRS: Final = ("##", "@@", "XX", "11", "MM", "[]")
_ENTITIES: Final = ("&#96", "&#x25", "&blk", "&block")
_LINE: Final = re.compile(
    r"(?:^|<br ?/?>)[ \t>]{0,12}(?=\S{0,60}(?:##|@@|XX|11|MM|\[\]|&))(?:[#@XM1*\[\]0 ._]|&(?:nbsp|#\w{2,6}|blk\d\d|block|[ul]hblk);){15,800}+[ \t\r]{0,40}(?=$|<br)",
    re.MULTILINE,
)
_DRAWN: Final = re.compile(
    "[\u2580-\u259f\u25a0\u25a1\u25fb\u25fc\u25fd\u25fe\u2b1b\u2b1c\u2800-\u28ff\U0001fb00-\U0001fb3b\U0001f7e5-\U0001f7eb#@XM1*\\[\\]0 .\u00a0\u2003\u3000_]"
)
_QUOTE: Final = re.compile(r"[ \t]{0,3}(?:>[ \t]?){1,6}")

_WHOLE: Final = frozenset(
    "\u2588\u25a0\u25fc\u25fe\u2b1b#@XM1*[]\U0001f7e5\U0001f7e6\U0001f7e7\U0001f7e8\U0001f7e9\U0001f7ea\U0001f7eb"
)
_DOUBLE: Final = frozenset(
    "\u2b1b\u2b1c\u3000\u2003\U0001f7e5\U0001f7e6\U0001f7e7\U0001f7e8\U0001f7e9\U0001f7ea\U0001f7eb"
)
_SHADES: Final = {"\u2591": 0.25, "\u2592": 0.5, "\u2593": 0.8}
_QUARTERS: Final = {  # upper left, upper right, lower left, lower right (Unicode "Block Elements")
    "\u2580": "1100", "\u2584": "0011", "\u258c": "1010", "\u2590": "0101", "\u2596": "0010", "\u2597": "0001",
    "\u2598": "1000", "\u2599": "1011", "\u259a": "1001", "\u259b": "1110", "\u259c": "1101", "\u259d": "0100",
    "\u259e": "0110", "\u259f": "0111",
}  # fmt: skip
_EIGHTHS: Final = {chr(0x2580 + number): number for number in range(1, 8) if number != 4}  # lower eighths


class Glyph(NamedTuple):
    """A character with the brightness of its ink and of its ground."""

    text: str
    ink: int = 0
    ground: int = 255


GlyphLine = Sequence[Glyph]


def may_be_drawn(text: str) -> bool:
    """The cheap sign: so many block characters, or lines of nothing but characters that people draw with."""
    if (
        not text.isascii()
        and _may_hold_blocks(text)
        and sum(1 for _ in zip(range(FEWEST_BLOCKS), _BLOCK.finditer(text), strict=False)) == FEWEST_BLOCKS
    ):
        return True
    signs = (*_PAIRS, *_ENTITIES) if "&#9" in text or "&#x2" in text or "&bl" in text else _PAIRS
    # Single characters are counted five times as fast as pairs, and few texts have so many of one.
    if not any(text.count(pair[0]) >= FEWEST_BLOCKS <= text.count(pair) for pair in signs):
        return False
    return sum(1 for _ in zip(range(FEWEST_LINES), _LINE.finditer(text), strict=False)) == FEWEST_LINES


def _may_hold_blocks(text: str) -> bool:
    """Whether enough characters begin as block characters do in UTF-8; to look for them themselves takes ten times as long."""
    if len(text) - len(text.encode("ascii", "ignore")) < FEWEST_BLOCKS:
        return False
    raw = text.encode("utf-8", "replace")
    return sum(raw.count(lead) for lead in _LEADS) >= FEWEST_BLOCKS


def lines_of(text: str) -> list[GlyphLine]:
    """Plain text as lines of glyphs, without the marks of quoting."""
    return [
        [Glyph(character) for character in _QUOTE.sub("", line, count=1)[:MOST_COLUMNS]]
        for line in text.replace("\r\n", "\n").split("\n")[: 20 * MOST_LINES]
    ]


def drawings(lines: Sequence[GlyphLine]) -> Iterator[Image.Image]:
    """Bitmaps of the stretches of lines that consist of what people draw with, MOST_BLOCKS at most."""
    start, told, blank = -1, 0, 0
    for number in range(len(lines) + 1):
        drawn = number < len(lines) and _is_drawn(lines[number])
        empty = number < len(lines) and not any(
            glyph.text.strip() or glyph.ground < 255 for glyph in lines[number]
        )
        if drawn and start < 0:
            start = number
        blank = blank + 1 if empty and not drawn else 0
        if start >= 0 and not drawn and not (empty and blank <= 1):
            if number - start >= FEWEST_LINES:
                told += 1
                yield _draw(lines[start:number][:MOST_LINES])
            start = -1
            if told >= MOST_BLOCKS:
                return


def _is_drawn(line: GlyphLine) -> bool:
    """At least eleven characters, nine of ten of which people draw with, and ink in them."""
    inked = [glyph for glyph in line if glyph.text.strip() or glyph.ground < 200]
    if len(line) < 8 or not inked:
        return False
    drawn = sum(1 for glyph in line if _DRAWN.match(glyph.text) or (not glyph.text.strip()))
    return drawn >= 0.9 * len(line)


def _draw(lines: Sequence[GlyphLine]) -> Image.Image:
    widths = [sum(2 if glyph.text in _DOUBLE else 1 for glyph in line) for line in lines]
    columns = min(MOST_COLUMNS, max(widths))
    image = Image.new("L", (columns * WIDE, len(lines) * HIGH), 255)
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        left, top = 0, number * HIGH
        for glyph in line:
            width = 2 * WIDE if glyph.text in _DOUBLE else WIDE
            _paint(pen, glyph, left, top, width)
            left += width
            if left >= image.width:
                break
    small = min(image.size) < 300
    return image.resize((2 * image.width, 2 * image.height), Image.Resampling.NEAREST) if small else image


def _paint(pen: ImageDraw.ImageDraw, glyph: Glyph, left: int, top: int, width: int) -> None:
    right, bottom = left + width - 1, top + HIGH - 1
    pen.rectangle((left, top, right, bottom), fill=glyph.ground)
    text = glyph.text
    middle_x, middle_y = left + width // 2, top + HIGH // 2
    if text in _WHOLE:
        pen.rectangle((left, top, right, bottom), fill=glyph.ink)
    elif text in _SHADES:
        share = _SHADES[text]
        pen.rectangle(
            (left, top, right, bottom), fill=round(glyph.ground + share * (glyph.ink - glyph.ground))
        )
    elif text in _QUARTERS:
        corners = ((left, top), (middle_x, top), (left, middle_y), (middle_x, middle_y))
        for wanted, (x, y) in zip(_QUARTERS[text], corners, strict=True):
            if wanted == "1":
                pen.rectangle((x, y, x + width // 2 - 1, y + HIGH // 2 - 1), fill=glyph.ink)
    elif text in _EIGHTHS:
        pen.rectangle((left, bottom + 1 - _EIGHTHS[text] * HIGH // 8, right, bottom), fill=glyph.ink)
    elif "\u2800" <= text <= "\u28ff":
        _braille(pen, ord(text) - 0x2800, left, top, glyph.ink)


def _braille(pen: ImageDraw.ImageDraw, dots: int, left: int, top: int, ink: int) -> None:
    """Two by four dots (Unicode "Braille Patterns": bits 0-2 and 6 left, 3-5 and 7 right), each as a square."""
    for bit, (column, row) in enumerate(((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))):
        if dots >> bit & 1:
            x, y = left + column * WIDE // 2, top + row * HIGH // 4
            pen.rectangle((x, y, x + WIDE // 2 - 1, y + HIGH // 4 - 1), fill=ink)
