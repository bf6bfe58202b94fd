"""One page of a PDF: its text, what can be clicked, its pictures."""

from __future__ import annotations

import struct
import zlib
from typing import Any

from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.pdf_actions import Actions

MOST_ANNOTATIONS = 500
MOST_PICTURES = 8
MOST_CONTENT = 400_000
"""Bytes of unpacked content, all pages together, whose text is read (at about 100 kB a second): pages have some thousands."""

ENOUGH_TEXT = 20_000
"""Characters after which no more pages are read for their text; their links still are."""

MOST_STREAMS = 500

MOST_PIXELS = 4_000_000
LARGE_SHARE = 0.15
"""Share of the page that a link covers when it is a button or the whole page rather than a line of text."""


class Pages:
    """Reads the pages of one document, one after the other, on one budget of content."""

    def __init__(self, reader: Any, actions: Actions, gather: Gather) -> None:
        self._reader = reader
        self._actions = actions
        self._gather = gather
        self._left = MOST_CONTENT

    def read(self, page: Any, number: int) -> None:
        """Adds everything of one page (ISO 32000-2 §7.7.3.3)."""
        where = f"page {number}"
        _annotations(page, where, self._actions, self._gather)
        self._actions.read_additional(_get(page, "/AA"), where)
        _pictures(_get(page, "/Resources"), where, self._gather)
        self._text(page, where)

    def _text(self, page: Any, where: str) -> None:
        """The page's text in the order of its content stream."""
        from pypdf import PageObject

        if self._gather.limits.text - self._gather.text_left >= ENOUGH_TEXT:
            self._gather.cut(f"{where} and later: their text was not read")
            return
        contents = _get(page, "/Contents")
        streams = list(contents) if isinstance(contents, list) else [contents]
        streams += _forms(_get(page, "/Resources"))
        size = 0
        for stream in streams[:MOST_STREAMS]:
            size += _unpacked(stream, self._left - size)
        if size > self._left or len(streams) > MOST_STREAMS:
            self._gather.cut(f"{where}: too much content, its text was not read")
            return
        self._left -= size
        shown = PageObject(self._reader)
        shown.update(page)
        text = shown.extract_text() if size and self._gather.text_left else ""
        self._gather.text(text)
        self._gather.links_in(text, where)


def _get(thing: Any, key: str) -> Any:
    found = thing.get(key) if hasattr(thing, "get") else None
    return found.get_object() if found is not None and hasattr(found, "get_object") else found


def _forms(resources: Any) -> list[Any]:
    """The drawings that the page's content may call."""
    objects = _get(resources, "/XObject")
    found = (
        [item.get_object() for item in list(objects.values())[:MOST_STREAMS]]
        if hasattr(objects, "values")
        else []
    )
    return [item for item in found if hasattr(item, "get") and str(item.get("/Subtype")) == "/Form"]


def _unpacked(stream: Any, most: int) -> int:
    """How many bytes a stream holds, found out without unpacking more than ``most`` and one."""
    stream = stream.get_object() if hasattr(stream, "get_object") else stream
    raw = bytes(getattr(stream, "_data", b""))
    filters = _get(stream, "/Filter")
    if str(filters) not in ("/FlateDecode", "['/FlateDecode']") or most <= 0:
        return len(raw)
    try:
        return len(zlib.decompressobj().decompress(raw, most + 1))
    except zlib.error:
        return len(raw)


def _annotations(page: Any, where: str, actions: Actions, gather: Gather) -> None:
    """Links, buttons, attached files (§12.5)."""
    found = _get(page, "/Annots") or []
    area = _area(_get(page, "/CropBox") or _get(page, "/MediaBox"))
    number = 0
    for item in list(found)[:MOST_ANNOTATIONS]:
        note = item.get_object()
        if not hasattr(note, "get"):
            continue
        kind = str(_get(note, "/Subtype") or "")
        action = _get(note, "/A")
        if action is not None:
            number += 1
            actions.read(action, f"{where}, link {number}")
            share = _area(_get(note, "/Rect")) / area if area else 0.0
            if share >= LARGE_SHARE and str(_get(action, "/S")) == "/URI":
                gather.trait("large-link", f"{min(share, 1.0):.2f}")
        actions.read_additional(_get(note, "/AA"), where)
        if kind == "/FileAttachment":
            actions.keep_file(_get(note, "/FS"))
        elif kind in ("/RichMedia", "/Screen", "/Movie", "/3D"):
            gather.trait("media", kind.lstrip("/"))
        elif kind == "/Widget" and int(_get(note, "/Ff") or 0) & 1 << 13:
            gather.trait("password-field")
    if len(found) > MOST_ANNOTATIONS:
        gather.cut(f"{where}: only the first {MOST_ANNOTATIONS} annotations were read")


def _area(box: Any) -> float:
    """The area of a rectangle; 0 for none."""
    numbers = [float(side) for side in list(box or [])[:4] if isinstance(side, int | float)]
    return abs((numbers[2] - numbers[0]) * (numbers[3] - numbers[1])) if len(numbers) == 4 else 0.0


def _pictures(resources: Any, where: str, gather: Gather, depth: int = 0) -> None:
    """Pictures among the page's resources, and those of its forms one level down."""
    objects = _get(resources, "/XObject")
    if not hasattr(objects, "items"):
        return
    for name, item in list(objects.items())[: 10 * MOST_PICTURES]:
        thing = item.get_object()
        if not hasattr(thing, "get"):
            continue
        kind = str(thing.get("/Subtype"))
        if kind == "/Form" and depth < 2:
            _pictures(_get(thing, "/Resources"), where, gather, depth + 1)
        elif kind == "/Image":
            picture = encoded(thing)
            if picture:
                gather.picture(picture, f"{where}, picture {str(name).lstrip('/')}")


def encoded(image: Any) -> bytes:
    """An image object as JPEG (as it stands) or PNG (grey and RGB samples); b'' for other forms.

    The rendered page shows those; small pictures (below 32 pixels a side) hold nothing to read.
    """
    width, height = (int(_get(image, key) or 0) for key in ("/Width", "/Height"))
    if min(width, height) < 32 or width * height > MOST_PIXELS:
        return b""
    filters = _get(image, "/Filter")
    names = [str(item) for item in filters] if isinstance(filters, list) else [str(filters or "")]
    if names[-1] in ("/DCTDecode", "/JPXDecode"):
        raw = getattr(image, "_data", b"")
        if len(names) > 1:
            return b""
        return bytes(raw)
    if names[-1] not in ("/FlateDecode", ""):
        return b""
    space = _get(image, "/ColorSpace")
    bits = int(_get(image, "/BitsPerComponent") or 0)
    kinds = {("/DeviceGray", 1): (0, 1), ("/DeviceGray", 8): (0, 8), ("/DeviceRGB", 8): (2, 24)}
    if isinstance(space, list) and space and str(space[0]) == "/ICCBased":
        parts = int(_get(space[1].get_object(), "/N") or 0)
        space = {1: "/DeviceGray", 3: "/DeviceRGB"}.get(parts, "")
    known = kinds.get((str(space), bits))
    return _png(width, height, known[0], bits, known[1], image.get_data()) if known else b""


def _png(width: int, height: int, colour: int, depth: int, pixel_bits: int, samples: bytes) -> bytes:
    """A PNG of these samples (PNG §11.2): every row behind a filter byte of 0. b'' if there are too few."""
    stride = (width * pixel_bits + 7) // 8
    if len(samples) < stride * height:
        return b""
    rows = b"".join(b"\x00" + samples[row * stride : (row + 1) * stride] for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows, 1))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
