"""Messages as mail programs show them, also when they are broken."""

from __future__ import annotations

import base64
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.collect.message.limits import Limits
from mailrisk.collect.message.parse import parse_message
from mailrisk.model.errors import BadInput, TooLarge
from mailrisk.model.message import Address, Message

SHARED = Path(__file__).parents[4] / "shared/data/vectors/mime4j.tar.xz"

ALTERNATIVE = b"""\
From: =?UTF-8?B?6LSi5Yqh6YOo?= <Finance@Corp.EXAMPLE>
To: a@b.example, "Doe, John" <john@b.example>
Subject: =?gb2312?B?zsLKqrbI?= =?gb2312?B?0qO/2A==?=
Date: Sat, 23 Jul 2005 08:57:06 +0800
Message-ID: <1@corp.example>
List-Unsubscribe: <https://corp.example/leave?u=1>, <mailto:x@corp.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

preamble
--outer
Content-Type: multipart/alternative; boundary="inner"

--inner
Content-Type: text/plain; charset=utf-8

plain http://plain.example/a
--inner
Content-Type: text/html; charset=utf-8

<p>Shown <a href="http://shown.example/b">click</a><span style="display:none">secret</span></p>
--inner--
--outer
Content-Type: application/pdf; name="=?utf-8?B?6LSm5Y2VLnBkZg==?="
Content-Disposition: attachment; filename*=utf-8''%E8%B4%A6%E5%8D%95.pdf
Content-Transfer-Encoding: base64

JVBERi0=
--outer
Content-Type: message/rfc822

From: inner@c.example
Subject: nested

See www.nested.example/x.
--outer--
epilogue
"""


def parse(raw: bytes, **limits: int) -> Message:
    return parse_message(raw, Limits(**limits))


def body(text: bytes, content_type: bytes = b"text/html; charset=utf-8") -> Message:
    return parse(b"From: a@b.example\nContent-Type: " + content_type + b"\n\n" + text)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_a_whole_message_is_read_with_any_line_end(ending: bytes) -> None:
    message = parse(ALTERNATIVE.replace(b"\n", ending))
    assert message.from_ == (Address("财务部", "Finance@corp.example"),)
    assert message.to == (Address("", "a@b.example"), Address("Doe, John", "john@b.example"))
    assert message.subject == "温湿度遥控"
    assert message.date == datetime(2005, 7, 23, 0, 57, 6, tzinfo=UTC)
    assert message.message_id == "1@corp.example"
    assert message.text == "Shown click"
    assert message.hidden_text == "secret"
    assert [part.path for part in message.parts] == ["1.1", "1.2", "2", "3"]
    assert message.parts[2].filename == "账单.pdf"
    assert message.parts[2].payload == b"%PDF-"
    assert [(link.url, link.how, link.artefact, link.text) for link in message.links] == [
        ("https://corp.example/leave?u=1", "header", "header List-Unsubscribe", ""),
        ("http://plain.example/a", "text", "part 1.1, link 1", ""),
        ("http://shown.example/b", "a", "part 1.2, link 1", "click"),
    ]
    (nested,) = message.nested
    assert (nested.subject, nested.links[0].url, nested.links[0].artefact) == (
        "nested", "www.nested.example/x", "part 3.1, link 1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\r\n", "empty"),
        (b"hello world", "no mail header"),
        (b"<?xml version='1.0'?><a/>", "no mail header"),
        (b'{"from": "a"}', "no mail header"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ".msg"),
        (bytes(range(256)) * 10, "no mail header"),
    ],
)
def test_what_is_no_message_is_refused_with_a_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(raw)
    assert caught.value.field == "message"
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    "before", [b"\n\n", b"\xef\xbb\xbf", b"From a@b Mon Jan  1 00:00:00 2024\n", b">From a@b\n"]
)
def test_what_mail_stores_put_before_a_message_is_passed_over(before: bytes) -> None:
    assert parse(before + b"From: a@b.example\nSubject: x\n\nhi").subject == "x"


def test_a_message_stored_as_utf16_is_read() -> None:
    message = parse("From: a@b.example\nSubject: 你好\n\n内容".encode("utf-16"))
    assert (message.subject, message.text) == ("你好", "内容")


def test_a_message_without_a_body_is_a_message() -> None:
    message = parse(b"From: a@b.example\nSubject: nothing here")
    assert (message.subject, message.text, message.links) == ("nothing here", "", ())


def test_too_large_is_its_own_error() -> None:
    with pytest.raises(TooLarge):
        parse(b"From: a@b.example\n\n" + b"x" * 100, total_bytes=50)


