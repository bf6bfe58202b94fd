"""Codes that a mail body draws when it is shown, without a picture that a filter could read.

Ways that are known: a table or boxes with coloured cells, boxes with places or shadows of their own, characters (half
blocks, ``##``), one code cut into several pictures side by side, pictures inside of ``data:`` addresses, SVG. First
come signs that cost next to nothing (``may_draw``); only where they are seen is the body rasterised, within fixed
bounds. That, and every picture, is for a process of its own: ``body_of`` is what it needs to know of a message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec
from PIL import Image, ImageOps

from mailrisk.collect.message.charset import decode
from mailrisk.collect.message.nesting import too_costly
from mailrisk.collect.pictures import svg
from mailrisk.collect.pictures.boxes import Boxes, boxes_of
from mailrisk.collect.pictures.codes import Found, Read, codes_in, read_bitmap, told
from mailrisk.collect.pictures.data_urls import DATA, data_bytes
from mailrisk.collect.pictures.decode import Bitmap, decode_picture, is_picture
from mailrisk.collect.pictures.glyphlines import glyph_lines
from mailrisk.collect.pictures.glyphs import drawings, lines_of, may_be_drawn
from mailrisk.collect.pictures.raster import MOST_TILES, draw_grid, draw_placed, grids, stitch
from mailrisk.collect.pictures.shadows import draw_shadows
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Code
from mailrisk.model.message import Message, Part

READ_CHARS: Final = 1_000_000
"""Characters of a body that are looked at."""

FEWEST_CELLS: Final = 110
"""Elements without text that a drawn code has at least (a Micro QR code, runs of equal cells as one)."""

NEAR: Final = 60
"""Characters between two cells of a drawing: closing tags and a line's end."""

MOST_DATA_PICTURES: Final = 20
"""``data:`` pictures of one body that are read one by one; the first pictures of a body matter."""

FEWEST_PIXELS: Final = 30
MOST_ELONGATED: Final = 6
"""Drawings that are smaller or longer than this are none of a code."""

_CELL: Final = re.compile(
    r"<(t[dh]|div|span|li|font|[ibpsua])\b[^<>]{0,300}>(?:&nbsp;|&#160;|&#xa0;|\u00a0|\s){0,6}+<(?:/\1|/tr|tr\b|\1\b)",
    re.IGNORECASE,
)
_PAINTED: Final = re.compile(r"bgcolor|background", re.IGNORECASE)
_EMBEDDED: Final = re.compile(
    r"""(?:src|background)\s{0,9}+=\s{0,9}+["']?+\s{0,9}+(?:cid:|data:image)|url\(\s{0,9}+["']?+(?:cid:|data:image)""",
    re.IGNORECASE,
)
_DATA_END: Final = re.compile(r"""["')<>]""")


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at of one message: source and text of its bodies, plain texts, and pictures that they show."""

    html: str
    text: str
    parts: tuple[Part, ...]


class Drawn:
    """What was found so far in one message."""

    def __init__(self) -> None:
        self.codes: list[Code] = []
        self.cuts: list[str] = []

    def add(self, image: Image.Image | None, artefact: str, drawn: str) -> None:
        """Reads a rasterised drawing, which may lack the quiet zone that the page around it gives: light or dark."""
        if (
            image is None
            or min(image.size) < FEWEST_PIXELS
            or max(image.size) > MOST_ELONGATED * min(image.size)
        ):
            return
        read: dict[Read, None] = {}
        for shade in (255, 0):
            bordered = ImageOps.expand(image, 32, shade)
            read.update(dict.fromkeys(read_bitmap(Bitmap(bordered, bordered))))
            if any(item.payload for item in read):
                break
        self.codes.extend(told(read, artefact, drawn))


def may_draw(message: Message) -> bool:
    """Whether a body shows a sign of a drawn code. No picture is decoded."""
    html = message.html[:READ_CHARS]
    if may_be_drawn(message.text[:READ_CHARS]):
        return True
    if not html:
        return False
    if svg.may_be_drawn(html) or may_be_drawn(html) or _draws_cells(html):
        return True
    embedded = _embeds(html)
    return bool(embedded) and (_brings_data(html) or (embedded >= 2 and len(_tiles(message.parts)) >= 2))


def body_of(message: Message) -> Body:
    """As much of a message as ``drawn_codes`` looks at."""
    kept = (part for part in message.parts if part.payload and (_is_plain(part) or part.content_id))
    html, text = message.html[:READ_CHARS], message.text[:READ_CHARS]
    return Body(html=_encodable(html), text=_encodable(text), parts=tuple(kept))


def _encodable(text: str) -> str:
    """The text without halves of surrogate pairs, which cannot be sent to another process."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _is_plain(part: Part) -> bool:
    return part.content_type == "text/plain" and not part.filename


def drawn_codes(message: Message | Body) -> Found:
    """The codes that the bodies of a message draw. Never raises; costs next to nothing where no sign is seen."""
    found = Drawn()
    html = message.html[:READ_CHARS]
    if html:
        _html(html, message.parts, found)
    if may_be_drawn(message.text[:READ_CHARS]):
        for part in message.parts:
            if _is_plain(part) and part.payload:
                _plain(part, found)
    return Found(tuple(dict.fromkeys(found.codes)), cuts=tuple(found.cuts))


def _plain(part: Part, found: Drawn) -> None:
    """A plain text body."""
    text, _, _ = decode(part.payload[:READ_CHARS], part.charset)
    for image in drawings(lines_of(text)):
        found.add(image, f"part {part.path}, drawing", "text")


