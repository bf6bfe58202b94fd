"""Hostile messages cost bounded time and memory, and what was cut is told."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from tests.stalling import at_most

from mailrisk.collect.message import hrefs
from mailrisk.collect.message.limits import Limits
from mailrisk.collect.message.parse import parse_message
from mailrisk.model.message import Message

HEAD = b"From: a@b.example\n"


def html(source: bytes) -> Message:
    return parse_message(HEAD + b"Content-Type: text/html; charset=utf-8\n\n" + source)


def cut(message: Message, words: str) -> bool:
    return any(words in told for told in message.cuts)


def test_a_thousand_nested_multiparts_end_at_the_twentieth() -> None:
    raw = HEAD + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (number, number)
        for number in range(1000)
    )
    assert cut(parse_message(raw), "nested deeper than 20 levels")


def test_a_thousand_nested_messages_end_at_the_twentieth() -> None:
    message = parse_message((HEAD + b"Content-Type: message/rfc822\n\n") * 1000)
    depth = 0
    inner = message
    while inner.nested:
        inner, depth = inner.nested[0], depth + 1
    assert depth == 20
    assert cut(message, "nested deeper than 20 levels")


def test_the_thousand_and_first_part_is_not_read() -> None:
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nhello\n" * 5000
    message = parse_message(raw)
    assert len(message.parts) == 1000
    assert cut(message, "only the first 1000")


def test_ten_thousand_links_are_cut_at_two_thousand_and_counted() -> None:
    links = b"".join(b"<a href=http://h%d.example/>x</a>" % number for number in range(10_000))
    message = html(links)
    assert len(message.links) == 2000
    assert message.links[0].url == "http://h0.example/"
    assert cut(message, "10000 found, the first 2000")


def test_of_text_beyond_the_limit_the_beginning_and_the_end_are_read() -> None:
    message = html(
        b"<p>first</p>" + b"<p>spring is fine</p>" * 120_000 + b"<a href=http://lure.example/>last</a>"
    )
    assert len(message.html) <= 1_500_000
    assert message.text.startswith("first")
    assert [link.url for link in message.links] == ["http://lure.example/"]
    assert cut(message, "bytes of text were not read")


def test_a_long_text_leaves_room_for_the_parts_that_follow() -> None:
    lure = b"--b\nContent-Type: text/html\n\n<a href=http://lure.example/>here</a>\n--b--\n"
    raw = (
        HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + b"spring is fine " * 200_000 + b"\n"
    )
    assert [link.url for link in parse_message(raw + lure).links] == ["http://lure.example/"]


def test_a_cut_tears_no_character() -> None:
    message = parse_message(
        HEAD + b"Content-Type: text/plain; charset=utf-8\n\n" + "Привет мир. ".encode() * 150_000
    )
    assert "Привет" in message.text
    assert not message.defects


def test_payloads_beyond_the_limit_are_named_but_not_kept() -> None:
    raw = HEAD + b"Content-Type: application/x\n\n" + b"x" * 1000
    message = parse_message(raw, Limits(decoded_bytes=100))
    assert (message.parts[0].payload, message.parts[0].size) == (b"", 1000)
    assert len(message.parts[0].sha256) == 64
    assert cut(message, "payload of 1000 bytes")


def test_headers_beyond_the_limits_are_cut() -> None:
    many = parse_message(HEAD + b"X: y\n" * 5000 + b"\nbody http://a.example/")
    assert len(many.headers) == 1000
    assert many.links and cut(many, "headers: only the first 1000")
    long = parse_message(HEAD + b"X: " + b"y" * 300_000 + b"\n\n")
    assert len(long.header("X")) < 100_001 and cut(long, "header X")
    to = parse_message(HEAD + b"To: " + b"a@b.example, " * 2000 + b"\n\n")
    assert len(to.to) == 500 and cut(to, "500 addresses")


@pytest.mark.parametrize(
    "source",
    [
        b"<div>" * 300_000 + b"<a href=http://a.example/>x",
        b"<p>"
        + b"".join(b"<font size=%d>" % n for n in range(600))
        + b"<p>x" * 100_000
        + b"<a href=http://a.example/>x",
        b"<p " + b"".join(b"a%x " % n for n in range(200_000)) + b"><a href=http://a.example/>x",
        b"<p " + b"".join(b"a%x/" % n for n in range(200_000)) + b"><a href=http://a.example/>x",
        b'<!-- <a =" --><p '
        + b"".join(b"a%x " % n for n in range(100_000))
        + b'> "<a href=http://a.example/>x',
    ],
    ids=["nested", "formatting", "attributes", "slashes", "quoted"],
)
def test_html_that_would_cost_quadratic_time_is_read_without_its_structure(source: bytes) -> None:
    message = html(source)
    assert cut(message, "read without its structure")
    assert "http://a.example/" in [link.url for link in message.links]


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"\n" + b"http://a.example/" + b"(" * 50_000 + b")" * 100_000,
        b"From: " + b'"a\\' * 30_000 + b"\n\n",
        b"From: " + b"a" * 99_000 + b"\n\n",
        b"From: " + b"(" * 99_000 + b"\n\n",
        HEAD + b"Content-Type: text/plain; " + b" ; " * 30_000 + b"\n\n",
        HEAD + b"X: " + b"=?u?q?" * 16_000 + b"\n\n",
        HEAD + b"Content-Type: text/html\n\n<style>" + b"a{" * 300_000,
        HEAD + b"Content-Type: text/html\n\n<style>" + b"/*" * 300_000,
        HEAD + b"Content-Type: text/html\n\n" + b"<!--" * 300_000,
        HEAD + b"Content-Transfer-Encoding: base64\nContent-Type: application/x\n\n" + b"A=\n" * 500_000,
        HEAD + b'Content-Type: multipart/mixed; boundary="b"\n\n' + b"--bx\n" * 500_000,
    ],
)  # fmt: skip
def test_text_made_to_stall_expressions_is_read(raw: bytes) -> None:
    assert parse_message(raw).size == len(raw)


def test_a_link_keeps_its_host_when_the_base_is_too_long() -> None:
    message = html(b'<base href="http://evil.example/' + b"a/" * 30_000 + b'"><a href="../x">y')
    assert "http://evil.example/x" in [link.url for link in message.links]


def test_links_beyond_the_limit_are_counted_and_not_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    joined: list[str] = []

    def join(base: str, url: str) -> str:
        joined.append(url)
        return urljoin(base, url)

    monkeypatch.setattr(hrefs, "urljoin", join)
    links = b"".join(b"<a href=x%d>y</a><a href=x0>again</a>" % number for number in range(5_000))
    message = html(b'<base href="http://a.example/">' + links)
    assert len(joined) < 2_001
    assert cut(message, "5002 found, the first 2000")


@pytest.mark.parametrize("tag", [b"<option>", b"<OPTION value=1>x</option>", b"<optgroup>"])
def test_a_menu_of_fifty_thousand_entries_is_read_without_its_structure(tag: bytes) -> None:
    menu = b"<select>" + tag * 50_000 + b"</select>"
    with at_most(3):
        message = html(b'<base href="http://a.example/b/">' + menu + b"<a href=c>x</a>")
    assert cut(message, "read without its structure")
    assert "http://a.example/b/c" in [link.url for link in message.links]


def test_a_menu_of_a_thousand_entries_is_read_as_it_is() -> None:
    assert not html(b"<select>" + b"<option>x" * 1_000 + b"</select>" + b"<p>x</p>" * 2_000).cuts


def test_anchors_in_one_another_do_not_read_their_text_again_and_again() -> None:
    source = b"<a href=http://a.example/><marquee>" * 240 + b"word " * 300_000
    with at_most(3):
        message = html(source)
    assert len(message.links[0].text) == 300


def test_style_sheets_share_one_limit() -> None:
    first = b"<style>/*" + b"x" * 99_950 + b"*/.a{display:none}</style>"
    rest = b"<style>" + b" " * 100 + b".b{display:none}</style>"
    message = html(first + rest * 40 + b"<p class=a>hidden</p><p class=b>shown</p>")
    assert (message.text, message.hidden_text) == ("shown", "hidden")


def test_style_sheets_full_of_blocks_that_never_open_cost_little() -> None:
    with at_most(2):
        assert html((b"<style>" + b"@media " * 14_000 + b"</style>") * 20 + b"shown").text == "shown"
