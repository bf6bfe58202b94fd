"""A lure between two long paddings: its link and the text around it are read, and what was cut is counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.collect.message.parse import parse_message
from mailrisk.collect.message.passages import MOST_PLACES, SEARCHED, passages
from mailrisk.model.message import Message

LURE = "<p>Your mailbox is full, verify it.</p><p><a href='https://lure.example/login'>Verify now</a></p><p>Help desk</p>"
PADDINGS = {
    "a comment": "<!-- " + "a" * 1_600_000 + " -->",
    "words": "<p>" + "Lorem ipsum dolor sit amet. " * 60_000 + "</p>",
    "blanks": "&nbsp;" * 280_000,
    "one word": "a" * 1_600_000,
}


def body(source: bytes, kind: str = "text/html; charset=utf-8") -> Message:
    return parse_message(b"From: a@b.example\nContent-Type: " + kind.encode() + b"\n\n" + source)


@pytest.mark.parametrize("padding", PADDINGS)
def test_a_lure_between_paddings_is_read_and_the_cut_is_told(padding: str) -> None:
    pad = PADDINGS[padding]
    message = body(f"<html><body>{pad}{LURE}{pad}</body></html>".encode())
    assert [(link.url, link.text) for link in message.links] == [("https://lure.example/login", "Verify now")]
    assert "Your mailbox is full" in message.text[-800:]
    assert message.unread > 1_000_000 and any("were not read" in cut for cut in message.cuts)


def test_bare_addresses_in_the_middle_of_plain_text_are_links_too() -> None:
    pad = b"line of a log\n" * 150_000
    message = body(pad + b"see www.lure.example/a and https://lure.example/b\n" + pad, "text/plain")
    assert [link.url for link in message.links] == ["www.lure.example/a", "https://lure.example/b"]


def test_no_tag_is_torn_where_a_body_is_cut() -> None:
    pictures = "".join(f"<img src=https://p{number}.example/{'x' * 3_000}>" for number in range(600))
    links = body(pictures.encode()).links
    assert len(links) == 600
    assert {(link.how, len(link.url.partition(".")[2])) for link in links} == {
        ("img", len("example/") + 3_000)
    }


def test_text_of_two_bytes_a_character_is_searched_too() -> None:
    pad = "line of a log\n" * 90_000
    raw = f"{pad}see https://lure.example/b there\n{pad}".encode("utf-16")
    assert "https://lure.example/b" in [link.url for link in body(raw, "text/plain; charset=utf-16").links]


def test_a_letter_of_common_length_has_nothing_unread() -> None:
    assert body(LURE.encode() * 100).unread == 0


def test_hostile_middles_cost_bounded_work() -> None:
    found = passages(b"https://a.example/ " * 100_000)
    assert found.left_out == 100_000 - MOST_PLACES and len(found.data) < 2_000_000
    far = passages(b"x" * (SEARCHED + 5))
    assert (far.data, far.unsearched, far.left_out) == (b"", 5, 0)


@given(st.binary(max_size=3_000))
def test_any_bytes_have_passages(middle: bytes) -> None:
    assert len(passages(middle).data) <= len(middle)
