"""Codes: the share that is read, by what was done to them; and codes seen where there are none.

All pictures and bodies are synthetic and seeded, labelled so. ``plain_`` is ZXing-C++ alone on the same pictures,
as a baseline: it sees pictures only, never what a body draws.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter
from tools.evaluate.corpora import SPAM, WILD, members
from tools.evaluate.qr_bodies import BODIES
from tools.evaluate.qr_pictures import GEOMETRIC, PICTURES, encoded

from mailrisk.collect.message.parse import parse_message
from mailrisk.collect.pictures.codes import codes_in
from mailrisk.collect.pictures.decode import is_picture
from mailrisk.collect.pictures.drawn import drawn_codes
from mailrisk.model.errors import BadInput

MOST_BYTES = 3_000_000
"""Bytes of a mail whose pictures are looked at."""


def measure(count: int, seed: int, data: Path | None = None) -> dict[str, float]:
    """Recall of each kind over ``count`` codes, and the share of pictures without a code in which one was seen."""
    found: dict[str, float] = {}
    spent = 0.0
    for name, make in PICTURES.items():
        rng = _rng(name, seed)
        read = plain = 0
        for _ in range(count):
            text, image = make(rng)
            picture = encoded(image)
            started = time.process_time()
            read += any(code.payload == text for code in codes_in(picture, "picture").codes)
            spent += time.process_time() - started
            plain += any(item.text == text for item in zxingcpp.read_barcodes(np.asarray(image)))
        found[name] = read / count
        found[f"plain_{name}"] = plain / count
    for name, draw in BODIES.items():
        rng = _rng(name, seed)
        found[name] = sum(_is_drawn(*draw(rng)) for _ in range(count)) / count
    found["geometric"] = sum(found[name] for name in GEOMETRIC) / len(GEOMETRIC)
    found["centre_logo"] = found["logo"]
    found["cpu_ms_a_picture"] = round(1_000 * spent / (count * len(PICTURES)), 2)
    found["false_synthetic"] = _seen(_without_code(_rng("none", seed), count))
    if data is not None:
        pictures = list(_pictures_of_mail(data))
        found["mail_pictures"] = float(len(pictures))
        found["false_in_mail"] = _seen(pictures)
    return found


def _rng(name: str, seed: int) -> random.Random:
    """The same choices in every run."""
    return random.Random(f"{name}{seed}")  # noqa: S311


def _is_drawn(text: str, raw: bytes) -> bool:
    """Whether a body's code is read."""
    return any(code.payload == text for code in drawn_codes(parse_message(raw)).codes)


def _seen(pictures: list[bytes]) -> float:
    """Share of pictures in which a code is seen, read or not."""
    return sum(bool(codes_in(picture, "picture").codes) for picture in pictures) / max(1, len(pictures))


def _without_code(rng: random.Random, count: int) -> list[bytes]:
    """Pictures that hold none: textures, tables, pages of lines, logos of rings and squares."""
    makers = (_texture, _table, _page, _logo)
    return [encoded(makers[number % len(makers)](rng)) for number in range(4 * count)]


def _texture(rng: random.Random) -> Image.Image:
    """Something like a photo: noise at several scales."""
    side = rng.randrange(100, 900)
    sum_of = np.zeros((side, side))
    noise = np.random.default_rng(rng.randrange(2**32))
    for cells in (4, 16, 64):
        layer = Image.fromarray(noise.integers(0, 256, (cells, cells), dtype=np.uint8))
        sum_of += np.asarray(layer.resize((side, side), Image.Resampling.BICUBIC), dtype=float)
    return Image.fromarray((sum_of / 3).astype(np.uint8)).filter(ImageFilter.SHARPEN)


def _table(rng: random.Random) -> Image.Image:
    """A grid of boxes, some filled, some with boxes inside."""
    image = Image.new("L", (rng.randrange(200, 900), rng.randrange(200, 900)), 255)
    pen = ImageDraw.Draw(image)
    cell = rng.randrange(12, 60)
    for y in range(5, image.height - cell, cell):
        for x in range(5, image.width - cell, cell):
            pen.rectangle((x, y, x + cell, y + cell), outline=0, fill=rng.choice((255, 255, 230, 60)))
            if rng.random() < 0.3:
                pen.rectangle((x + cell // 3, y + cell // 3, x + 2 * cell // 3, y + 2 * cell // 3), fill=0)
    return image


def _page(rng: random.Random) -> Image.Image:
    """Lines of words with headings and rules."""
    image = Image.new("L", (rng.randrange(400, 1200), rng.randrange(500, 1600)), 255)
    pen = ImageDraw.Draw(image)
    for y in range(20, image.height - 20, rng.randrange(12, 26)):
        x = 20
        while x < image.width - 30:
            width = rng.randrange(3, 60)
            pen.rectangle((x, y, x + width, y + rng.randrange(4, 10)), fill=rng.randrange(0, 120))
            x += width + rng.randrange(3, 9)
    return image


def _logo(rng: random.Random) -> Image.Image:
    """Rings and squares in one another, one or several in a row or corner."""
    image = Image.new("L", (300, 300), 255)
    pen = ImageDraw.Draw(image)
    for _ in range(rng.randrange(1, 5)):
        x, y, side = rng.randrange(0, 220), rng.randrange(0, 220), rng.randrange(20, 80)
        shape = rng.choice((pen.rectangle, pen.ellipse))
        for step, shade in ((0, 0), (side // 7, 255), (2 * side // 7, 0)):
            shape((x + step, y + step, x + side - step, y + side - step), fill=shade)
    return image


def _pictures_of_mail(data: Path) -> Iterator[bytes]:
    """The different pictures of the corpora; none of them is known to hold a code."""
    seen: set[str] = set()
    for corpus in (*WILD, *SPAM):
        for _, raw in members(data / "mail" / corpus.archive, corpus.prefix):
            if len(raw) > MOST_BYTES or b"image" not in raw:
                continue
            try:
                parts = parse_message(raw).parts
            except BadInput:
                continue
            for part in parts:
                if is_picture(part.payload) and part.sha256 not in seen:
                    seen.add(part.sha256)
                    yield part.payload


def page(figures: dict[str, float]) -> str:
    """The section of the report."""
    lines = [
        "Synthetic: drawn with segno and Pillow, seeded. *ZXing alone* is the library without what is built around it.",
        "",
        "| what was done to the code | read | ZXing alone | goal |",
        "|---|---|---|---|",
    ]
    goals = {"geometric": 0.99, "logo": 0.90, "split": 0.90}
    for name in ("geometric", *PICTURES, *BODIES):
        if name in figures:
            alone = figures.get(f"plain_{name}")
            shown = "" if alone is None else f"{alone:.3f}"
            goal = f"{goals[name]:.2f}" if name in goals else ""
            lines.append(f"| {name.replace('_', ' ')} | {figures[name]:.3f} | {shown} | {goal} |")
    lines += ["", f"Codes seen in synthetic pictures without one: {figures.get('false_synthetic', 0):.4f}."]
    if "false_in_mail" in figures:
        lines.append(
            f"In {figures['mail_pictures']:.0f} different pictures of real mail: {figures['false_in_mail']:.4f}."
        )
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    where = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    for key, value in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100, 4, where).items():
        print(f"{key:24} {value:.4f}")
