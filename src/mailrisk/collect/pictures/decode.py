"""Encoded pictures -> grey bitmaps, safely.

Pillow's readers are called one by one and by the picture's first bytes: a format that no mail program shows
is never decoded, and a picture's size is looked at before any pixel is. JPEG decodes at half, quarter or eighth
size by itself (``draft``), so a photo costs little. A truncated picture is read as far as it goes, as mail
programs show it.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Final, NamedTuple

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    ImageStat,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from mailrisk.model.errors import BadInput, TooLarge

MOST_PIXELS: Final = 24_000_000
"""Pixels of one picture (after JPEG's own reduction): 24 MB in grey, at most 100 MB in colour."""

MOST_STATED_PIXELS: Final = 200_000_000
"""Pixels of a JPEG before its reduction: what has to be read through, about a second at worst."""

MOST_BYTES: Final = 20_000_000
"""Bytes of one encoded picture."""

MOST_SCANS: Final = 60
"""Scans of one progressive JPEG; honest encoders write about ten, and each costs a pass over all pixels."""

MOST_FRAMES: Final = 3
"""Frames of an animation that are looked at."""

SHORTEST_SIDE: Final = 21
"""Pixels: the smallest QR code has 21 modules a side. (Micro QR and Data Matrix at one pixel a module are not read.)"""

LONGEST_STRIP: Final = 12
"""A picture more than so many times as long as wide is a rule or a banner; a code in it would be tiny."""

WANTED_SIDE: Final = 900
"""Pixels of the longer side that codes are looked for at first; JPEG reduces itself to no less than this."""

KEPT_SIDE: Final = 2_000
"""Pixels of the longer side of a bitmap; a larger picture is reduced by a whole factor."""

BROKEN: Final = (
    OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, ArithmeticError, AttributeError,
    NotImplementedError, RuntimeError, MemoryError, AssertionError, struct.error, zlib.error,
    Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow's readers raise on bytes that are no picture. None of it leaves this module."""


_REDUCIBLE: Final = frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "F", "I"})


class Bitmap(NamedTuple):
    """One frame: grey as a reader sees it on a white page, and the frame as it was for later tries."""

    grey: Image.Image
    frame: Image.Image


class Picture(NamedTuple):
    """The frames of a picture with its stated size; ``defects`` in words."""

    frames: tuple[Bitmap, ...]
    size: tuple[int, int]
    defects: tuple[str, ...] = ()


def is_picture(data: bytes) -> bool:
    """Whether the bytes begin as one of the formats that are read: PNG, JPEG, GIF, WebP, BMP."""
    return (
        data[:4] in (b"\x89PNG", b"GIF8")
        or data[:3] == b"\xff\xd8\xff"
        or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
        or (data[:2] == b"BM" and data[6:10] == b"\0\0\0\0")
    )


def decode_picture(data: bytes, *, any_shape: bool = False, wanted_side: int = WANTED_SIDE) -> Picture:
    """Reads a picture. No frames: it is too small or too thin to hold a code (unless ``any_shape`` is wanted).

    ``wanted_side``: pixels of the longer side that JPEG keeps at least when it reduces itself.

    Raises TooLarge for more than MOST_BYTES, MOST_PIXELS or MOST_SCANS, BadInput for what is no picture. Never
    raises anything else.
    """
    if len(data) > MOST_BYTES:
        raise TooLarge("picture", f"{len(data)} bytes, at most {MOST_BYTES} are read")
    try:
        picture = _open(data)
        size = picture.size
        if not (any_shape or _may_hold_code(size)):
            return Picture((), size)
        _reduce(picture, data, wanted_side)
        return _frames(picture, size)
    except BROKEN as error:
        raise BadInput("picture", f"cannot be read ({type(error).__name__})") from None


def may_hold_code(data: bytes) -> bool:
    """Whether these bytes are a picture in which a code has room; only the header is read. Never raises.

    A picture whose header cannot be read is worth a look: mail programs may be able to read it.
    """
    if not is_picture(data):
        return False
    if data[:4] == b"RIFF":  # Pillow hands the header of this format to a native library.
        size = _webp_size(data)
        return size is None or _may_hold_code(size)
    try:
        return _may_hold_code(_open(data).size)
    except BROKEN:
        return True


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a WebP picture (RFC 9649 §2.5, §2.6, §2.7); None where the header says none."""
    kind, head = data[12:16], data[:30]
    if kind == b"VP8X" and len(head) == 30:
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if kind == b"VP8L" and head[20:21] == b"/":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a" and len(head) == 30:
        width, height = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
        return width & 0x3FFF, height & 0x3FFF
    return None


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height as the header states them; (0, 0) for what is no picture. Never raises."""
    try:
        return _open(data).size
    except (*BROKEN, BadInput):
        return 0, 0


