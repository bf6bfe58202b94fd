"""Finder patterns of QR codes: dark-light-dark-light-dark as 1:1:3:1:1 (ISO/IEC 18004 §6.3.3) in three places.

A code that shows its finder patterns and cannot be decoded is evidence, so this must see few things that are
none: a pattern counts when rows, columns and both diagonals through its centre agree, and only three of one size in a right
angle with equal legs make a code.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, permutations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

MOST_SIDE: Final = 900
"""Pixels of the longer side that are searched; larger pictures are reduced."""

MOST_CENTRES: Final = 12
"""Centres that triangles are looked for among; tables of squares have many."""

MOST_CANDIDATES: Final = 2_000
"""Crossings of a row and a column of the pattern that are looked at."""

MOST_TRIANGLES: Final = 200
"""Triangles that are looked at module by module."""

_SLACK: Final = 0.55
"""Share of a module by which each of the five runs may be off."""

_AGREEING: Final = 44
"""Of the 49 modules of a pattern so many must be as they should, each looked at in its middle."""

_CONTRAST: Final = 30
"""Least difference of brightness between dark and light modules, of 255."""

Bits = NDArray[np.bool_]
Numbers = NDArray[np.int64]


_STEPS = np.tile(np.arange(-3, 4), (7, 1))
_RING = np.maximum(np.abs(_STEPS), np.abs(_STEPS.T))
_PATTERN: Bits = (_RING == 3) | (_RING <= 1)


class Centre(NamedTuple):
    """The centre of one pattern and the size of its modules, in pixels."""

    x: float
    y: float
    module: float


class Finder(NamedTuple):
    """Three patterns that make a code: its corner first. Coordinates in the picture that was given."""

    corner: Centre
    right: Centre
    below: Centre


class Look(NamedTuple):
    """What a search saw: how many single patterns; three that stand as in a code; whether these are sure."""

    centres: int
    finder: Finder | None = None
    sure: bool = False


def look_for(grey: Image.Image) -> Look:
    """The finder patterns in a grey picture, dark on light or light on dark."""
    scale = max(1.0, max(grey.size) / MOST_SIDE)
    if scale > 1.0:
        grey = grey.resize((round(grey.width / scale), round(grey.height / scale)), Image.Resampling.BOX)
    dark = _dark(grey)
    best = Look(0)
    for bits in (dark, ~dark):
        seen = centres(bits)
        triangles = list(islice(_triangles(seen), MOST_TRIANGLES))
        sure = next((three for three in triangles if _agrees(grey, bits, three)), None)
        if sure or (triangles and not best.finder) or len(seen) > best.centres:
            three = sure or next(iter(triangles), None)
            enlarged = Finder(*(Centre(*(value * scale for value in c)) for c in three)) if three else None
            best = Look(len(seen), enlarged or best.finder, sure is not None)
        if sure:
            break
    return best


def _dark(grey: Image.Image) -> Bits:
    """Which pixels are darker than what surrounds them, where there is contrast at all."""
    pixels = np.asarray(grey, dtype=np.int16)
    around = np.asarray(grey.filter(ImageFilter.BoxBlur(max(8, max(grey.size) // 10))), dtype=np.int16)
    low, high = int(pixels.min()), int(pixels.max())
    return np.asarray(pixels < np.minimum(around, (low + high) // 2 + 40) - max(2, (high - low) // 16))


def centres(dark: Bits) -> list[Centre]:
    """The centres at which rows, columns and a diagonal show the pattern, MOST_CENTRES at most."""
    rows, row_middles, row_modules = _runs(dark)
    columns, column_middles, column_modules = _runs(np.ascontiguousarray(dark.T))
    if not len(rows) or not len(columns):
        return []
    width = dark.shape[1] + 2
    crossings = column_middles * width + columns
    near = np.isin(rows * width + row_middles, (crossings[:, None] + _around(width)).ravel())
    modules = dict(zip(crossings.tolist(), column_modules.tolist(), strict=True))
    found: list[Centre] = []
    candidates = zip(rows[near].tolist(), row_middles[near].tolist(), row_modules[near].tolist(), strict=True)
    for y, x, module in islice(candidates, MOST_CANDIDATES):
        if any(abs(x - seen.x) < 2 * seen.module and abs(y - seen.y) < 2 * seen.module for seen in found):
            continue
        other = next(modules[at] for step in _around(width) if (at := y * width + x + int(step)) in modules)
        if 0.6 < module / other < 1.67 and _diagonal(dark, x, y):
            found.append(Centre(float(x), float(y), (module + other) / 2))
            if len(found) >= MOST_CENTRES:
                break
    return found


def _around(width: int) -> Numbers:
    """Offsets of a place and the eight around it, in a picture flattened by rows of this width."""
    return np.array([0, -1, 1, -width, width, -width - 1, -width + 1, width - 1, width + 1])


def _runs(dark: Bits) -> tuple[Numbers, Numbers, NDArray[np.float64]]:
    """(row, middle, module) of every 1:1:3:1:1 in the rows. One column of light closes each row."""
    height, width = dark.shape
    padded = np.zeros((height, width + 2), dtype=bool)
    padded[:, 1:-1] = dark
    flat = padded.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    starts = edges[::2]  # of dark runs; each has its end within the row
    ends = edges[1::2]
    if len(starts) < 3:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, np.zeros(0)
    first, light, middle = ends[:-2] - starts[:-2], starts[1:-1] - ends[:-2], ends[1:-1] - starts[1:-1]
    second_light, last = starts[2:] - ends[1:-1], ends[2:] - starts[2:]
    module = (ends[2:] - starts[:-2]) / 7.0
    off = _SLACK * module + 0.5
    fits = (
        (np.abs(middle - 3 * module) < 1.6 * off)
        & (np.abs(first - module) < off)
        & (np.abs(light - module) < off)
        & (np.abs(second_light - module) < off)
        & (np.abs(last - module) < off)
        & (starts[:-2] // (width + 2) == starts[2:] // (width + 2))
    )
    at = np.flatnonzero(fits)
    centre = (starts[1:-1][at] + ends[1:-1][at]) // 2
    row = (centre + 1) // (width + 2)
    return row, np.clip(centre - row * (width + 2), 0, width - 1), module[at]


def _diagonal(dark: Bits, x: int, y: int) -> bool:
    """Whether both diagonals through the centre go dark, light, dark as the rows do, one at least exactly."""
    return any(_arm(dark, x, y, 1, way) and _arm(dark, x, y, -1, -way) for way in (1, -1))


def _arm(dark: Bits, x: int, y: int, step_x: int, step_y: int) -> bool:
    """From the centre outwards: dark for 1.5, light for 1, dark for 1 module, each to be recognised."""
    height, width = dark.shape
    lengths: list[int] = []
    expected, length = True, 0
    while 0 <= x < width and 0 <= y < height:
        if bool(dark[y, x]) != expected:
            if not length:
                return False
            lengths.append(length)
            expected, length = not expected, 0
            if len(lengths) == 3:
                break
        length += 1
        x, y = x + step_x, y + step_y
    if length and len(lengths) < 3:
        lengths.append(length)
    if len(lengths) < 3:
        return False
    inner, light, outer = lengths
    return 0.4 <= light / inner <= 1.35 and 0.4 <= outer / max(1, light) <= 2.6


def _agrees(grey: Image.Image, bits: Bits, three: tuple[Centre, Centre, Centre]) -> bool:
    """Whether all three look like finder patterns, module by module, along the sides of the code."""
    corner, right, below = three
    along = _unit(right.x - corner.x, right.y - corner.y)
    down = _unit(below.x - corner.x, below.y - corner.y)
    pixels = np.asarray(grey)
    turned = max(abs(along[0]), abs(along[1]))  # Rows and columns cross the modules of a turned code aslant.
    for centre in three:
        size = centre.module * turned
        x = np.rint(centre.x + _STEPS * size * along[0] + _STEPS.T * size * down[0])
        y = np.rint(centre.y + _STEPS * size * along[1] + _STEPS.T * size * down[1])
        if x.min() < -1 or y.min() < -1 or x.max() > bits.shape[1] or y.max() > bits.shape[0]:
            return False
        rows = np.clip(y, 0, bits.shape[0] - 1).astype(np.int64)
        columns = np.clip(x, 0, bits.shape[1] - 1).astype(np.int64)
        if int((bits[rows, columns] == _PATTERN).sum()) < _AGREEING:
            return False
        seen = pixels[rows, columns]
        if abs(float(seen[_PATTERN].mean()) - float(seen[~_PATTERN].mean())) < _CONTRAST:
            return False
    return True


def _unit(x: float, y: float) -> tuple[float, float]:
    length = max(1e-6, float(np.hypot(x, y)))
    return x / length, y / length


def _triangles(found: list[Centre]) -> Iterator[tuple[Centre, Centre, Centre]]:
    for corner, right, below in permutations(found, 3):
        modules = (corner.module, right.module, below.module)
        if max(modules) > 1.5 * min(modules):
            continue
        a, b = (right.x - corner.x, right.y - corner.y), (below.x - corner.x, below.y - corner.y)
        if a[0] * b[1] - a[1] * b[0] <= 0:  # the other turn is the same triangle
            continue
        one, other = float(np.hypot(*a)), float(np.hypot(*b))
        module = sum(modules) / 3 * max(abs(a[0]), abs(a[1])) / max(one, 1e-6)
        if not 0.7 < one / other < 1.43 or min(one, other) < 11 * module or max(one, other) > 190 * module:
            continue
        if abs(a[0] * b[0] + a[1] * b[1]) < 0.35 * one * other:
            yield corner, right, below
