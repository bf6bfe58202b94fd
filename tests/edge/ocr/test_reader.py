"""Text in pictures is read by a child process, which survives whatever a picture holds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image, ImageDraw, ImageFont

from mailrisk.edge.ocr.reader import OcrReader
from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.model.file import Picture, ReadPicture


@pytest.fixture(scope="module")
def reader() -> Iterator[OcrReader]:
    reader = OcrReader()
    yield reader
    reader.close()


def drawn(*lines: str, mode: str = "RGB") -> bytes:
    """A picture with lines of text."""
    image = Image.new(mode, (520, 60 * len(lines) + 40), "white")
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        pen.text((20, 20 + 60 * number), line, fill="black", font=ImageFont.load_default(28))
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def read(reader: OcrReader, data: bytes) -> ReadPicture:
    return asyncio.run(reader.read(Picture(data, "part 2")))


def test_lines_are_read_from_the_top_with_their_certainty(reader: OcrReader) -> None:
    found = read(reader, drawn("Your mailbox is full", "Verify your password"))
    assert [line for line, _ in found.lines] == ["Your mailbox is full", "Verify your password"]
    assert all(0.5 < sure <= 1 for _, sure in found.lines)
    assert found.artefact == "part 2"


def test_a_picture_without_text_has_no_lines(reader: OcrReader) -> None:
    assert read(reader, drawn("")).lines == ()


def test_grey_and_transparent_pictures_are_read(reader: OcrReader) -> None:
    assert "password" in read(reader, drawn("Your password expires", mode="L")).text
    assert "password" in read(reader, drawn("Your password expires", mode="RGBA")).text


def test_what_is_no_picture_is_refused(reader: OcrReader) -> None:
    with pytest.raises(BadInput):
        read(reader, b"\x89PNG\r\n\x1a\n" + b"x" * 100)


def test_a_picture_that_needs_too_much_memory_leaves_a_reader_that_reads_the_next() -> None:
    reader = OcrReader(memory_bytes=200_000_000)
    try:
        with pytest.raises((Unavailable, BadInput)):
            read(reader, drawn("Your mailbox is full"))
        reader._memory_bytes = 3_000_000_000
        reader._end()
        assert read(reader, drawn("Your mailbox is full")).text == "Your mailbox is full"
    finally:
        reader.close()