def _open(data: bytes) -> ImageFile.ImageFile:
    """The picture with its header read and no pixel decoded."""
    stream = io.BytesIO(data)
    if data[:4] == b"\x89PNG":
        return PngImagePlugin.PngImageFile(stream)
    if data[:3] == b"\xff\xd8\xff":
        return JpegImagePlugin.JpegImageFile(stream)
    if data[:4] == b"GIF8":
        return GifImagePlugin.GifImageFile(stream)
    if data[:4] == b"RIFF":
        return WebPImagePlugin.WebPImageFile(stream)
    if data[:2] == b"BM":
        return BmpImagePlugin.BmpImageFile(stream)
    raise BadInput("picture", "is of no format that is read")


def _may_hold_code(size: tuple[int, int]) -> bool:
    """Whether a code that a camera reads has room: not a tracking pixel, not a rule."""
    short, long = sorted(size)
    return short >= SHORTEST_SIDE and long <= LONGEST_STRIP * short


def _reduce(picture: ImageFile.ImageFile, data: bytes, wanted_side: int) -> None:
    """Refuses what is too large, before its pixels are decoded; lets JPEG reduce itself."""
    width, height = picture.size
    if picture.format == "JPEG":
        if width * height > MOST_STATED_PIXELS:
            raise TooLarge("picture", f"{width} x {height} pixels are not decoded")
        if data.count(b"\xff\xda") > MOST_SCANS:  # JPEG §B.1.1.5: FF in the data is followed by 00
            raise TooLarge("picture", f"more than {MOST_SCANS} scans")
        scale = max(1, max(width, height) // wanted_side)
        picture.draft(None, (max(1, width // scale), max(1, height // scale)))
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise TooLarge("picture", f"{width} x {height} pixels are not decoded")


def _frames(picture: ImageFile.ImageFile, size: tuple[int, int]) -> Picture:
    """The first frames as bitmaps."""
    defects: list[str] = []
    frames = [_bitmap(_loaded(picture, defects))]
    if getattr(picture, "is_animated", False) and not defects:
        for number in range(1, MOST_FRAMES):
            try:
                picture.seek(number)
                frames.append(_bitmap(_loaded(picture, defects)))
            except EOFError:
                break
    return Picture(tuple(frames), size, tuple(defects))


def _loaded(picture: ImageFile.ImageFile, defects: list[str]) -> Image.Image:
    """The current frame with its pixels; of a truncated one those that came."""
    try:
        picture.load()
    except (OSError, SyntaxError, EOFError, ValueError):
        picture.tile = []
        picture.load()
        defects.append("truncated")
    factor = -(-max(picture.size) // KEPT_SIDE)
    if factor == 1 or min(picture.size) // factor < SHORTEST_SIDE:
        return picture.copy()
    if picture.mode in ("P", "PA", "1"):
        clear = "transparency" in picture.info or picture.mode == "PA"
        return picture.convert("RGBA" if clear else "RGB" if picture.mode == "P" else "L").reduce(factor)
    return picture.reduce(factor) if picture.mode in _REDUCIBLE else picture.convert("RGB").reduce(factor)


def _bitmap(frame: Image.Image) -> Bitmap:
    """Grey over white; over black where white leaves nothing to see (codes for readers in dark mode)."""
    if frame.mode in ("I", "F") or frame.mode.startswith("I;"):
        return Bitmap(_stretched(frame), frame)
    if frame.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in frame.info:
        clear = frame.convert("RGBA")
        grey = _over(clear, 255)
        if _is_flat(grey):
            grey = _over(clear, 0)
        return Bitmap(grey, clear)
    return Bitmap(frame.convert("L"), frame)


def _over(clear: Image.Image, shade: int) -> Image.Image:
    """The picture over a plain ground."""
    ground = Image.new("RGBA", clear.size, (shade, shade, shade, 255))
    return Image.alpha_composite(ground, clear).convert("L")


def _is_flat(grey: Image.Image) -> bool:
    low, high = grey.getextrema()
    return bool(high - low < 12)  # type: ignore[operator]


def _stretched(frame: Image.Image) -> Image.Image:
    """16- and 32-bit greys brought to eight bits by their own range."""
    values = frame.convert("F")
    low, high = ImageStat.Stat(values).extrema[0]
    scale = 255.0 / max(high - low, 1e-6)
    return values.point(lambda value: value * scale - low * scale).convert("L")
