"""Facts about attached documents, and what documents say to their reader."""

from __future__ import annotations

import pytest
from tests.analyse.message.letters import codes, letter
from tests.analyse.message.with_files import opened
from tests.collect.files.papers import (
    LURE,
    chinese_pdf,
    cms,
    docx,
    letter_pdf,
    lnk,
    native_package,
    ole,
    pdf,
    project,
    relationships,
)

from mailrisk.analyse.message import documents
from mailrisk.analyse.message.intent import intents, read_text
from mailrisk.analyse.message.view import MessageView

BINARY = "application/octet-stream"
DROPPER = 'Sub AutoOpen()\nShell "powershell x"\nEnd Sub'
POWERSHELL = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"


def with_file(name: str, data: bytes, text: str = "Hello", **known: str) -> MessageView:
    """A letter with one file."""
    return opened(
        letter("Anna", "anna@partner.example", "Papers", text, files=[(name, BINARY, data)]), **known
    )


LAUNCH = pdf(
    b"<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /Launch /F (cmd.exe) >> >>",
    b"<< /Type /Pages /Kids [] /Count 0 >>",
)
SCRIPT = letter_pdf("Form", catalogue=b"/OpenAction << /S /JavaScript /JS (x) >>")
HELD = docx(parts={"word/embeddings/o.bin": ole({"\x01Ole10Native": native_package("a.js", b"x")})})
TEMPLATE = docx(
    parts={"word/_rels/settings.xml.rels": relationships(("attachedTemplate", "https://t.example/a"))}
)
EQUATION = (
    b"{\\rtf1{\\object{\\*\\objdata 01050000020000000b0000004571756174696f6e2e33000000000000000000100000}}}"
)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.pdf", LAUNCH, "pdf-launches-program"),
        ("a.pdf", SCRIPT, "pdf-script"),
        ("a.pdf", letter_pdf("View", LURE, box="0 0 200 90"), "document-is-button"),
        ("a.docm", docx(parts={"word/vbaProject.bin": ole(project(DROPPER))}), "document-runs-macros"),
        ("a.docm", docx(parts={"word/vbaProject.bin": ole(project("Sub A()\nx = 1\nEnd Sub"))}), "document-macros"),
        ("a.docx", HELD, "document-holds-program"),
        ("a.docx", TEMPLATE, "remote-template"),
        ("a.docx", docx(xml='<w:p><w:fldSimple w:instr="DDEAUTO cmd x"/></w:p>'), "document-dde"),
        ("a.docx", ole({"EncryptedPackage": b"x", "EncryptionInfo": b"x"}), "document-locked"),
        ("a.rtf", EQUATION, "equation-object"),
        ("a.lnk", lnk("-enc AAAAAAAAAAAAAAAAAAAAAAAA", target=POWERSHELL, icon="winword.exe"), "shortcut-hides-command"),
        ("a.lnk", lnk("x", target=POWERSHELL), "shortcut-starts-interpreter"),
        ("a.lnk", lnk(target="\\\\198.51.100.1\\a\\b.pdf"), "link-to-share"),
        ("a.svg", b'<svg xmlns="x"><script>x()</script></svg>', "picture-with-script"),
        ("a.html", b"<script>document.write(atob('PGlucHV0IHR5cGU9cGFzc3dvcmQ+PGlucHV0IHR5cGU9cGFzc3dvcmQ+'))</script>", "page-builds-form"),
        ("a.vcf", b"BEGIN:VCARD\nFN:A\nEND:VCARD", "contact-attached"),
        ("a.p7m", cms(3, b"x"), "content-encrypted"),
    ],
)  # fmt: skip
def test_what_a_file_does_is_told(name: str, data: bytes, code: str) -> None:
    assert code in codes(with_file(name, data))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("invoice.pdf", letter_pdf("Invoice 7 " * 60, "https://www.partner.example/")),
        ("report.docx", docx("Quarterly report", ("hyperlink", "https://www.partner.example/"))),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>'),
        ("page.html", b"<html><body><p>Minutes</p></body></html>"),
    ],
)
def test_honest_files_are_not_remarked_upon(name: str, data: bytes) -> None:
    found = codes(with_file(name, data))
    assert not found & {
        "document-is-button",
        "document-macros",
        "picture-with-script",
        "page-builds-form",
        "pdf-script",
    }


def test_the_text_of_a_document_is_read_for_its_intent() -> None:
    seen = with_file("通知.pdf", chinese_pdf("请扫码填写银行卡信息领取劳动补贴"), "见附件")
    assert "领取劳动补贴" in read_text(seen)
    assert intents(seen).has("subsidy") and intents(seen).has("asks-card", "asks-scan")


def test_only_the_start_of_a_long_document_is_read() -> None:
    seen = with_file("book.docx", docx("word " * 5_000))
    assert len(documents.text_of(seen)) <= documents.TEXT_OF_ONE


def test_a_message_inside_of_a_message_is_somebody_elses_words() -> None:
    inner = b"From: x@y.example\nSubject: s\n\nVerify your account password now"
    seen = with_file("spam.eml", inner)
    assert "message-attached" in codes(seen)
    assert "Verify" not in documents.text_of(seen)


def test_signed_content_is_the_message_itself() -> None:
    inner = b"Content-Type: text/plain\n\nVerify your account password now"
    assert "Verify" in documents.text_of(with_file("smime.p7m", cms(2, inner)))


@pytest.mark.parametrize(
    ("text", "how"), [("-----BEGIN PGP MESSAGE-----\n\nx\n-----END PGP MESSAGE-----", "PGP"), ("Hello", "")]
)
def test_a_sealed_message_is_told(text: str, how: str) -> None:
    assert documents.sealed(opened(letter("A", "a@b.example", "x", text))) == how
