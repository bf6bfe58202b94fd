"""Finder patterns are seen where a code is, turned or inverted, and hardly anywhere else."""

from __future__ import annotations

import random

import pytest
from PIL import Image, ImageDraw, ImageOps
from tools.evaluate.qr_pictures import matrix, plain

from mailrisk.collect.pictures.finder import look_for

CODE = ImageOps.expand(plain(matrix("https://lure.example/", "m"), 6), 40, 255)


@pytest.mark.parametrize("angle", [0, 7, 20, 45, 90, 133, 180, 270])
def test_a_code_is_seen_at_any_angle(angle: int) -> None:
    look = look_for(CODE.rotate(angle, Image.Resampling.BICUBIC, fillcolor=255))
    assert look.finder is not None
    assert look.sure


def test_a_code_of_light_on_dark_is_seen() -> None:
    assert look_for(ImageOps.invert(CODE)).sure


def test_the_corner_is_between_the_other_two() -> None:
    finder = look_for(CODE).finder
    assert finder is not None
    assert finder.right.x - finder.corner.x == pytest.approx(finder.below.y - finder.corner.y, abs=6)
    assert finder.corner.module == pytest.approx(6, abs=1)


def test_one_or_two_patterns_are_no_code() -> None:
    half = CODE.crop((0, 0, CODE.width, CODE.height // 2))
    assert not look_for(half).sure


def test_rings_squares_and_noise_are_no_code() -> None:
    rng = random.Random(5)
    for _ in range(40):
        image = Image.new("L", (300, 300), 255)
        pen = ImageDraw.Draw(image)
        for _ in range(12):
            x, y, side = rng.randrange(260), rng.randrange(260), rng.randrange(6, 60)
            pen.ellipse((x, y, x + side, y + side), outline=0, width=rng.randrange(1, 9))
            pen.rectangle((y, x, y + side, x + side), outline=0, width=rng.randrange(1, 9))
        assert not look_for(image).sure
    assert not look_for(Image.frombytes("L", (400, 400), rng.randbytes(160_000))).sure
