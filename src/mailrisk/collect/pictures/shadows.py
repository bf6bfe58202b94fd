"""A code drawn with one box's many shadows (CSS ``box-shadow``), a known way around filters -> a grey bitmap."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from PIL import Image

from mailrisk.collect.pictures.boxes import Box
from mailrisk.collect.pictures.boxstyle import Declarations, pixels, shade_of
from mailrisk.collect.pictures.raster import draw_placed

MOST_SHADOWS: Final = 32_000

_NUMBER: Final = re.compile(r"-?\d{0,6}(?:\.\d{1,6})?(?:px|pt|em|rem|mm)?(?=[\s,)]|\Z)")
_COMMA: Final = re.compile(r",(?![^()]{0,60}\))")


def draw_shadows(style: Declarations, attributes: Mapping[str, str | None]) -> Image.Image | None:
    """Each shadow as a box of the element's own size, at its offset (CSS Backgrounds 3, §7.1)."""
    boxes: list[Box] = []
    width = pixels(style.get("width") or attributes.get("width"))
    height = pixels(style.get("height") or attributes.get("height"))
    for shadow in _COMMA.split(style.get("box-shadow", ""))[:MOST_SHADOWS]:
        words = shadow.split()
        lengths = [pixels(word) for word in words if _NUMBER.fullmatch(word) and word]
        numbers = [length for length in lengths if length is not None]
        if len(numbers) < 2 or "inset" in words:
            continue
        colour = " ".join(word for word in words if not _NUMBER.fullmatch(word))
        shade = shade_of(colour) if colour else 0
        spread = numbers[3] if len(numbers) > 3 else 0.0
        if shade is not None:
            boxes.append(
                Box((width or 0.0) + 2 * spread, (height or 0.0) + 2 * spread, shade=shade,
                    left=numbers[0] - spread, top=numbers[1] - spread)
            )  # fmt: skip
    if len(boxes) < 60:
        return None
    if not (boxes[0].width or 0) > 0:
        step = _step([box.left or 0.0 for box in boxes])
        boxes = [box._replace(width=step, height=step) for box in boxes]
    return draw_placed([box for box in boxes if (box.width or 0) > 0])


def _step(offsets: list[float]) -> float:
    """The smallest distance between two different offsets."""
    different = sorted(set(offsets))
    return min((b - a for a, b in pairwise(different) if b - a > 0.1), default=1.0)
