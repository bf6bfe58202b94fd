"""Seeded pictures of QR codes as they come in mail: turned, skewed, blurred, with logos, coloured, cut, drawn."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import segno
from PIL import Image, ImageDraw, ImageFilter, ImageOps

Matrix = list[list[bool]]


def payload(rng: random.Random) -> str:
    """A link of the lengths that lures have."""
    words = "login verify account mail hr tax subsidy portal docs share pay update secure form view".split()
    host = f"{rng.choice(words)}-{rng.randrange(10_000)}.example"
    path = "/".join(rng.choice(words) for _ in range(rng.randrange(1, 4)))
    query = f"?id={rng.getrandbits(rng.choice((32, 64, 128, 256))):x}" if rng.random() < 0.6 else ""
    return f"https://{host}/{path}{query}"


def matrix(text: str, error: str, *, boost: bool = True) -> Matrix:
    """The modules of a code without its quiet zone."""
    return [[bool(cell) for cell in row] for row in segno.make(text, error=error, boost_error=boost).matrix]


def plain(cells: Matrix, scale: int, quiet: int = 4) -> Image.Image:
    """Black on white."""
    side = len(cells)
    small = Image.new("L", (side + 2 * quiet, side + 2 * quiet), 255)
    for y, row in enumerate(cells):
        for x, dark in enumerate(row):
            if dark:
                small.putpixel((x + quiet, y + quiet), 0)
    return small.resize((small.width * scale, small.height * scale), Image.Resampling.NEAREST)


def random_code(rng: random.Random, errors: str = "LMQH") -> tuple[str, Image.Image]:
    """A code and what it says."""
    text = payload(rng)
    return text, plain(matrix(text, rng.choice(errors)), rng.randrange(3, 9), rng.choice((1, 2, 4)))


def rotation(rng: random.Random) -> tuple[str, Image.Image]:
    """Turned by any angle."""
    text, image = random_code(rng)
    return text, image.rotate(rng.uniform(0, 360), Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def perspective(rng: random.Random) -> tuple[str, Image.Image]:
    """Seen from the side: each corner moved by up to 12 % of the side."""
    text, image = random_code(rng)
    w, h = image.size
    image = ImageOps.expand(image, w // 6, 255)
    side = image.width

    def moved(x: float, y: float) -> tuple[float, float]:
        return x + rng.uniform(-0.12, 0.12) * w, y + rng.uniform(-0.12, 0.12) * h

    m = w // 6
    goal = [moved(m, m), moved(side - m, m), moved(side - m, side - m), moved(m, side - m)]
    source = [(m, m), (side - m, m), (side - m, side - m), (m, side - m)]
    return text, image.transform(
        image.size,
        Image.Transform.PERSPECTIVE,
        _coefficients(goal, source),
        Image.Resampling.BICUBIC,
        fillcolor=255,
    )


def _coefficients(goal: list[tuple[float, float]], source: list[tuple[int, int]]) -> list[float]:
    """The eight numbers of the projective map from ``goal`` to ``source``."""
    import numpy as np

    rows = []
    for (x, y), (u, v) in zip(goal, source, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    wanted = np.array([value for point in source for value in point], dtype=float)
    return [float(value) for value in np.linalg.solve(np.array(rows, dtype=float), wanted)]


def blur(rng: random.Random) -> tuple[str, Image.Image]:
    """Out of focus by up to a module's half."""
    text = payload(rng)
    scale = rng.randrange(3, 9)
    image = plain(matrix(text, rng.choice("LMQH")), scale)
    return text, image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.5) * scale))


def scaled(rng: random.Random) -> tuple[str, Image.Image]:
    """Brought to an odd size: between 2.2 and 12 pixels a module."""
    text = payload(rng)
    image = plain(matrix(text, rng.choice("LMQH")), 8)
    factor = rng.uniform(2.2, 12) / 8
    return text, image.resize(
        (round(image.width * factor), round(image.height * factor)), Image.Resampling.BILINEAR
    )


def jpeg(rng: random.Random) -> tuple[str, Image.Image]:
    """Compressed hard."""
    text, image = random_code(rng)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=rng.randrange(8, 60))
    return text, Image.open(io.BytesIO(out.getvalue())).convert("L")


def in_page(rng: random.Random) -> tuple[str, Image.Image]:
    """Small on a large page of text lines and boxes."""
    text, image = random_code(rng)
    page = Image.new("L", (rng.randrange(700, 1600), rng.randrange(900, 2000)), 255)
    draw = ImageDraw.Draw(page)
    for y in range(20, page.height - 20, 18):
        x = 20
        while x < page.width - 40:
            length = rng.randrange(8, 60)
            draw.rectangle((x, y, min(x + length, page.width - 20), y + 8), fill=rng.randrange(0, 90))
            x += length + 8
    where = rng.randrange(0, page.width - image.width), rng.randrange(0, page.height - image.height)
    page.paste(image, where)
    return text, page


