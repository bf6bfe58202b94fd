"""Encoded words, parameters and addresses in all the ways they get broken."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.collect.message.addresses import parse_addresses
from mailrisk.collect.message.limits import DEFAULT_LIMITS, Budget
from mailrisk.collect.message.mime import read_headers
from mailrisk.collect.message.parameters import parse_parameters
from mailrisk.collect.message.words import _octets, decode_value
from mailrisk.model.message import Address


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain  text", "plain  text"),
        (b"=?utf-8?B?5L2g5aW9?=", "你好"),
        (b"=?UTF-8?q?a=5Fb_c?=", "a_b c"),
        (b"=?utf-8?B?5L2g?= =?utf-8?B?5aW9?=", "你好"),
        (b"=?utf-8?B?5L2g?=\r\n =?utf-8?B?5aW9?= x", "你好 x"),
        (b"=?utf-8?B?5L0=?= =?utf-8?B?oOWlvQ==?=", "你好"),  # a character split between two words
        (b"=?utf-8?B?5L2g5aW9?=x=?utf-8?Q?y?=", "你好xy"),
        (b'"=?gb2312?B?xOO6ww==?=" <a@b>', '"你好" <a@b>'),
        (b"=?gbk?B?xOO6ww?=", "你好"),  # padding missing
        (b"=?utf-8?B?5L2g 5aW9?=", "你好"),  # a space inside
        (b"=?utf-8*zh?B?5L2g5aW9?=", "你好"),  # RFC 2231 language
        (b"=?utf-8?B?5L2g5aW9", "你好"),  # no end
        (b"=?utf-8?Q?=E4=BD=A0?=", "你"),
        (b"=?big5?B?p0Gmbg==?=", "你好"),
        (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("你好".encode("gbk") * 3, "你好你好你好"),
        ("你好".encode(), "你好"),
        (b"=?klingon?B?eHh4?=", "xxx"),
        (b"=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        (b"a =? b", "a =? b"),
        (b"bell\x07 and\ttab", "bell and tab"),
    ],
)
def test_header_text_is_decoded_as_readers_see_it(raw: bytes, text: str) -> None:
    assert decode_value(raw, []) == text


@pytest.mark.parametrize(
    ("raw", "main", "found"),
    [
        (b"text/HTML; Charset=UTF-8", "text/html", {"charset": "UTF-8"}),
        (b'text/plain; name="a; b.txt"; x=y', "text/plain", {"name": "a; b.txt", "x": "y"}),
        (b"text/plain charset=gbk", "text/plain", {"charset": "gbk"}),
        (b"attachment; filename=two words.exe", "attachment", {"filename": "two words.exe"}),
        (b'attachment; filename="no end', "attachment", {"filename": "no end"}),
        (b"attachment; filename*=UTF-8''%E4%BD%A0.pdf", "attachment", {"filename": "你.pdf"}),
        (b"attachment; filename*0*=utf-8''%E4; filename*1*=%BD%A0; filename*2=.pdf", "attachment", {"filename": "你.pdf"}),
        (b"attachment; filename*1=b; filename*0=a", "attachment", {"filename": "ab"}),
        (b'attachment; filename="=?gb2312?B?xOO6ww==?="', "attachment", {"filename": "你好"}),
        (b'attachment; filename="plain.txt"; filename*=utf-8\'\'better.txt', "attachment", {"filename": "better.txt"}),
        (b"attachment; filename=a; filename=b", "attachment", {"filename": "a"}),
        (b'attachment; filename="a\\"b"', "attachment", {"filename": 'a"b'}),
        (b'attachment; filename="' + "发票".encode("gbk") * 2 + b'"', "attachment", {"filename": "发票发票"}),
        (b"", "", {}),
        (b";;;=;", "", {}),
    ],
)  # fmt: skip
def test_parameters_are_read_although_broken(raw: bytes, main: str, found: dict[str, str]) -> None:
    assert parse_parameters(raw, []) == (main, found)


@pytest.mark.parametrize(
    ("value", "mailboxes"),
    [
        ("a@b.example", [("", "a@b.example")]),
        ("Ann <a@B.Example.>", [("Ann", "a@b.example")]),
        ('"Doe, J" <a@b.example>, c@d.example', [("Doe, J", "a@b.example"), ("", "c@d.example")]),
        ("Doe, J <a@b.example>", [("Doe, J", "a@b.example")]),
        ("a@b.example (Ann (really))", [("Ann (really)", "a@b.example")]),
        ("=?utf-8?Q?x=2C_y=3Cz=40q=3E?= <a@b.example>", [("x, y<z@q>", "a@b.example")]),
        ('"ceo@bank.example" <x@evil.example>', [("ceo@bank.example", "x@evil.example")]),
        ("ceo@bank.example <x@evil.example>", [("ceo@bank.example", "x@evil.example")]),
        ("undisclosed-recipients:;", []),
        ("Team: a@b.example, c@d.example;", [("", "a@b.example"), ("", "c@d.example")]),
        ("<@relay.example:a@b.example>", [("", "a@b.example")]),
        ("<a@b.example> <c@d.example>", [("", "a@b.example"), ("", "c@d.example")]),
        ("Only A Name", [("Only A Name", "")]),
        ("Ann <a@b.example", [("Ann", "a@b.example")]),
        ("", []),
    ],
)
def test_addresses_are_read_as_mail_programs_show_them(value: str, mailboxes: list[tuple[str, str]]) -> None:
    assert parse_addresses(value, 100, []) == (tuple(Address(*mailbox) for mailbox in mailboxes), False)


@given(st.binary(max_size=300))
def test_any_header_value_is_read(raw: bytes) -> None:
    text = decode_value(raw, [])
    assert text.isprintable() or any(not char.isprintable() for char in text)
    parse_parameters(raw, [])
    parse_addresses(text, 100, [])


@given(st.lists(st.sampled_from([b"=", b"a", b"F", b"0", b"9", b"_", b"z", b" ", b"."]), max_size=12))
def test_quoted_words_with_broken_escapes_are_decoded_as_far_as_they_can_be(pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    by_hand = re.sub(
        rb"=([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), body.replace(b"_", b" ")
    )
    assert _octets("q", body) == by_hand


@given(st.lists(st.sampled_from([b"A:", b"b", b" ", b"\t", b"\n", b"\r\n", b"\r", b"\n\n"]), max_size=12))
def test_a_header_is_read_alike_with_and_without_the_newline_behind_the_block(pieces: list[bytes]) -> None:
    block = b"A: 1\n" + b"".join(pieces).rstrip(b"\r\n \t")
    cut, _ = read_headers(block, 0, len(block), Budget(DEFAULT_LIMITS))
    whole, _ = read_headers(block + b"\n", 0, len(block) + 1, Budget(DEFAULT_LIMITS))
    assert [(name, value.strip()) for name, value in cut] == [(name, value.strip()) for name, value in whole]
