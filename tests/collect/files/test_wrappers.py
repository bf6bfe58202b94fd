"""Calendars, contacts, messages in files, TNEF, S/MIME, PGP, Outlook messages."""

from __future__ import annotations

import struct

import pytest
from tests.collect.files.papers import LURE, budget, cms, der, detail, names, ole, project, tnef, urls

from mailrisk.collect.files import content_lines, mailfile, msg, pgp, smime, xmlfile
from mailrisk.collect.files import tnef as wrapper
from mailrisk.model.errors import BadInput

INVITATION = f"""BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
ORGANIZER;CN="HR: payroll":mailto:hr@office.example
SUMMARY:Salary \\, review
DESCRIPTION:Confirm your account at htt
 ps://login.evil.example/doc\\nthanks
URL:{LURE}
ATTACH;ENCODING=BASE64;VALUE=BINARY:AAAA
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n").encode()


def test_an_invitation_gives_organiser_method_text_and_links() -> None:
    found = content_lines.read_calendar(INVITATION, budget())
    assert found.text == "Salary , review\nConfirm your account at https://login.evil.example/doc\nthanks"
    assert detail(found, "organizer") == "hr@office.example"
    assert detail(found, "method") == "REQUEST"
    assert [(link.url, link.artefact) for link in found.links] == [(LURE, "event 1, link 1")]
    assert names(found) == {"calendar", "method", "organizer", "events", "embedded-file"}


def test_a_card_gives_what_it_shows() -> None:
    card = b"BEGIN:VCARD\nVERSION:2.1\nitem1.FN;ENCODING=QUOTED-PRINTABLE:=E5=BC=A0=E4=B8=89\nURL:www.example.com\nEND:VCARD"
    found = content_lines.read_card(card, budget())
    assert (found.text, urls(found), names(found)) == ("张三", ["http://www.example.com"], {"contact"})


def test_other_text_is_no_calendar_and_no_card() -> None:
    for read in (content_lines.read_calendar, content_lines.read_card):
        with pytest.raises(BadInput):
            read(b"hello", budget())


MAIL = b"From: a@b.example\nSubject: Notice\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nsee https://a.example/1\n--x\nContent-Type: application/pdf; name=a.pdf\n\n%PDF-1\n--x--\n"


def test_a_message_as_a_file_gives_text_links_and_parts() -> None:
    found = mailfile.read(MAIL, budget())
    assert found.text.startswith("Notice")
    assert urls(found) == ["https://a.example/1"]
    assert [member.name for member in found.members] == ["a.pdf"]
    assert detail(found, "message") == "mail"


def test_a_web_archive_with_macros_is_read() -> None:
    import base64
    import zlib

    macros = ole(project('Sub AutoOpen()\nShell "calc"\nEnd Sub', root="Macros/"))
    active = b"ActiveMime" + b"\0" * 40 + zlib.compress(macros)
    archive = (
        b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\nContent-Type: text/html\n\n<p>Hi</p>\n--x\n"
        b"Content-Type: application/x-mso\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(active)
        + b"--x--\n"
    )
    assert {"macros", "macro-autoexec"} <= names(mailfile.read(archive, budget()))
    flat = (
        b'<?mso-application progid="Word.Document"?><w:binData w:name="editdata.mso">'
        + base64.b64encode(active)
        + b"</w:binData>"
    )
    assert {"flat-office", "macros", "macro-autoexec"} <= names(xmlfile.read(flat, budget()))


def properties(*values: tuple[int, int, bytes]) -> bytes:
    """MAPI properties: (type, identifier, value), of variable length."""
    out = struct.pack("<I", len(values))
    for kind, identifier, value in values:
        out += struct.pack("<HHII", kind, identifier, 1, len(value)) + value + b"\0" * (-len(value) % 4)
    return out


def test_tnef_gives_body_and_attachments() -> None:
    html = properties((0x102, 0x1013, f'<a href="{LURE}">Open</a>'.encode()))
    found = wrapper.read(
        tnef(
            (1, 0x00018004, b"Salary\0"),
            (1, 0x00069003, html),
            (2, 0x00069002, b"\0" * 14),
            (2, 0x0006800F, b"%PDF-1.4"),
            (2, 0x00069005, properties((0x1F, 0x3707, "工资.pdf".encode("utf-16-le") + b"\0\0"))),
        ),
        budget(),
    )
    assert found.text == "Salary\nOpen"
    assert urls(found) == [LURE]
    assert [(member.name, member.data) for member in found.members] == [("工资.pdf", b"%PDF-1.4")]
    assert detail(found, "wrapper") == "tnef"


def test_tnef_that_promises_too_much_ends() -> None:
    data = tnef((1, 0x00069003, struct.pack("<IHHI", 0xFFFFFFFF, 0x101F, 0x9000, 0xFFFFFFFF)))
    assert wrapper.read(data + b"\x02\x0f\x80\x06\x00\xff\xff\xff\xff", budget()).defects == (
        "an attribute runs past the end",
    )


def test_signed_content_goes_on_and_encrypted_content_is_told() -> None:
    signed = smime.read(cms(2, b"Content-Type: text/plain\n\nHello"), budget())
    assert [(member.name, member.data) for member in signed.members] == [
        ("signed content.eml", b"Content-Type: text/plain\n\nHello")
    ]
    assert names(smime.read(cms(3, b"x"), budget())) == {"wrapper", "encrypted"}
    assert names(smime.read(cms(2), budget())) == {"wrapper", "detached-signature"}


def test_signed_content_in_pieces_of_unknown_length_is_joined() -> None:
    oid = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07"
    pieces = b"\x24\x80" + der(0x04, b"Hel") + der(0x04, b"lo") + b"\0\0"
    inside = b"\x30\x80" + der(0x06, oid + b"\x01") + b"\xa0\x80" + pieces + b"\0\0" + b"\0\0"
    body = b"\x30\x80" + der(0x02, b"\x01") + der(0x31) + inside + b"\0\0"
    data = b"\x30\x80" + der(0x06, oid + b"\x02") + b"\xa0\x80" + body + b"\0\0" + b"\0\0"
    assert [member.data for member in smime.read(data, budget()).members] == [b"Hello"]


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x30\x80" * 1_000, b"\x1f" * 100, der(0x30, der(0x06, b"\x2a"))]
)
def test_what_is_no_cms_object_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        smime.read(data, budget())


def test_pgp_is_told_and_clear_text_is_read() -> None:
    clear = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nsee https://a.example/x\n-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----"
    assert (pgp.read(clear, budget()).text, detail(pgp.read(clear, budget()), "wrapper")) == (
        "see https://a.example/x", "pgp signed message",
    )  # fmt: skip
    assert "encrypted" in names(pgp.read(b"-----BEGIN PGP MESSAGE-----\n\nhQ", budget()))
    assert "encrypted" in names(pgp.read(b"\x85\x01\x0c\x03", budget()))
    with pytest.raises(BadInput):
        pgp.read(b"hello", budget())


def test_an_outlook_message_gives_subject_body_and_attachments() -> None:
    def text(words: str) -> bytes:
        return words.encode("utf-16-le").ljust(5_000, b"\0")

    root = "__substg1.0_"
    inner = "__attach_version1.0_#00000001/__substg1.0_3701000D"
    found = msg.read(
        ole(
            {
                "__properties_version1.0": b"",
                f"{root}0037001F": text("Salary"),
                f"{root}1000001F": text(f"Open {LURE}"),
                f"__attach_version1.0_#00000000/{root}3707001F": text("a.pdf"),
                f"__attach_version1.0_#00000000/{root}37010102": b"%PDF-1.4",
                f"{inner}/{root}0037001F": text("Inner"),
            }
        ),
        budget(),
    )
    assert found.text == f"Salary\nOpen {LURE}\nInner"
    assert urls(found) == [LURE]
    assert found.members[0].name == "a.pdf" and found.members[0].data.startswith(b"%PDF")
    assert names(found) == {"message", "nested-message"}
