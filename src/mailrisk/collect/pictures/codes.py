"""Codes in pictures: QR, Micro QR, rMQR, Data Matrix and Aztec, read by ZXing-C++.

A first pass is cheap and reads nearly every code. Only where finder patterns are seen and nothing was decoded do
more tries follow: other sizes, smoothing, thresholds, colour channels. A code that is still unread is returned
without payload: somebody drew it, and hardly anybody draws an unreadable one by mistake.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Final, NamedTuple

import numpy as np
import zxingcpp
from PIL import Image, ImageChops, ImageFilter, ImageOps

from mailrisk.collect.pictures.decode import SHORTEST_SIDE, Bitmap, decode_picture
from mailrisk.collect.pictures.finder import Finder, look_for
from mailrisk.collect.pictures.median import median
from mailrisk.collect.pictures.payloads import kind_of, tidied
from mailrisk.model.errors import BadInput, TooLarge
from mailrisk.model.file import Code

FIRST_SIDE: Final = 1_000
"""Pixels of the longer side in the first pass."""

OTHER_SIDE: Final = 600
"""Pixels of the longer side for Data Matrix and Aztec, whose search costs several times as much."""

UNSURE_ATTEMPTS: Final = 4
"""Other views of a picture of which it is not sure that it shows a code."""

MOST_CODES: Final = 10
"""Codes that are told of one picture."""

_QR: Final = "QRCode,MicroQRCode,RMQRCode"
_OTHERS: Final = "DataMatrix,Aztec"
_CLEARLY: Final = [255 if difference > 24 else 0 for difference in range(256)]
_NAMES: Final = {
    "QR Code": "qr", "Micro QR Code": "micro-qr", "rMQR Code": "rmqr", "Data Matrix": "data-matrix", "Aztec": "aztec",
    "Aztec Code": "aztec", "Aztec Rune": "aztec", "QR Code Model 2": "qr", "QR Code Model 1": "qr",
}  # fmt: skip


class Found(NamedTuple):
    """What one picture holds; ``cuts`` and ``defects`` in words, without the place."""

    codes: tuple[Code, ...]
    cuts: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()


class Read(NamedTuple):
    """One code as it was read: payload and symbology."""

    payload: str
    symbology: str


def codes_in(data: bytes, artefact: str, drawn: str = "picture") -> Found:
    """The codes of an encoded picture. ``artefact`` is the picture's place (``part 1.3``). Never raises."""
    try:
        picture = decode_picture(data)
    except TooLarge as error:
        return Found((), cuts=(error.reason,))
    except BadInput as error:
        return Found((), defects=(error.reason,))
    read: dict[Read, None] = {}
    for bitmap in picture.frames:
        read.update(dict.fromkeys(read_bitmap(bitmap)))
    return Found(told(read, artefact, drawn), defects=picture.defects)


def told(read: dict[Read, None], artefact: str, drawn: str) -> tuple[Code, ...]:
    """Codes as values: the first MOST_CODES; an unread one only where nothing could be read."""
    kept = [item for item in read if item.payload] or list(read)[:1]
    return tuple(
        Code(
            payload=item.payload,
            kind=kind_of(item.payload) if item.payload else "",
            symbology=item.symbology,
            drawn=drawn,
            artefact=f"{artefact}, {'QR code' if 'qr' in item.symbology else 'code'} {number}",
        )
        for number, item in enumerate(kept[:MOST_CODES], 1)
    )


