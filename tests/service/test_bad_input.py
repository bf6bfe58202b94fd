"""Hostile messages: a clear error or a bounded analysis that says what it cut, and the rest goes on."""

from __future__ import annotations

import asyncio
import io
import random
import tarfile
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailrisk.model.errors import BadInput, TooLarge
from mailrisk.model.message import Envelope
from mailrisk.service.answers import MessageAnswer
from mailrisk.service.check_message import check_message, report_message
from mailrisk.service.context import Context

MIME4J = Path(__file__).parents[3] / "shared/data/vectors/mime4j.tar.xz"
LURE = Path("src/mailrisk/data/examples/mailbox-quota.eml").read_bytes()


def check(context: Context, raw: bytes) -> MessageAnswer:
    return asyncio.run(check_message(context, raw, Envelope(), network=False))


def test_fifty_megabytes_are_analysed_and_a_message_over_the_limit_is_refused(context: Context) -> None:
    head = b"From: a@b.example\r\nContent-Type: text/plain\r\n\r\nhttp://first.example/\r\n"
    line = b"All work and no play makes Jack a dull boy.\r\n"
    big = head + line * ((50 * 1024 * 1024 - len(head)) // len(line))
    answer = check(context, big)
    assert answer.cut and answer.urls[0].url == "http://first.example/"
    with pytest.raises(TooLarge):
        check(context, big + line * 400_000)


def test_a_hundred_megabytes_of_base64_are_refused_and_sixty_are_analysed(context: Context) -> None:
    head = (
        b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=big.bin\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    )
    line = b"QWxsIHdvcmsgYW5kIG5vIHBsYXkgbWFrZXMgSmFjayBhIGR1bGwgYm95LiBBbGwgd29yayBhbmQu\r\n"
    with pytest.raises(TooLarge, match="message"):
        check(context, head + line * (100 * 1024 * 1024 // len(line)))
    answer = check(context, head + line * (60 * 1024 * 1024 // len(line)))
    assert answer.level == "unknown" and "message" in answer.stages


@pytest.mark.skipif(not MIME4J.exists(), reason="shared data absent: the messages of mime4j")
def test_every_message_of_mime4j_is_analysed_or_refused_with_a_reason(context: Context) -> None:
    analysed = 0
    with tarfile.open(MIME4J) as archive:
        for member in archive:
            if not member.name.endswith(".msg"):
                continue
            stream = archive.extractfile(member)
            assert stream is not None
            try:
                answer = check(context, stream.read())
            except BadInput as error:
                assert error.reason, member.name
                continue
            analysed += 1
            assert answer.level in ("unknown", "suspicious", "clean"), member.name
            assert "message" in answer.stages, member.name
    assert analysed >= 75


def test_a_zip_bomb_is_named_and_not_unpacked(context: Context) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("invoice.exe", b"\0" * 80_000_000)
    message = EmailMessage()
    message["From"] = "a@b.example"
    message.set_content("see attachment")
    message.add_attachment(packed.getvalue(), maintype="application", subtype="zip", filename="invoice.zip")
    answer = check(context, message.as_bytes())
    assert (
        any("zip" in reason.text.lower() or "archive" in reason.text.lower() for reason in answer.reasons)
        or answer.cut
    )


def test_ten_thousand_urls_are_cut_and_the_answer_says_so(context: Context) -> None:
    urls = "\r\n".join(f"http://host{number}.example/{number}" for number in range(10_000))
    answer = check(context, b"From: a@b.example\r\n\r\n" + urls.encode())
    assert 0 < len(answer.urls) <= 2_000
    assert any("link" in cut or "url" in cut.lower() for cut in answer.cut), answer.cut


def test_a_thousand_nested_parts_end(context: Context) -> None:
    raw = b"From: a@b.example\r\n"
    for depth in range(1000):
        raw += b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (depth, depth)
    answer = check(context, raw + b"Content-Type: text/plain\r\n\r\nhttp://deep.example/\r\n")
    assert answer.cut or answer.defects


@pytest.mark.parametrize(
    "raw",
    [
        b"From: a@b.example\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xc4\xe3\xba\xc3 http://e.example/\r\n",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\nno boundary at all http://e.example/",
        b"Content-Transfer-Encoding: base64\r\nContent-Type: text/html\r\n\r\n!!!!not base64!!!! http://e.example/",
        b"Subject: =?utf-8?B?====?= =?x?Q?\r\nFrom: =?bad\r\n\r\nhttp://e.example/\r\n",
        b"From: a@b.example\nno-crlf: yes\n\nhttp://user:secret@e.example/a b\n",
    ],
)
def test_broken_mime_is_analysed_and_the_defect_is_named(context: Context, raw: bytes) -> None:
    assert check(context, raw).level == "unknown"


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n\x00\x00http://e.example/\x00", b"%PDF-1.4\n..."])
def test_what_is_no_message_is_refused(context: Context, raw: bytes) -> None:
    with pytest.raises(BadInput):
        check(context, raw)


def test_random_bytes_never_raise_anything_but_bad_input(context: Context) -> None:
    rng = random.Random(7)
    for size in (1, 10, 1_000, 50_000):
        for _ in range(5):
            try:
                check(context, rng.randbytes(size))
            except BadInput:
                continue


def test_a_stored_url_has_lost_credentials_and_the_recipient(context: Context) -> None:
    for variant in (
        b"?user=lee@example.org",
        b"?u=bGVlQGV4YW1wbGUub3Jn",
        b"#lee@example.org",
        b"/lee%40example.org/x",
    ):
        raw = LURE.replace(b"?user=lee@example.org", variant)
        answer = asyncio.run(report_message(context, raw, Envelope(), reporter="t", network=False))
        assert answer.indicators or answer.not_stored
        for item in answer.indicators:
            assert "lee" not in item.indicator and "bGVl" not in item.indicator


def test_the_ledger_holds_nothing_that_names_a_recipient(context: Context, tmp_path: Path) -> None:
    raw = LURE.replace(b"lee@example.org", b"firstname.surname@example.org")
    asyncio.run(report_message(context, raw, Envelope(), reporter="t", network=False))
    assert context.ledger.changes(0, 10), "the lure is listed"
    context.ledger.close()
    for file in tmp_path.glob("ledger.db*"):
        assert b"firstname.surname" not in file.read_bytes()
