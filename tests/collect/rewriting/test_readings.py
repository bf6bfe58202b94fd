"""Odd charsets and transfer encodings hide no link that a mail program would show."""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collect.rewriting.test_message import done, link

from mailrisk.collect.message.transfer import decode_transfer
from mailrisk.collect.rewriting.encoded import MAX_LINE
from mailrisk.collect.rewriting.texts import Edit, changes_of, readings

EVIL = "http://evil.example/"
HTML = f'<p>x</p><a href="{EVIL}">x</a>' + " word\r\n" * 300
WANTED = HTML.replace(EVIL, link(EVIL))


def letter(body: bytes, encoding: str = "8bit", charset: str = "") -> bytes:
    head = f"From: a@b.example\r\nContent-Type: text/html{charset and '; charset=' + charset}\r\n"
    return head.encode() + f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body


def sent(body: bytes, encoding: str = "8bit", charset: str = "") -> bytes:
    """What was sent, as it was rewritten, with its one link."""
    raw = letter(body, encoding, charset)
    found = done(raw)
    assert (found.links, found.left) == (1, {}), found.left
    assert found.raw.startswith(raw[: found.body_at])
    assert max(map(len, found.raw.split(b"\r\n"))) <= MAX_LINE or max(map(len, raw.split(b"\r\n"))) > MAX_LINE
    return found.raw[found.body_at :]


@pytest.mark.parametrize("name", ["8-bit", "x-foo", "7bits", "none", "utf-8", '"8bit"', "binary; x=y"])
def test_an_encoding_that_nobody_knows_is_none(name: str) -> None:
    assert sent(HTML.encode(), name).decode() == WANTED


@pytest.mark.parametrize(
    "name", ["base64;", "BASE64 (as ever)", "(c) base64", '"base64"', "base64; x=y", "base64,"]
)
def test_what_stands_around_the_name_of_an_encoding_does_not_matter(name: str) -> None:
    body = base64.encodebytes(HTML.encode()).replace(b"\n", b"\r\n")
    assert base64.b64decode(sent(body, name)).decode() == WANTED
    assert decode_transfer(body, name)[0].decode() == HTML


def test_links_in_an_encoding_that_we_do_not_know_are_told() -> None:
    assert done(letter(b'<a href=3D"http://evil.example/">', "quotedprintable")).left == {"encoding": 1}
    assert done(letter(HTML.encode(), "x-yencode")).left == {"encoding": 1}


def test_uuencoded_text_is_written_anew() -> None:
    text = HTML.encode()
    lines = [binascii.b2a_uu(text[at : at + 45]).replace(b"\n", b"\r\n") for at in range(0, len(text), 45)]
    body = b"begin 644 a.html\r\n" + b"".join(lines) + b"`\r\nend\r\nbehind"
    new = sent(body, "x-uuencode")
    assert new.startswith(b"begin 644 a.html\r\nM") and new.endswith(b"`\r\nend\r\nbehind")
    assert decode_transfer(new, "x-uuencode")[0].decode() == WANTED


@pytest.mark.parametrize(
    "charset", ["x-foo", "cp037", "johab", "utf-16", "utf-32", "utf-7", "hz-gb-2312", "iso-2022-kr", "cp864"]
)
def test_latin_under_a_label_that_it_is_not_is_read_as_programs_read_it_that_do_not_know_the_label(
    charset: str,
) -> None:
    assert sent(HTML.encode(), "8bit", charset).decode() == WANTED
    assert sent(b"\x88" + HTML.encode(), "8bit", charset)[1:].decode() == WANTED


@pytest.mark.parametrize(
    ("charset", "codec", "mark"),
    [
        ("cp037", "cp037", b""), ("utf-16", "utf-16-le", b""), ("utf-16", "utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-8", "utf-16-le", codecs.BOM_UTF16_LE), ("utf-16be", "utf-16-be", b""), ("utf-32", "utf-32", b""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_wide_charsets_are_written_anew(charset: str, codec: str, mark: bytes, encoding: str) -> None:
    text = mark + HTML.encode(codec)
    body = base64.encodebytes(text).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        body = b"".join(
            b"=%02X" % byte + (b"=\r\n" if at % 20 == 19 else b"") for at, byte in enumerate(text)
        )
    new = decode_transfer(sent(body, encoding, charset), encoding)[0]
    assert new.removeprefix(mark).decode(codec) == WANTED


def test_a_japanese_newsletter_is_rewritten_link_by_link() -> None:
    text = "<p>\u65e5\u672c\u8a9e</p>\r\n" * 200 + f'<a href="{EVIL}\u65e5?\u672c">\u8a9e</a>\r\n'
    body = text.encode("iso-2022-jp")
    want = text.replace(f"{EVIL}\u65e5?\u672c", link(f"{EVIL}\u65e5?%1B$B\\%1B(B"))
    for encoding in ("7bit", "quoted-printable"):
        coded = (
            body
            if encoding == "7bit"
            else quopri.encodestring(body.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
        )
        new = decode_transfer(sent(coded, encoding, "iso-2022-jp"), encoding)[0].decode("iso-2022-jp")
        assert new.split(link("")[:20])[0] == want.split(link("")[:20])[0]
        assert new.count("\u65e5\u672c\u8a9e") == 200
    broken = b"\x1b$B\x24\x22\x1b(B\x1b\xff" + HTML.encode()
    assert sent(broken, "8bit", "iso-2022-jp").endswith(WANTED.encode())


def test_a_decoy_in_one_reading_does_not_make_the_others_silent() -> None:
    body = b"+ADw-a href=+ACI-http://good.example/+ACI-+AD4-" + HTML.encode()
    found = done(letter(body, "7bit", "utf-7"))
    assert found.links == 2 and not found.left
    hidden = b"~{" + HTML.encode() + b"~}<a href=http://good.example/>"
    assert (
        done(letter(hidden, "7bit", "hz-gb-2312")).left
        or done(letter(hidden, "7bit", "hz-gb-2312")).links == 2
    )


def test_two_headers_that_say_different_things_are_told() -> None:
    raw = letter(base64.encodebytes(HTML.encode()), "7bit").replace(
        b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    assert done(raw).left == {"malformed": 1}


@pytest.mark.parametrize(
    ("kind", "links", "left"),
    [
        ("text/x-amp-html", 1, {}), ("text/watch-html", 1, {}), ("text/enriched", 1, {}), ("text/x-patch; name=a.patch", 0, {}),
        ("image/svg+xml", 0, {"attached-page": 1}), ("message/external-body", 0, {"attached-message": 1}), ("text/csv", 0, {}),
    ],
)  # fmt: skip
def test_other_kinds_of_text_that_programs_show_are_rewritten(
    kind: str, links: int, left: dict[str, int]
) -> None:
    found = done(f'From: a@b.example\nContent-Type: {kind}\n\n<a href="{EVIL}"> </a>'.encode())
    assert (found.links, found.left) == (links, left)


@given(
    st.binary(max_size=200),
    st.sampled_from(
        ["iso-2022-jp", "iso-2022-kr", "utf-7", "hz", "utf-16", "cp037", "johab", "gb18030", "cp932"]
    ),
)
def test_every_reading_of_any_bytes_can_be_changed_in_its_bytes(data: bytes, charset: str) -> None:
    for text in readings(data, charset):
        middle = len(text.text) // 2
        for one in changes_of(text, [Edit(middle, middle, "NEW", middle)]):
            assert 0 <= one.start <= one.end <= len(data)
        if text.by_byte:
            assert len(text.text) == len(data)