def read_bitmap(bitmap: Bitmap) -> list[Read]:
    """The codes of one frame, each once; one without payload when finder patterns are seen and nothing is read."""
    found, damaged = _first_pass(_at_most(bitmap.grey, FIRST_SIDE))
    if found:
        return found
    look = look_for(bitmap.grey)
    is_large = max(bitmap.grey.size) > FIRST_SIDE
    attempts: Iterator[Image.Image]
    if look.sure and look.finder:
        attempts = _attempts(_cropped(bitmap, look.finder), look.finder.corner.module)
    elif damaged or look.finder or look.centres in (2, 3):
        some = islice(_attempts(bitmap, max(1.0, max(bitmap.grey.size) / 200)), UNSURE_ATTEMPTS)
        attempts = chain((bitmap.grey,) if is_large else (), some)
    elif is_large and (look.centres or _is_page(bitmap.grey)):
        attempts = iter((bitmap.grey,))
    elif _hides_in_colour(bitmap):
        attempts = map(_quiet, _channels(bitmap.frame))
    else:
        return []
    for attempt in attempts:
        found, _ = _zxing(attempt, _QR)
        if found:
            return found
    return [Read("", "qr")] if look.sure else []


def _first_pass(grey: Image.Image) -> tuple[list[Read], bool]:
    """What is read at once, and whether a damaged QR code was seen."""
    found, damaged = _zxing(ImageOps.expand(grey, 8, _ground(grey)), _QR)
    if not found and (code := _trimmed(grey)) is not None:
        found, still = _zxing(code, _QR)
        damaged = damaged or still
    if not found and not damaged:
        found, _ = _zxing(_at_most(grey, OTHER_SIDE), _OTHERS, quick=True)
    return found, damaged


