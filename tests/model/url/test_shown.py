"""What is shown of an address hides nothing."""

from __future__ import annotations

import pytest

from mailrisk.listen.http.visit_page import defanged
from mailrisk.model.url.shown import visible


@pytest.mark.parametrize(
    "char", ["\u202e", "\u2066", "\u200b", "\u00ad", "\ufeff", "\u3164", "\u2800", "\u00a0", "\x00", "\x7f", "\u2028", "\ufe0f", "\U000e0041"]
)  # fmt: skip
def test_what_turns_text_around_or_is_not_seen_is_written_out(char: str) -> None:
    assert visible(f"a{char}b") == f"a[U+{ord(char):04X}]b"


def test_letters_of_every_script_stay() -> None:
    for text in ("中文网址.example", "example.org/a b?c=%20", "שלום", "日本語", "café", "a\u0301"):
        assert visible(text) == text


def test_an_address_is_defanged_at_its_own_host() -> None:
    assert defanged("https://a.example/x\u202egpj.exe") == "hxxps://a[.]example/x[U+202E]gpj.exe"
    assert (
        defanged("http://a.example/?u=http://good.example/x") == "hxxp://a[.]example/?u=http://good.example/x"
    )
    assert defanged("a.example:443") == "a[.]example:443"