def _html(html: str, parts: Iterable[Part], found: Drawn) -> None:
    """An HTML body: every sign by itself."""
    cells = _draws_cells(html)
    embedded = _embeds(html)
    glyphs = may_be_drawn(html)
    shapes = svg.may_be_drawn(html)
    if not (cells or embedded or glyphs or shapes):
        return
    if shapes:
        for image in svg.drawings(html):
            found.add(image, "body, SVG", "svg")
    if embedded and _brings_data(html):
        _data_pictures(html, found)
    boxed = cells or (embedded >= 2 and _may_be_tiles(html, parts))
    if not boxed and not glyphs:
        return
    if too_costly(html):
        found.cuts.append("body: too deeply nested, codes that it may draw were not looked for")
        return
    has_lines = boxed and _boxes(boxes_of(html), _pictures_of(parts), found)
    if glyphs or not has_lines:
        for image in drawings(glyph_lines(html)):
            found.add(image, "body, characters", "text")


def _draws_cells(html: str) -> bool:
    """Whether so many elements without text stand there that they may be the modules of a code."""
    if "box-shadow" in html and html.count("px ") + html.count("em ") > 200:
        return True
    if html.count("<") < 2 * FEWEST_CELLS or not _PAINTED.search(html):
        return False
    adjacent = before = 0
    for cell in _CELL.finditer(html):
        adjacent += cell.start() - before < NEAR
        before = cell.end()
        if adjacent >= FEWEST_CELLS:
            return True
    return False


def _embeds(html: str) -> int:
    """How many pictures the body brings along and shows, counted up to two."""
    if "cid:" not in html and "CID:" not in html and not _brings_data(html):
        return 0
    return sum(1 for _ in zip(range(2), _EMBEDDED.finditer(html), strict=False))


def _brings_data(html: str) -> bool:
    """Whether a ``data:`` address may stand there."""
    return "data:" in html or "DATA:" in html


def _may_be_tiles(html: str, parts: Iterable[Part]) -> bool:
    """Whether pictures stand there that may be pieces of one code: two at least of two shades, both in quantity."""
    if _brings_data(html) and len(DATA.findall(html)) >= 2:
        return True
    return sum(1 for part in _tiles(parts) if is_two_toned(_decoded(part.payload))) >= 2


def _tiles(parts: Iterable[Part]) -> list[Part]:
    """The different pictures that a body may show side by side."""
    tiles = [part for part in parts if part.content_id and is_picture(part.payload)]
    return list({part.sha256: part for part in tiles[:MOST_TILES]}.values())


def is_two_toned(image: Image.Image | None) -> bool:
    """Whether nearly all of a picture is dark or light, and both make up an eighth at least."""
    if image is None or max(image.size) > 1_200:
        return False
    low, high = image.getextrema()
    counts = image.histogram()
    quarter = (float(high) - float(low)) / 4  # type: ignore[arg-type]
    total = image.width * image.height
    dark = sum(counts[: int(float(low) + quarter) + 1])  # type: ignore[arg-type]
    light = sum(counts[int(float(high) - quarter) :])  # type: ignore[arg-type]
    return quarter > 3 and dark + light >= 0.8 * total and min(dark, light) >= 0.12 * total


def _boxes(boxes: Boxes, picture_of: Callable[[str], Image.Image | None], found: Drawn) -> bool:
    """Draws what boxes make; whether they stand in lines at all."""
    if not boxes.complete:
        found.cuts.append("body: only the first elements were drawn")
    for grid in grids(boxes.lines):
        if grid.with_pictures:
            found.add(stitch(grid, picture_of), "body, pictures side by side", "split")
        else:
            found.add(draw_grid(grid), "body, coloured cells", "table")
    found.add(draw_placed(boxes.placed), "body, coloured boxes", "table")
    for style, attributes in boxes.shadows[:3]:
        found.add(draw_shadows(style, attributes), "body, shadows of a box", "table")
    return bool(boxes.lines)


def _pictures_of(parts: Iterable[Part]) -> Callable[[str], Image.Image | None]:
    """Finds the picture that an address names: ``cid:`` (RFC 2392) among the parts, ``data:`` (RFC 2397) in itself."""
    by_id: Mapping[str, Part] = {part.content_id: part for part in parts if part.content_id and part.payload}
    known: dict[str, Image.Image | None] = {}

    def picture_of(address: str) -> Image.Image | None:
        if address not in known:
            known[address] = _decoded(_bytes_of(address, by_id))
        return known[address]

    return picture_of


def _bytes_of(address: str, by_id: Mapping[str, Part]) -> bytes:
    if address[:4].lower() == "cid:":
        name = unquote_to_bytes(address[4:]).decode("utf-8", "replace")
        part = by_id.get(name)
        return part.payload if part else b""
    return data_bytes(address)


def _decoded(data: bytes) -> Image.Image | None:
    if not is_picture(data):
        return None
    try:
        picture = decode_picture(data, any_shape=True)
    except BadInput:
        return None
    return picture.frames[0].grey if picture.frames else None


def _data_pictures(html: str, found: Drawn) -> None:
    """Pictures that the body holds itself, each once."""
    seen: set[str] = set()
    for match in DATA.finditer(html):
        end = _DATA_END.search(html, match.end())
        address = html[match.start() : end.start() if end else len(html)]
        if address in seen:
            continue
        seen.add(address)
        if len(seen) > MOST_DATA_PICTURES:
            found.cuts.append(f"body: only the first {MOST_DATA_PICTURES} embedded pictures were read")
            return
        data = data_bytes(address)
        if "svg" in match[0].lower():
            for image in svg.drawings(data.decode("utf-8", "replace")):
                found.add(image, f"body, embedded picture {len(seen)}", "svg")
        elif is_picture(data):
            read = codes_in(data, f"body, embedded picture {len(seen)}")
            found.codes.extend(read.codes)
            found.cuts.extend(f"body, embedded picture {len(seen)}: {cut}" for cut in read.cuts)
