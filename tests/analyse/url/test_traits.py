"""Traits of a URL's text: each number against the same thing said with patterns and counted one by one."""

from __future__ import annotations

import math
import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from mailrisk.analyse.url.traits import NAMES, Parts, entropy, traits
from mailrisk.model.url.weights import NEAR, Vocabulary, Word

WORDS = {
    "verb": ["sign", "signin", "account"],
    "brand": ["paypal", "coinbase", "metamask"],
    "page": ["login"],
}
VOCABULARY = Vocabulary(WORDS)

_PIECE = st.sampled_from(
    [*(word for words in WORDS.values() for word in words), "coinnbase", "metamsk", "xkcdfg", "a1b22c", "9"]
) | st.text("aeiouybcd019-._", max_size=6)
NAME = st.lists(_PIECE, max_size=6).map("".join)
PATH = st.lists(_PIECE | st.sampled_from(["/", "%2F", "=", "&", ".php"]), max_size=8).map("".join)


def numbers(name: str, path: str = "/", query: str = "") -> dict[str, float]:
    """The traits by their names."""
    tail = (path + ("?" + query if query else "")).lower() if path != "/" or query else ""
    found, _ = traits(Parts(name, "com", tail, path, query), VOCABULARY)
    return dict(zip(NAMES, found, strict=True))


def longest(pattern: str, text: str) -> int:
    """Length of the longest match."""
    return max(map(len, re.findall(pattern, text)), default=0)


@given(NAME)
@settings(max_examples=300, deadline=None)
def test_numbers_of_a_name_are_what_patterns_count(name: str) -> None:
    found, own = numbers(name), name.rpartition(".")[2]
    below = name.rpartition(".")[0]
    switches = re.findall("(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])", own)
    vowels, letters = len(re.findall("[aeiouy]", own)), len(re.findall("[a-z]", own))
    assert found["length below"] == len(below)
    assert found["share of digits"] == len(re.findall("[0-9]", own)) / max(1, len(own))
    assert found["longest run of digits"] == longest("[0-9]+", own)
    assert found["switches between letters and digits"] == len(switches)
    assert found["share of vowels"] == vowels / max(1, letters)
    assert found["longest run of consonants"] == longest("[bcdfghjklmnpqrstvwxz]+", own)
    assert found["vowels below"] == len(re.findall("[aeiouy]", below)) / max(1, len(below))
    assert found["words"] == len(re.findall("[a-z]+", name))
    assert found["longest word"] == longest("[a-z]+", name)


@given(PATH, NAME)
@settings(max_examples=200, deadline=None)
def test_numbers_of_path_and_query_are_what_patterns_count(path: str, query: str) -> None:
    found = numbers("a.example", "/" + path, query)
    tail = ("/" + path + ("?" + query if query else "")).lower()
    if tail != "/":
        assert found["digits in path"] == len(re.findall("[0-9]", tail))
        assert found["longest piece of path"] == max(map(len, re.split("[/.?=&_-]", tail)))
        assert found["path length"] == len(tail)


@given(st.text(max_size=60))
def test_entropy_is_shannons(text: str) -> None:
    size = len(text)
    plain = -sum(n / size * math.log2(n / size) for n in Counter(text).values()) if text else 0.0
    assert entropy(text) == plain


def _found_at_each_place(text: str) -> list[str]:
    found, at = [], 0
    words = sorted((word for group in WORDS.values() for word in group), key=len, reverse=True)
    while at < len(text):
        word = next((word for word in words if text.startswith(word, at)), "")
        found += [word] if word else []
        at += max(1, len(word))
    return found


@given(NAME)
@settings(max_examples=300, deadline=None)
def test_words_are_those_found_by_trying_all_at_each_place(text: str) -> None:
    assert [word.text for word in VOCABULARY.find(text)] == _found_at_each_place(text)
    assert all(isinstance(word, Word) and word.text in WORDS[word.group] for word in VOCABULARY.find(text))


@given(NAME, st.sampled_from(["coinbase", "metamask"]), st.integers(1, 6))
@settings(max_examples=200, deadline=None)
def test_a_left_out_letter_is_seen_anywhere(around: str, word: str, gap: int) -> None:
    text = around + word[:gap] + word[gap + 1 :] + "-"
    if word not in text and 0 < gap < len(word) - 1:
        assert VOCABULARY.near(text) >= NEAR
