"""Codes in pictures are read in the forms in which they come by mail."""

from __future__ import annotations

import random
from io import BytesIO
from pathlib import Path

import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from tools.evaluate.qr_pictures import PICTURES, encoded, matrix, plain

from mailrisk.collect.pictures.codes import codes_in

GOAL = "https://lure.example/scan"
SAMPLES = Path(__file__).parents[2] / "samples" / "pictures"


@pytest.mark.parametrize("name", sorted(set(PICTURES) - {"careless_logo"}))
def test_a_code_is_read_whatever_was_done_to_it(name: str) -> None:
    rng = random.Random(f"test {name}")
    read = 0
    for _ in range(8):
        text, image = PICTURES[name](rng)
        read += any(code.payload == text for code in codes_in(encoded(image), "part 1").codes)
    assert read >= 7


def test_the_sample_of_a_chinese_lure_is_read() -> None:
    (code,) = codes_in((SAMPLES / "subsidy.png").read_bytes(), "part 2").codes
    assert (code.payload, code.kind, code.symbology) == ("https://k7x-portal.example/bt?id=93", "url", "qr")
    assert (code.drawn, code.artefact) == ("picture", "part 2, QR code 1")


@pytest.mark.parametrize(
    ("form", "symbology"),
    [("DataMatrix", "data-matrix"), ("Aztec", "aztec"), ("MicroQRCode", "micro-qr"), ("RMQRCode", "rmqr")],
)
def test_other_symbologies_are_read(form: str, symbology: str) -> None:
    text = "HTTP://A.EXAMPLE" if form == "MicroQRCode" else GOAL
    made = zxingcpp.create_barcode(text, zxingcpp.barcode_format_from_str(form))
    image = Image.fromarray(made.to_image(scale=5))
    assert [(code.payload, code.symbology) for code in codes_in(encoded(image), "p").codes] == [
        (text, symbology)
    ]


def test_several_codes_of_one_picture_are_told_each() -> None:
    image = Image.new("L", (700, 300), 255)
    image.paste(plain(matrix(GOAL, "m"), 5), (10, 10))
    image.paste(plain(matrix("WIFI:T:WPA;S:a;P:b;;", "m"), 5), (350, 10))
    assert {code.kind for code in codes_in(encoded(image), "p").codes} == {"url", "wifi"}


def test_a_code_in_a_later_frame_of_an_animation_is_read() -> None:
    code = plain(matrix(GOAL, "m"), 5)
    out = BytesIO()
    Image.new("L", code.size, 255).save(out, "GIF", save_all=True, append_images=[code])
    assert [code.payload for code in codes_in(out.getvalue(), "p").codes] == [GOAL]


def test_white_on_transparent_is_read() -> None:
    out = BytesIO()
    segno.make(GOAL).save(out, kind="png", scale=5, dark="white", light=None)
    assert [code.payload for code in codes_in(out.getvalue(), "p").codes] == [GOAL]


def test_a_code_that_cannot_be_read_is_told_without_payload() -> None:
    image = plain(matrix(GOAL, "l"), 8)
    pen = ImageDraw.Draw(image)
    for y in range(100, 240, 16):
        pen.rectangle((96, y, image.width - 33, y + 7), fill=0)
    (code,) = codes_in(encoded(image), "part 3").codes
    assert (code.payload, code.kind, code.symbology) == ("", "", "qr")


def test_pictures_without_a_code_show_none() -> None:
    chart = Image.new("RGB", (500, 400), "white")
    pen = ImageDraw.Draw(chart)
    for number in range(10):
        pen.rectangle((20 + 45 * number, 380 - 30 * number, 50 + 45 * number, 380), fill="navy")
    board = Image.new("L", (400, 400), 255)
    pen = ImageDraw.Draw(board)
    for x in range(8):
        for y in range(x % 2, 8, 2):
            pen.rectangle((50 * x, 50 * y, 50 * x + 49, 50 * y + 49), fill=0)
    for image in (chart, board, Image.linear_gradient("L"), Image.radial_gradient("L")):
        assert codes_in(encoded(image), "p").codes == ()


def test_what_was_cut_or_damaged_is_told() -> None:
    found = codes_in(b"\x89PNG\r\n\x1a\n" + b"\0" * 60, "p")
    assert found.codes == ()
    assert found.defects


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 160), st.integers(1, 160), st.integers(0, 2**32))
def test_noise_of_any_shape_is_looked_at_without_error(width: int, height: int, seed: int) -> None:
    image = Image.frombytes("L", (width, height), random.Random(seed).randbytes(width * height))
    assert all(code.payload == "" for code in codes_in(encoded(image), "p").codes)