@pytest.mark.parametrize(
    ("content", "defect"),
    [
        (b"Content-Type: multipart/mixed\n\n--q\n\nhttp://a.example/\n--q--", "without a boundary"),
        (b"Content-Type: multipart/mixed; boundary=x\n\nhttp://a.example/", "does not occur"),
        (b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nhttp://a.example/", "without an end"),
        (b"Content-Type: text\n\nhttp://a.example/", ""),
        (b"no colon here\nhttp://a.example/", "without an empty line"),
        (b"Content-Type: text/plain\nContent-Type: text/html\n\nhttp://a.example/", "given twice"),
        (b"Content-Transfer-Encoding: x-gzip64\n\nhttp://a.example/", "unknown"),
        (b"Content-Transfer-Encoding: base64\n\naHR0cDovL2EuZXhhbXBsZS8=*!IGhp", "damaged base64"),
        (b"Content-Type: text/plain; charset=klingon\n\nhttp://a.example/ \xff\xfe\xfd", "klingon"),
    ],
)
def test_broken_mime_is_read_and_told(content: bytes, defect: str) -> None:
    message = parse(b"From: a@b.example\n" + content)
    assert [link.url for link in message.links] == ["http://a.example/"]
    assert any(defect in told for told in message.defects) or not defect


def test_two_file_names_that_differ_are_told() -> None:
    message = parse(
        b"From: a@b.example\nContent-Type: application/pdf; name=bill.pdf\n"
        b"Content-Disposition: attachment; filename=bill.exe\n\nx"
    )
    assert message.parts[0].filename == "bill.exe"
    assert any("two file names" in defect for defect in message.defects)


def test_several_from_headers_are_all_read_and_told() -> None:
    message = parse(b"From: a@b.example\nFrom: c@d.example\n\nx")
    assert [address.addr for address in message.from_] == ["a@b.example", "c@d.example"]
    assert "2 From headers" in message.defects


def test_text_and_html_attachments_give_their_links() -> None:
    message = parse(
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n--x\n"
        b"Content-Type: text/html; name=page.html\nContent-Disposition: attachment\n\n"
        b"<form action=http://form.example/post></form>\n--x\n"
        b"Content-Type: application/octet-stream; name=note.txt\n\nhttp://note.example/\n--x--"
    )
    assert [(link.url, link.how) for link in message.links] == [
        ("http://form.example/post", "attachment"), ("http://note.example/", "attachment"),
    ]  # fmt: skip
    assert message.text == ""


def test_an_invitation_gives_its_text_and_links() -> None:
    message = body(
        b"BEGIN:VCALENDAR\nSUMMARY:Pay\\, now\nDESCRIPTION:Open https://pay.exa\n mple/x\\nsoon\nEND:VCALENDAR",
        b"text/calendar; charset=utf-8",
    )
    assert message.text == "Pay, now\nOpen https://pay.example/x\nsoon"
    assert message.links[0].url == "https://pay.example/x"


def test_an_encoded_nested_message_is_read() -> None:
    inner = base64.b64encode(b"From: x@y.example\nSubject: inside\n\nhttp://in.example/")
    message = parse(
        b"From: a@b.example\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + inner
    )
    assert message.nested[0].subject == "inside"


def test_the_other_alternative_is_shown_when_html_is_blank() -> None:
    message = parse(
        b"From: a@b.example\nContent-Type: multipart/alternative; boundary=x\n\n--x\n\nonly here\n--x\n"
        b"Content-Type: text/html\n\n<html><body></body></html>\n--x--"
    )
    assert message.text == "only here"


def test_a_url_shown_as_the_text_of_a_link_is_no_link_of_its_own() -> None:
    message = body(b"<a href=http://evil.example/>https://bank.example/</a> or http://bare.example/")
    assert [(link.url, link.how, link.text) for link in message.links] == [
        ("http://evil.example/", "a", "https://bank.example/"),
        ("http://bare.example/", "text", ""),
    ]


@given(
    st.binary(max_size=400),
    st.sampled_from(
        [
            b"text/html",
            b"text/plain; charset=gbk",
            b"multipart/mixed; boundary=x",
            b"message/rfc822",
            b"text/calendar",
        ]
    ),
)
def test_any_body_is_read(content: bytes, kind: bytes) -> None:
    message = parse(b"From: a@b.example\nContent-Type: " + kind + b"\n\n--x\n" + content)
    message.text.encode("utf-8")
    assert all(link.url for link in message.links)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for raw in (content, b"Subject: " + content, b"From: " + content + b"\n\n"):
        try:
            message = parse(raw)
        except BadInput:
            continue
        for _, value in message.headers:
            value.encode("utf-8")
            assert "\n" not in value


@given(st.integers(0, len(ALTERNATIVE)), st.binary(max_size=8), st.integers(0, 40))
def test_damage_anywhere_in_a_message_is_survived(at: int, junk: bytes, gone: int) -> None:
    try:
        parse(ALTERNATIVE[:at] + junk + ALTERNATIVE[at + gone :])
    except BadInput as error:
        assert error.reason


@pytest.mark.skipif(not SHARED.exists(), reason="shared data absent: the mime4j messages")
def test_every_message_of_mime4j_is_read_or_refused_with_a_reason() -> None:
    read = 0
    with tarfile.open(SHARED) as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is None:
                continue
            try:
                message = parse(stream.read())
            except BadInput as error:
                assert error.reason
                assert not member.name.endswith(".msg") or "noheader" in member.name, member.name
            else:
                read += 1
                assert message.parts
    assert read > 150