def _trimmed(grey: Image.Image) -> Image.Image | None:
    """The square that stands on a plain ground, with a white quiet zone; None where there is none.

    A code that touches a grey or dark ground has no rim of its own for a reader to find.
    """
    shade = int(grey.getpixel((0, 0)))  # type: ignore[arg-type]
    box = ImageChops.difference(grey, Image.new("L", grey.size, shade)).point(_CLEARLY).getbbox()
    if box is None:
        return None
    width, height = box[2] - box[0], box[3] - box[1]
    if not 0.85 < width / height < 1.18 or width < SHORTEST_SIDE:
        return None
    if shade > 200 and min(box[0], box[1]) > width // 12:
        return None  # it had a quiet zone, and was read with it
    return ImageOps.expand(grey.crop(box), max(12, width // 8), 255)


def _is_page(grey: Image.Image) -> bool:
    """Whether nearly everything is as bright as the ground or as dark as print: a page, which may hold a small code."""
    counts = grey.histogram()
    return sum(counts[:80]) + sum(counts[200:]) > 0.9 * grey.width * grey.height


def _hides_in_colour(bitmap: Bitmap) -> bool:
    """Whether the colours differ and the brightness hardly does: a code that is grey on grey to a filter."""
    if bitmap.frame.mode not in ("RGB", "RGBA", "P", "CMYK", "YCbCr", "LAB", "HSV"):
        return False
    small = bitmap.frame.convert("RGB").resize((96, 96), Image.Resampling.NEAREST)
    grey, *channels = (float(np.asarray(image).std()) for image in (small.convert("L"), *small.split()))
    return max(channels) > 20 and max(channels) > 1.6 * grey


def _zxing(image: Image.Image, formats: str, *, quick: bool = False) -> tuple[list[Read], bool]:
    """(codes that were read, whether one was seen that was not)."""
    results = zxingcpp.read_barcodes(
        np.asarray(image),
        formats=zxingcpp.barcode_formats_from_str(formats),
        return_errors=True,
        try_downscale=not quick,
        try_rotate=not quick,
        try_invert=not quick,
        text_mode=zxingcpp.TextMode.Plain,
    )
    read = [
        Read(tidied(item.text), _NAMES.get(str(item.format), "qr"))
        for item in results
        if item.valid and tidied(item.text)
    ]
    return list(dict.fromkeys(read)), any(not item.valid for item in results)


def _ground(grey: Image.Image) -> int:
    """The shade around the picture that gives a code without a quiet zone one: that of its rim."""
    rim = np.concatenate([np.asarray(edge).ravel() for edge in _rims(grey)])
    return 255 if float(rim.mean()) > 96 else 0


def _rims(grey: Image.Image) -> Iterator[Image.Image]:
    width, height = grey.size
    yield grey.crop((0, 0, width, 1))
    yield grey.crop((0, height - 1, width, height))
    yield grey.crop((0, 0, 1, height))
    yield grey.crop((width - 1, 0, width, height))


def _at_most(grey: Image.Image, side: int) -> Image.Image:
    """The picture reduced so that its longer side has at most so many pixels."""
    longer = max(grey.size)
    if longer <= side:
        return grey
    size = (max(1, grey.width * side // longer), max(1, grey.height * side // longer))
    return grey.resize(size, Image.Resampling.BOX)


def _cropped(bitmap: Bitmap, finder: Finder) -> Bitmap:
    """The part of a picture in which the code lies, with ten modules around it."""
    corner, right, below = finder
    last = right.x + below.x - corner.x, right.y + below.y - corner.y
    across, down = (corner.x, right.x, below.x, last[0]), (corner.y, right.y, below.y, last[1])
    rim = 10 * corner.module
    box = (
        max(0, int(min(across) - rim)),
        max(0, int(min(down) - rim)),
        min(bitmap.grey.width, int(max(across) + rim)),
        min(bitmap.grey.height, int(max(down) + rim)),
    )
    return Bitmap(bitmap.grey.crop(box), bitmap.frame.crop(box))


def _attempts(bitmap: Bitmap, module: float) -> Iterator[Image.Image]:
    """Other views of a code that was seen and not read, the most promising first."""
    grey = bitmap.grey
    even = _scaled(grey, 6.0 / module)
    yield _quiet(_scaled(grey, 4.0 / module))
    yield _quiet(even.filter(ImageFilter.GaussianBlur(1.5)))
    yield _quiet(ImageOps.autocontrast(median(even), cutoff=2))
    yield _quiet(_scaled(grey, 2.5 / module))
    yield _quiet(_scaled(grey, 8.0 / module))
    yield _quiet(even.filter(ImageFilter.GaussianBlur(2.5)))
    for channel in _channels(bitmap.frame):
        yield _quiet(ImageOps.autocontrast(_scaled(channel, 4.0 / module), cutoff=1))
    for share in (0.35, 0.5, 0.65):
        yield _quiet(_threshold(even, share))


def _scaled(grey: Image.Image, factor: float) -> Image.Image:
    """The picture at another size, FIRST_SIDE pixels at most."""
    factor = min(factor, FIRST_SIDE / max(grey.size))
    size = (max(1, round(grey.width * factor)), max(1, round(grey.height * factor)))
    return grey.resize(size, Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC)


def _quiet(grey: Image.Image) -> Image.Image:
    """The picture with a quiet zone (ISO/IEC 18004 §9.1)."""
    return ImageOps.expand(grey, 24, _ground(grey))


def _channels(frame: Image.Image) -> Iterator[Image.Image]:
    """The single colours of a picture and its saturation; nothing for a grey one."""
    if frame.mode in ("1", "L", "LA", "I", "F") or frame.mode.startswith("I;"):
        return
    clear = _at_most(frame, OTHER_SIDE).convert("RGBA")
    red, green, blue, alpha = clear.split()
    yield from (red, green, blue)
    yield ImageChops.subtract(
        ImageChops.lighter(ImageChops.lighter(red, green), blue),
        ImageChops.darker(ImageChops.darker(red, green), blue),
    )
    if alpha.getextrema() != (255, 255):
        yield alpha


def _threshold(grey: Image.Image, share: float) -> Image.Image:
    """Black and white at this share of the way from the darkest to the lightest."""
    low, high = grey.getextrema()
    limit = float(low) + share * (float(high) - float(low))  # type: ignore[arg-type]
    return grey.point(lambda value: 255 if value > limit else 0)