def logo(rng: random.Random) -> tuple[str, Image.Image]:
    """A picture over the centre, as large as designers make it for the level of correction that they choose."""
    shares = {"L": (0.10, 0.16), "M": (0.12, 0.24), "Q": (0.15, 0.30), "H": (0.18, 0.35)}
    return _with_logo(rng, shares)


def careless_logo(rng: random.Random) -> tuple[str, Image.Image]:
    """A picture over the centre of any size up to 0.3 of the side, whatever the level: some are beyond repair."""
    return _with_logo(rng, dict.fromkeys("LMQH", (0.15, 0.30)))


def _with_logo(rng: random.Random, shares: dict[str, tuple[float, float]]) -> tuple[str, Image.Image]:
    """The centre covered by a share of the side that the level of correction names."""
    text = payload(rng)
    error = rng.choice("".join(shares))
    cells = matrix(text, error, boost=False)
    scale, share = rng.randrange(4, 10), shares[error]
    image = plain(cells, scale).convert("RGB")
    side = int(len(cells) * scale * rng.uniform(*share))
    middle = image.width // 2
    draw = ImageDraw.Draw(image)
    box = (middle - side // 2, middle - side // 2, middle + side // 2, middle + side // 2)
    colour = tuple(rng.randrange(0, 256) for _ in range(3))
    shape = rng.choice((draw.rectangle, draw.ellipse))
    draw.rectangle(box, fill=(255, 255, 255)) if rng.random() < 0.6 else None
    shape((box[0] + scale, box[1] + scale, box[2] - scale, box[3] - scale), fill=colour)
    inner = side // 4
    draw.ellipse((middle - inner, middle - inner, middle + inner, middle + inner), fill=(255, 255, 255))
    return text, image


def dots(rng: random.Random) -> tuple[str, Image.Image]:
    """Modules as dots, finder patterns as rings: codes of designers."""
    text = payload(rng)
    cells = matrix(text, rng.choice("MQH"))
    scale, side = rng.randrange(6, 13), len(cells)
    size = rng.uniform(0.62, 0.95)
    image = Image.new("L", ((side + 8) * scale, (side + 8) * scale), 255)
    draw = ImageDraw.Draw(image)
    for y, row in enumerate(cells):
        for x, dark in enumerate(row):
            eye = (x < 7 and y < 7) or (x >= side - 7 and y < 7) or (x < 7 and y >= side - 7)
            if dark:
                left, top = (x + 4) * scale, (y + 4) * scale
                gap = 0.0 if eye else (1 - size) * scale / 2
                box = (left + gap, top + gap, left + scale - 1 - gap, top + scale - 1 - gap)
                (draw.rectangle if eye else draw.ellipse)(box, fill=0)
    return text, image


def inverted(rng: random.Random) -> tuple[str, Image.Image]:
    """Light on dark."""
    text, image = random_code(rng)
    return text, ImageOps.invert(image)


def coloured(rng: random.Random) -> tuple[str, Image.Image]:
    """Two colours, some of nearly the same brightness."""
    text, image = random_code(rng)
    dark = tuple(rng.randrange(0, 120) for _ in range(3))
    light = tuple(rng.randrange(190, 256) for _ in range(3))
    if rng.random() < 0.3:  # equal brightness, other colour
        dark, light = rng.choice(
            (((220, 30, 30), (60, 140, 60)), ((30, 60, 220), (110, 60, 30)), ((200, 0, 120), (0, 150, 90)))
        )
    return text, ImageOps.colorize(image, dark, light)


def low_contrast(rng: random.Random) -> tuple[str, Image.Image]:
    """Grey on grey."""
    text, image = random_code(rng)
    low = rng.randrange(20, 200)
    high = min(255, low + rng.randrange(18, 50))
    return text, image.point(lambda value: high if value > 127 else low)


def noisy(rng: random.Random) -> tuple[str, Image.Image]:
    """With salt and pepper."""
    text, image = random_code(rng, "MQH")
    for _ in range(image.width * image.height // 40):
        image.putpixel((rng.randrange(image.width), rng.randrange(image.height)), rng.choice((0, 255)))
    return text, image


def no_quiet_zone(rng: random.Random) -> tuple[str, Image.Image]:
    """Cut to the code's rim, on a dark ground or none."""
    text = payload(rng)
    image = plain(matrix(text, rng.choice("LMQH")), rng.randrange(3, 9), 0)
    return text, ImageOps.expand(image, rng.randrange(0, 30), rng.randrange(60, 256))


PICTURES: dict[str, Callable[[random.Random], tuple[str, Image.Image]]] = {
    "rotation": rotation,
    "perspective": perspective,
    "blur": blur,
    "scale": scaled,
    "jpeg": jpeg,
    "page": in_page,
    "logo": logo,
    "careless_logo": careless_logo,
    "dots": dots,
    "inverted": inverted,
    "coloured": coloured,
    "low_contrast": low_contrast,
    "noise": noisy,
    "no_quiet_zone": no_quiet_zone,
}
GEOMETRIC = ("rotation", "perspective", "blur", "scale", "jpeg")


def encoded(image: Image.Image) -> bytes:
    """The picture as PNG."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
