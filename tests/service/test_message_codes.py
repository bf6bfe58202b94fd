"""Codes in the pictures, documents and bodies of a message go the way of every link."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from zlib import crc32

import pytest
import segno
from PIL import Image
from tests.worlds import world
from tools.evaluate.qr_bodies import BODIES

from mailrisk.edge.ocr.reader import OcrReader
from mailrisk.model.message import Envelope
from mailrisk.model.verdict import Category, Level
from mailrisk.service.assess import Assessment, assess
from mailrisk.service.check_message import answer
from mailrisk.service.readers import Readers

GOAL = "https://lure.example/scan?id=1"
SAMPLE = Path(__file__).parents[1] / "samples" / "pictures" / "subsidy.png"


def code(text: str, kind: str = "png", **options: int) -> bytes:
    """A code as a file."""
    out = BytesIO()
    segno.make(text, error="m").save(out, kind=kind, **({"scale": 5} | options))
    return out.getvalue()


def assessed(tmp_path: Path, raw: bytes) -> Assessment:
    """The assessment of one message in a small world."""
    with world(tmp_path) as context:
        return asyncio.run(assess(context, raw, Envelope()))


def mail(*files: tuple[str, str, bytes]) -> bytes:
    """A message with attachments: (name, type, content)."""
    message = EmailMessage()
    message["From"] = "a@sender.example"
    message["To"] = "b@reader.example"
    message.set_content("See the picture.")
    for name, content_type, data in files:
        main, _, sub = content_type.partition("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def pdf_of(image: Image.Image) -> bytes:
    """A page that shows a picture."""
    out = BytesIO()
    page = Image.new("L", (1000, 1400), 255)
    page.paste(image, (300, 300))
    page.save(out, "PDF", resolution=120)
    return out.getvalue()


def test_the_address_in_a_picture_is_a_link_of_the_message(tmp_path: Path) -> None:
    found = assessed(tmp_path, mail(("code.png", "image/png", code(GOAL))))
    assert [(item.payload, item.kind, item.artefact) for item in found.codes] == [
        (GOAL, "url", "part 2, QR code 1")
    ]
    assert [(item.link.url, item.link.how) for item in found.urls] == [(GOAL, "qr")]


@pytest.mark.parametrize("way", sorted(BODIES))
def test_a_code_that_the_body_draws_is_read_as_its_reader_sees_it(tmp_path: Path, way: str) -> None:
    text, raw = BODIES[way](random.Random(11))
    found = assessed(tmp_path, raw)
    assert text in {item.payload for item in found.codes}
    assert text in {item.link.url for item in found.urls if item.link.how == "qr"}


def test_a_code_on_a_page_of_a_pdf_is_found(tmp_path: Path) -> None:
    with Image.open(BytesIO(code(GOAL))) as image:
        raw = mail(("letter.pdf", "application/pdf", pdf_of(image.convert("L"))))
    found = assessed(tmp_path, raw)
    assert [item.payload for item in found.codes] == [GOAL]
    assert "letter.pdf" in found.codes[0].artefact


def test_a_code_that_a_pdf_draws_with_lines_is_found(tmp_path: Path) -> None:
    raw = mail(("letter.pdf", "application/pdf", code(GOAL, kind="pdf", scale=4)))
    found = assessed(tmp_path, raw)
    assert [(item.payload, item.drawn, item.artefact) for item in found.codes] == [
        (GOAL, "pdf", "attachment letter.pdf, page 1, QR code 1")
    ]


def test_a_code_in_a_picture_that_is_locked_away_in_an_archive_is_found(tmp_path: Path) -> None:
    import zipfile

    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("inside/code.png", code(GOAL))
    found = assessed(tmp_path, mail(("a.zip", "application/zip", out.getvalue())))
    assert [item.artefact for item in found.codes] == ["attachment a.zip > inside/code.png, QR code 1"]


def test_a_picture_that_is_too_large_is_told_and_not_decoded(tmp_path: Path) -> None:
    bomb = bytearray(code(GOAL))
    bomb[16:24] = (50_000).to_bytes(4, "big") * 2
    bomb[29:33] = crc32(bomb[12:29]).to_bytes(4, "big")
    found = assessed(tmp_path, mail(("code.png", "image/png", bytes(bomb))))
    assert not found.codes
    assert any("50000 x 50000" in cut for cut in found.cuts)


def test_counting_pixels_and_plain_mail_are_not_opened(tmp_path: Path) -> None:
    out = BytesIO()
    Image.new("RGB", (1, 1)).save(out, "GIF")
    found = assessed(tmp_path, mail(("pixel.gif", "image/gif", out.getvalue())))
    assert not found.codes
    assert not found.cuts


def test_the_answer_shows_codes_and_no_secret(tmp_path: Path) -> None:
    raw = mail(
        ("link.png", "image/png", code(GOAL)),
        ("factor.png", "image/png", code("otpauth://totp/a?secret=JBSWY3DPEHPK3PXP")),
    )
    given = answer("-", assessed(tmp_path, raw))
    assert [(item.kind, item.payload, item.where) for item in given.codes] == [
        ("url", GOAL, "part 2, QR code 1"),
        ("otp", "", "part 3, QR code 1"),
    ]
    assert "JBSWY3DPEHPK3PXP" not in str(given)


def test_a_lure_that_stands_in_a_picture_is_read_and_convicts(tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"] = "人力资源部 <hr0091@163.com>"
    message["To"] = "b@reader.example"
    message["Subject"] = "通知"
    message.set_content("见图")
    message.add_attachment(SAMPLE.read_bytes(), "image", "png", filename="1.png")
    reader = OcrReader()
    try:
        with world(tmp_path) as context:
            seeing = replace(context, readers=Readers(ocr=reader))
            found = asyncio.run(assess(seeing, message.as_bytes(), Envelope()))
    finally:
        reader.close()
    assert "ocr" in found.stages
    assert {"subsidy", "asks-scan", "qr-link", "lure-in-picture"} <= {item.code for item in found.evidence}
    assert found.verdict.level is Level.MALICIOUS
    assert found.verdict.category is Category.IMAGE_TEXT_LURE
