"""How a message is built: what it hides, disguises or carries."""

from __future__ import annotations

import pytest
from tests.analyse.message.letters import PIXELS, codes, findings, judged, letter, page, view

from mailrisk.model.verdict import Level

SOMEBODY = "a@somebody.example"


def test_hidden_text_that_outweighs_the_rest_is_told() -> None:
    hidden = "lorem ipsum dolor " * 60
    assert "hidden-text" in codes(
        view(letter("A", SOMEBODY, "x", html=page(f'Hi <div style="display:none">{hidden}</div>')))
    )
    preview = page(f'<div style="display:none">See our offers</div>{"Much to read here. " * 30}')
    assert "hidden-text" not in codes(view(letter("A", SOMEBODY, "x", html=preview)))


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("V\u0435rify your \u0430ccount", "mixed-script-words"),
        ("Ac\u200bcount", "zero-width-salt"),
        ("𝗜𝗺𝗽𝗼𝗿𝘁𝗮𝗻𝘁 notice", "styled-letters"),
        ("invoice\u202efdp.exe", "direction-override"),
        ("Notificação - RfUVZut0T7MXNK", "random-noise"),
    ],
)
def test_disguised_subjects_are_told(subject: str, code: str) -> None:
    assert code in codes(view(letter("A", SOMEBODY, subject, "text")))


@pytest.mark.parametrize(
    "subject", ["Привет, мир", "Καλημέρα", "会议通知", "Your order AB1234567", "می‌خواهم", "👨‍👩‍👧 family"]
)
def test_honest_scripts_and_numbers_are_not(subject: str) -> None:
    told = codes(view(letter("A", SOMEBODY, subject, "text")))
    assert not told & {
        "mixed-script-words",
        "zero-width-salt",
        "styled-letters",
        "direction-override",
        "random-noise",
    }


def test_a_link_that_shows_another_host_is_told() -> None:
    html = page('<a href="http://x.example/a">https://www.bank.example.org/login</a>')
    found = [
        item
        for item in findings(view(letter("A", SOMEBODY, "x", html=html)))
        if item.code == "link-text-differs"
    ]
    assert found[0].data == {"shown": "example.org", "host": "x.example"}
    same = page('<a href="https://login.example.org/a">www.example.org</a>')
    assert "link-text-differs" not in codes(view(letter("A", SOMEBODY, "x", html=same)))


def test_a_form_with_a_password_in_the_mail_is_told() -> None:
    html = page('<form action="http://x.example/p"><input name=p type="password"></form>')
    assert "form-in-mail" in codes(view(letter("A", SOMEBODY, "x", html=html)))
    search = page('<form action="http://x.example/s"><input name=q></form>')
    assert "form-in-mail" not in codes(view(letter("A", SOMEBODY, "x", html=search)))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.exe", b"MZ", "program-attached"),
        ("invoice.pdf.scr", b"MZ", "program-attached"),
        ("invoice.pdf.xyz", b"x", "disguised-attachment"),
        ("doc.html", b"<form><input type=password></form>", "page-with-form-attached"),
        (
            "doc.htm",
            b"<script>x=URL.createObjectURL(new Blob([atob(y)]))</script>",
            "page-with-script-attached",
        ),
        ("logo.svg", b"<svg><script>location.href='http://x'</script></svg>", "page-with-script-attached"),
    ],
)
def test_dangerous_attachments_are_told(name: str, content: bytes, code: str) -> None:
    raw = letter("A", SOMEBODY, "x", "y", files=[(name, "application/octet-stream", content)])
    assert code in codes(view(raw))


@pytest.mark.parametrize(
    "name", ["report.pdf", "photo.jpg", "v1.2.zip", "archive.tar.gz", "notes.final.docx"]
)
def test_plain_attachments_are_not(name: str) -> None:
    raw = letter("A", SOMEBODY, "x", "y", files=[(name, "application/octet-stream", b"x")])
    assert not {item.code for item in findings(view(raw))}


def test_a_locked_archive_with_its_code_in_the_text_is_told() -> None:
    raw = letter(
        "A", SOMEBODY, "工资", "附件查看码：8821", files=[("工资.rar", "application/octet-stream", b"x")]
    )
    assert "locked-archive" in codes(view(raw))


def test_a_picture_with_a_throwaway_link_is_suspicious_and_a_photo_is_not() -> None:
    lure = page('<a href="https://bit.ly/3x"><img src="https://i.example/a.png"></a>')
    photo = letter("Li Hua", SOMEBODY, "Holiday", "Look!", files=[("beach.png", "image/png", PIXELS)])
    assert judged(view(letter("Rewards", SOMEBODY, "x", html=lure))).level is not Level.UNKNOWN
    assert judged(view(photo)).level is Level.UNKNOWN
