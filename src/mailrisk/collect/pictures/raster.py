"""Lines of boxes -> grids -> grey bitmaps, within fixed bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Final, NamedTuple

from PIL import Image, ImageDraw

from mailrisk.collect.pictures.boxes import Box, Line

MODULE: Final = 4
"""Pixels of the narrowest box in a drawn bitmap."""

MOST_SIDE: Final = 1_200
"""Pixels of a bitmap's side; larger drawings are reduced."""

FEWEST_LINES: Final = 11
"""Lines of a drawn code: the smallest Micro QR code has eleven rows."""

MOST_GRIDS: Final = 12
"""Grids of one message that are drawn."""

MOST_TILES: Final = 100
"""Pictures that are put together to one."""

MOST_TILED_PIXELS: Final = 12_000_000

PictureOf = Callable[[str], Image.Image | None]


class Grid(NamedTuple):
    """Consecutive lines of one width."""

    lines: tuple[Line, ...]
    with_pictures: bool


def grids(lines: Sequence[Line]) -> Iterator[Grid]:
    """Consecutive lines that are equally wide, where they may be a code: MOST_GRIDS at most."""
    told = 0
    start = 0
    while start < len(lines) and told < MOST_GRIDS:
        first = lines[start]
        with_pictures = any(box.picture for box in first.boxes)
        end = start + 1
        while end < len(lines) and _alike(first, lines[end], with_pictures):
            end += 1
        grid = Grid(tuple(lines[start:end]), with_pictures)
        if _may_be_code(grid):
            told += 1
            yield grid
        start = end


def _alike(first: Line, other: Line, with_pictures: bool) -> bool:
    """Whether a line goes on with a grid: pictures below pictures, boxes below boxes of the same width."""
    if with_pictures != any(box.picture for box in other.boxes):
        return False
    if with_pictures:
        return len(other.boxes) == len(first.boxes) or len(first.boxes) == 1
    one, two = line_width(first), line_width(other)
    return abs(one - two) <= 0.02 * max(one, two)


def line_width(line: Line) -> float:
    """Pixels where every box states them, else columns."""
    if all(box.width for box in line.boxes):
        return sum(box.width or 0.0 for box in line.boxes)
    return float(sum(box.span for box in line.boxes))


def _may_be_code(grid: Grid) -> bool:
    boxes = sum(len(line.boxes) for line in grid.lines)
    if grid.with_pictures:
        return 2 <= boxes <= MOST_TILES
    if len(grid.lines) < FEWEST_LINES or boxes < 5 * len(grid.lines):
        return False
    shades = [box.shade if box.shade is not None else 255 for line in grid.lines for box in line.boxes]
    return max(shades) - min(shades) >= 12


def draw_grid(grid: Grid) -> Image.Image:
    """A grid of coloured boxes; boxes without a colour are white."""
    stated = all(box.width for line in grid.lines for box in line.boxes)
    widths = [
        [(box.width or 1.0) if stated else float(box.span) for box in line.boxes] for line in grid.lines
    ]
    unit = _unit([width for line in widths for width in line])
    total = max(sum(line) for line in widths)
    scale = min(MODULE / unit, MOST_SIDE / total)
    heights = _heights(grid.lines, unit if stated else 0.0)
    image = Image.new(
        "L", (max(1, round(total * scale)), max(1, min(2 * MOST_SIDE, round(sum(heights) * scale)))), 255
    )
    pen = ImageDraw.Draw(image)
    top = 0.0
    for line, line_widths, height in zip(grid.lines, widths, heights, strict=True):
        left = 0.0
        for box, width in zip(line.boxes, line_widths, strict=True):
            if box.shade is not None and box.shade < 255:
                _fill(
                    pen, left * scale, top * scale, (left + width) * scale, (top + height) * scale, box.shade
                )
            left += width
        top += height
    return image


def _unit(widths: list[float]) -> float:
    """The module: the narrowest width that is no sliver."""
    return max(0.5, min((width for width in widths if width >= 0.5), default=1.0))


def _heights(lines: Sequence[Line], module: float) -> list[float]:
    """The lines' heights in the unit of their widths; without statements as high as a module."""
    stated = [max((box.height or 0.0) for box in line.boxes) for line in lines]
    if not all(stated):
        return [module or 1.0] * len(lines)
    if module:
        return stated
    usual = median(stated)  # Widths are columns: the usual height is one module.
    return [height / usual for height in stated]


def _fill(pen: ImageDraw.ImageDraw, left: float, top: float, right: float, bottom: float, shade: int) -> None:
    x, y, to_x, to_y = round(left), round(top), round(right) - 1, round(bottom) - 1
    if to_x >= x and to_y >= y:
        pen.rectangle((x, y, to_x, to_y), fill=shade)


def draw_placed(boxes: Sequence[Box]) -> Image.Image | None:
    """Boxes that each state their own place; None without any that has a size."""
    sized = [
        box for box in boxes if box.width and box.height and box.left is not None and box.top is not None
    ]
    if len(sized) < FEWEST_LINES:
        return None
    left, top = min(box.left or 0.0 for box in sized), min(box.top or 0.0 for box in sized)
    right = max((box.left or 0.0) + (box.width or 0.0) for box in sized)
    bottom = max((box.top or 0.0) + (box.height or 0.0) for box in sized)
    unit = _unit([min(box.width or 1.0, box.height or 1.0) for box in sized])
    scale = min(MODULE / unit, MOST_SIDE / max(1.0, right - left, bottom - top))
    image = Image.new(
        "L", (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))), 255
    )
    pen = ImageDraw.Draw(image)
    for box in sized:
        x, y = ((box.left or 0.0) - left) * scale, ((box.top or 0.0) - top) * scale
        _fill(pen, x, y, x + (box.width or 0.0) * scale, y + (box.height or 0.0) * scale, box.shade or 0)
    return image


def stitch(grid: Grid, picture_of: PictureOf) -> Image.Image | None:
    """The pictures of a grid put side by side at the size at which the body shows them; None if one is missing."""
    rows: list[list[Image.Image]] = []
    pixels = 0
    for line in grid.lines:
        row: list[Image.Image] = []
        for box in line.boxes:
            if not box.picture:
                continue
            tile = picture_of(box.picture)
            if tile is None:
                return None
            tile = _shown(tile, box)
            pixels += tile.width * tile.height
            if pixels > MOST_TILED_PIXELS:
                return None
            row.append(tile)
        if row:
            rows.append(row)
    if sum(map(len, rows)) < 2:
        return None
    size = (
        max(sum(tile.width for tile in row) for row in rows),
        sum(max(t.height for t in row) for row in rows),
    )
    image = Image.new("L", size, 255)
    top = 0
    for row in rows:
        left = 0
        for tile in row:
            image.paste(tile, (left, top))
            left += tile.width
        top += max(tile.height for tile in row)
    return image


def _shown(tile: Image.Image, box: Box) -> Image.Image:
    """A picture at its stated size."""
    width = round(box.width) if box.width else 0
    height = round(box.height) if box.height else 0
    if not width and not height:
        return tile
    width = width or max(1, round(tile.width * height / tile.height))
    height = height or max(1, round(tile.height * width / tile.width))
    width, height = min(width, 2 * MOST_SIDE), min(height, 2 * MOST_SIDE)
    if (width, height) == tile.size or width * height > tile.width * tile.height * 16:
        return tile
    return tile.resize((width, height), Image.Resampling.BILINEAR)
