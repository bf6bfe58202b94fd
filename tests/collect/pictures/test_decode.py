"""Pictures are decoded within limits or refused with a reason, whatever they hold."""

from __future__ import annotations

from io import BytesIO
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mailrisk.collect.pictures.decode import decode_picture, is_picture, may_hold_code, size_of
from mailrisk.model.errors import BadInput, TooLarge


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The picture in a format."""
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def stated(width: int, height: int) -> bytes:
    """A PNG whose header states this size."""
    data = bytearray(encoded(Image.new("L", (30, 30)), "PNG"))
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    data[29:33] = crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


SHAPE = Image.linear_gradient("L").resize((60, 40))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_every_format_that_mail_programs_show_is_read(kind: str) -> None:
    data = encoded(SHAPE, kind)
    assert is_picture(data)
    assert size_of(data) == (60, 40)
    (frame,) = decode_picture(data).frames
    assert frame.grey.mode == "L"
    assert frame.grey.size == (60, 40)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_mode_becomes_grey(mode: str) -> None:
    kind = "TIFF" if mode == "CMYK" else "PNG"
    if kind == "TIFF":
        data = encoded(Image.new("CMYK", (40, 40), (0, 0, 0, 255)), "JPEG")
    else:
        data = encoded(
            SHAPE.convert("I").convert(mode) if mode.startswith("I") else SHAPE.convert(mode), kind
        )
    (frame,) = decode_picture(data).frames
    assert frame.grey.mode == "L"


def test_transparent_ground_is_white_and_white_on_transparent_is_seen_over_black() -> None:
    dark = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    dark.paste((0, 0, 0, 255), (10, 10, 20, 20))
    light = Image.new("RGBA", (40, 40), (255, 255, 255, 0))
    light.paste((255, 255, 255, 255), (10, 10, 20, 20))
    assert decode_picture(encoded(dark, "PNG")).frames[0].grey.getextrema() == (0, 255)
    assert decode_picture(encoded(light, "PNG")).frames[0].grey.getextrema() == (0, 255)


def test_a_picture_of_50000_by_50000_pixels_is_refused_unread() -> None:
    with pytest.raises(TooLarge, match="50000 x 50000"):
        decode_picture(stated(50_000, 50_000))


def test_a_jpeg_with_thousands_of_scans_is_refused() -> None:
    data = encoded(SHAPE, "JPEG", progressive=True)
    with pytest.raises(TooLarge, match="scans"):
        decode_picture(data[:-2] + b"\xff\xda\x00\x08" * 1_000 + data[-2:])


def test_a_truncated_picture_is_read_as_far_as_it_goes() -> None:
    data = encoded(Image.effect_noise((200, 200), 50), "PNG")
    picture = decode_picture(data[: len(data) // 2])
    assert picture.frames
    assert picture.defects == ("truncated",)


def test_a_large_photo_is_reduced_while_it_is_read() -> None:
    picture = decode_picture(encoded(Image.new("RGB", (4_000, 3_000), "gray"), "JPEG"))
    assert picture.size == (4_000, 3_000)
    assert max(picture.frames[0].grey.size) < 2_000


def test_of_an_animation_the_first_frames_are_read() -> None:
    frames = [Image.new("L", (40, 40), shade) for shade in range(0, 250, 10)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert [frame.grey.getpixel((5, 5)) for frame in decode_picture(data).frames] == [0, 10, 20]


@pytest.mark.parametrize("size", [(1, 1), (20, 20), (600, 30), (30, 600)])
def test_counting_pixels_and_rules_hold_no_code(size: tuple[int, int]) -> None:
    data = encoded(Image.new("L", size), "PNG")
    assert not may_hold_code(data)
    assert decode_picture(data).frames == ()


def test_pieces_of_any_shape_can_be_wanted() -> None:
    data = encoded(Image.new("L", (600, 10)), "PNG")
    assert decode_picture(data, any_shape=True).frames[0].grey.size == (600, 10)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "WEBP"]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=12),
    st.integers(1, 2_000),
)
def test_changed_and_cut_pictures_are_read_or_refused(
    kind: str, changes: list[tuple[int, int]], end: int
) -> None:
    data = bytearray(encoded(SHAPE, kind))
    for place, value in changes:
        data[place % len(data)] = value
    _read_or_refuse(bytes(data[:end]))


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(
        [
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff\xe0",
            b"GIF89a",
            b"RIFF\0\0\0\0WEBP",
            b"BM\0\0\0\0\0\0\0\0",
            b"",
        ]
    ),
    st.binary(max_size=600),
)
def test_random_bytes_are_refused_with_a_reason(start: bytes, rest: bytes) -> None:
    _read_or_refuse(start + rest)


def _read_or_refuse(data: bytes) -> None:
    may_hold_code(data)
    try:
        decode_picture(data)
    except BadInput as error:
        assert error.reason


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0"}])
@pytest.mark.parametrize(("size", "room"), [((60, 40), True), ((4_000, 30), False), ((20, 20), False)])
def test_the_size_of_a_webp_picture_is_known_without_its_library(
    options: dict[str, object], size: tuple[int, int], room: bool
) -> None:
    data = encoded(SHAPE.convert("RGB").resize(size), "WEBP", **options)
    assert may_hold_code(data) is room
    assert may_hold_code(data[:12] + b"VP8?" + data[16:])  # whose header says no size is worth a look
