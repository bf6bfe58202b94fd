"""PDF documents: text, links, pictures, files, actions, locks, and hostile object graphs."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from pypdf import PdfWriter
from tests.collect.files.papers import LURE, budget, detail, letter_pdf, names, pdf, stream, urls

from mailrisk.collect.files.pdf import read
from mailrisk.model.errors import BadInput

CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R %s >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] %s >>"


def acting(action: bytes) -> bytes:
    """A document that does this when it is opened."""
    return pdf(CATALOGUE % (b"/OpenAction 4 0 R"), PAGES, PAGE % b"", action)


def test_text_and_the_place_of_a_link_are_read() -> None:
    found = read(letter_pdf("Please view the document", LURE), budget())
    assert found.text == "Please view the document"
    assert [(link.url, link.how, link.artefact) for link in found.links] == [
        (LURE, "attachment", "page 1, link 1")
    ]
    assert names(found) == {"uri", "pages"}


@pytest.mark.parametrize("kept", [b"xref", b"trailer", b"startxref", b"%%EOF"])
def test_a_document_that_ends_early_is_read_as_desk_programs_read_it(kept: bytes) -> None:
    whole = letter_pdf("View", LURE)
    found = read(whole[: whole.index(kept)], budget())
    assert [link.url for link in found.links] == [LURE]
    assert found.text == "View"


def test_a_table_that_points_to_the_wrong_place_hides_no_link() -> None:
    whole = letter_pdf("View", LURE)
    found = read(whole[: whole.rindex(b"startxref")] + b"startxref\n9\n%%EOF\n", budget())
    assert [link.url for link in found.links] == [LURE]
    assert any("no usable table" in defect for defect in found.defects)


def test_a_link_over_most_of_the_page_is_told() -> None:
    assert detail(read(letter_pdf("", LURE, box="0 0 200 80"), budget()), "large-link") == "0.80"
    assert "large-link" not in names(read(letter_pdf("x", LURE), budget()))


def test_a_bare_address_in_the_text_is_no_button() -> None:
    found = read(letter_pdf("see https://shop.example/a"), budget())
    assert [(link.url, link.how) for link in found.links] == [("https://shop.example/a", "text")]


def test_a_program_that_is_launched_is_told_with_its_parameters() -> None:
    launch = b"<< /S /Launch /Win << /F (cmd.exe) /P (/c calc) >> >>"
    found = read(acting(launch), budget())
    assert detail(found, "launch-action") == "cmd.exe /c calc"
    assert detail(found, "open-action") == "/Launch"


def test_scripts_and_chained_actions_are_read() -> None:
    found = read(acting(b"<< /S /JavaScript /JS (app.launchURL\\('https://x.example/'\\)) /Next << /S /URI /URI (http://y.example/) >> >>"), budget())  # fmt: skip
    assert "launchURL" in detail(found, "javascript")
    assert urls(found) == ["https://x.example/", "http://y.example/"]


def test_a_form_that_is_sent_and_a_share_are_told() -> None:
    form = read(acting(b"<< /S /SubmitForm /F (https://collect.example/in) >>"), budget())
    assert detail(form, "acroform-submit") == "https://collect.example/in"
    assert [(link.url, link.how) for link in form.links] == [("https://collect.example/in", "form")]
    share = read(acting(b"<< /S /GoToR /F (\\\\\\\\198.51.100.7\\\\share\\\\a.pdf) >>"), budget())
    assert detail(share, "unc-path") == "\\\\198.51.100.7\\share\\a.pdf"


def test_attached_files_are_members() -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_attachment("invoice.js", b"WScript.Echo(1)")
    out = io.BytesIO()
    writer.write(out)
    found = read(out.getvalue(), budget())
    assert detail(found, "embedded-file") == "invoice.js"
    assert [(member.name, member.data) for member in found.members] == [("invoice.js", b"WScript.Echo(1)")]


def locked(user: str) -> bytes:
    """A page behind a password."""
    writer = PdfWriter(clone_from=io.BytesIO(letter_pdf("Secret", LURE)))
    writer.encrypt(user, "owner", algorithm="AES-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_locked_document_opens_with_a_password_of_the_message() -> None:
    found = read(locked("4321"), budget("1234", "4321"))
    assert found.text == "Secret"
    assert names(found) >= {"encrypted", "opened-with-password"}
    assert detail(found, "opened-with-password") == "4321"


def test_a_locked_document_is_told_when_nothing_fits() -> None:
    found = read(locked("4321"), budget("1234"))
    assert names(found) == {"encrypted", "locked"}
    assert not found.text


def test_a_document_that_everybody_may_open_is_not_locked() -> None:
    found = read(locked(""), budget())
    assert names(found) == {"restricted", "uri", "pages"}


@pytest.mark.parametrize(("space", "bits", "sample"), [("DeviceRGB", 8, 3), ("DeviceGray", 8, 1)])
def test_pictures_of_samples_become_png(space: str, bits: int, sample: int) -> None:
    image = b"/Type /XObject /Subtype /Image /Width 40 /Height 40 /BitsPerComponent %d /ColorSpace /%s /Filter /FlateDecode" % (
        bits,
        space.encode(),
    )  # fmt: skip
    data = pdf(
        CATALOGUE % b"",
        PAGES,
        PAGE % b"/Resources << /XObject << /I 4 0 R >> >>",
        stream(zlib.compress(bytes(1_600 * sample)), image),
    )
    (picture,) = read(data, budget()).pictures
    assert picture.data.startswith(b"\x89PNG")
    assert struct.unpack_from(">II", picture.data, 16) == (40, 40)
    assert picture.artefact == "page 1, picture I"


def test_ten_thousand_pages_cost_a_few() -> None:
    pages = [PAGE % b"" for _ in range(10_000)]
    kids = b" ".join(b"%d 0 R" % number for number in range(3, 10_003))
    found = read(pdf(CATALOGUE % b"", b"<< /Type /Pages /Kids [%s] /Count 10000 >>" % kids, *pages), budget())
    assert any(cut.startswith("pages: 10000") for cut in found.cuts)


def test_a_page_tree_that_holds_itself_ends() -> None:
    found = read(
        pdf(CATALOGUE % b"", b"<< /Type /Pages /Kids [2 0 R 2 0 R 3 0 R] /Count 9 >>", PAGE % b""), budget()
    )
    assert "pages" in names(found)


def test_names_and_actions_that_hold_themselves_end() -> None:
    data = pdf(
        CATALOGUE % b"/Names << /JavaScript 4 0 R >> /OpenAction 5 0 R",
        PAGES,
        PAGE % b"",
        b"<< /Kids [4 0 R 4 0 R] >>",
        b"<< /S /URI /URI (https://a.example/) /Next 5 0 R >>",
    )
    assert urls(read(data, budget())) == ["https://a.example/"]


def test_a_bomb_of_content_is_not_unpacked() -> None:
    bomb = stream(zlib.compress(b"q " * 20_000_000, 9), b"/Filter /FlateDecode")
    found = read(pdf(CATALOGUE % b"", PAGES, PAGE % b"/Contents 4 0 R", bomb), budget())
    assert found.defects or found.cuts
    assert not found.text


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"%PDF-1.7\n%%EOF", b"not a pdf", letter_pdf("x")[:300]])
def test_what_is_no_document_is_refused_or_empty(data: bytes) -> None:
    try:
        found = read(data, budget())
    except BadInput:
        return
    assert not found.links
