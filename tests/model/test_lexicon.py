"""The lexicon: phrases found through salt, gaps and endings, and how their weights add up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.model.lexicon import BIAS, CEILING, Lexicon, Phrase

LEXICON = Lexicon(
    [
        Phrase("ask", 3.0, "verify your account"),
        Phrase("ask", 2.0, "account ~ suspend*"),
        Phrase("ask", 1.0, "log in"),
        Phrase("subsidy", 3.0, "劳动补贴"),
        Phrase("subsidy", 2.0, "账号~停用"),
        Phrase("prize", 3.0, "votre prélèvement"),
    ]
)


@pytest.mark.parametrize(
    "text",
    [
        "Please VERIFY your account!",
        "v\u0435rify your acc\u043eunt",
        "verify\nyour  account",
        "ver\u200bify your account",
    ],
)
def test_a_phrase_is_found_through_salt(text: str) -> None:
    assert LEXICON.find(text)["ask"].phrases == ("verify your account",)


def test_weights_of_different_phrases_add_up_on_the_bias() -> None:
    found = LEXICON.find("Log in: verify your account. Your account has been suspended. Log in!")
    assert found["ask"].log_odds == BIAS + 6.0


def test_the_sum_has_a_ceiling() -> None:
    many = Lexicon([Phrase("x", 3.0, word) for word in ("alpha", "beta", "gamma", "delta")])
    assert many.find("alpha beta gamma delta")["x"].log_odds == CEILING


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("account suspended", True),
        ("account is now being suspended", True),
        ("account one two three four suspended", False),
        ("suspended account", False),
    ],
)
def test_a_gap_takes_up_to_three_words(text: str, found: bool) -> None:
    assert ("ask" in LEXICON.find(text)) is found


@pytest.mark.parametrize("text", ["个人劳动补贴", "劳 动 补 贴", "账号将于今日停用", "劳动\u200b补贴"])
def test_chinese_needs_no_word_boundaries(text: str) -> None:
    assert LEXICON.find(text)["subsidy"].log_odds >= 0.0


def test_accents_do_not_matter() -> None:
    assert "prize" in LEXICON.find("VOTRE PRELEVEMENT")


def test_a_text_without_any_phrase_has_no_labels() -> None:
    assert LEXICON.find("The meeting is on Tuesday.") == {}


@given(st.text(max_size=500))
def test_no_text_breaks_it(text: str) -> None:
    assert set(LEXICON.find(text)) <= LEXICON.labels
