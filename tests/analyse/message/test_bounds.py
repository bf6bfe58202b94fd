"""Hostile messages: whatever stands in them, the analysers end and raise nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.analyse.message.letters import findings, letter, page, policy, view

from mailrisk.analyse.message.links import LINKS_READ, opened

SOMEBODY = "a@somebody.example"


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300),
)
@settings(max_examples=40)
def test_no_text_breaks_the_analysers(name: str, subject: str, text: str) -> None:
    for item in findings(view(letter(name, SOMEBODY, subject, text, page(text)))):
        assert 0.0 <= item.value <= 1.0


@pytest.mark.parametrize(
    "text",
    [
        "a" * 300_000,
        "a " * 150_000,
        "验" * 100_000,
        "verify your " * 20_000,
        "> " * 100_000,
        "1-" * 100_000,
        "\u200b" * 100_000,
    ],
)
def test_long_texts_are_read_in_part(text: str) -> None:
    findings(view(letter(text[:400], SOMEBODY, text[:2_000], text)))


def test_of_very_many_links_the_first_thousand_are_read() -> None:
    body = "".join(f'<a href="https://h{n}.example/{"x-" * 50}">PayPal</a>' for n in range(LINKS_READ + 500))
    seen = view(letter("PayPal", SOMEBODY, "Verify your account", html=page(body)))
    assert len(opened(seen)) <= LINKS_READ
    assert all(len(item.data.get("urls", ())) <= 20 for item in findings(seen))


def test_a_message_of_nothing_convicts_nobody() -> None:
    told = {item.code for item in findings(view(b"Subject:\n\n"))}
    assert not {code for code in told if policy().rule(code).convicts}


@pytest.mark.parametrize(
    "raw", [b"From: \nTo: \n\n", b"From: <>\nSubject: x\n\n", b"From: a, b, <c@>\nReply-To: @\n\nx"]
)
def test_addresses_may_be_missing_or_broken(raw: bytes) -> None:
    findings(view(raw))
