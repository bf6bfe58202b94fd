"""Weighted phrases: what a text wants of its reader, by words that people can read and correct.

A phrase is a row of words; ``~`` stands for up to three words (eight characters in scripts without
spaces) between its neighbours, ``*`` at the end of a word for any ending. Phrases are compared in
folded form (look-alike letters made Latin, accents dropped), so that salted text still matches.
Each label's log-odds are its bias plus the weights of the different phrases found. Finding costs one
dictionary access per word of the text, plus one comparison per phrase whose first word is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from mailrisk.model.confusable import latin

BIAS = -2.0
"""Log-odds of a label when the text says nothing of it."""

CEILING = 6.0
"""Largest log-odds of a label: words alone are never surer than that."""

_WORD = re.compile(r"[a-z0-9]+")
_DENSE = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_DENSE_GAP = 8
_WORD_GAP = 3
_KEY = 4


class Phrase(NamedTuple):
    """One entry: the label it speaks for, its weight in nats, its text as written in the data."""

    label: str
    weight: float
    text: str


class Found(NamedTuple):
    """One label of a text: its log-odds and the phrases that show it, heaviest first."""

    log_odds: float
    phrases: tuple[str, ...]


class _Words(NamedTuple):
    steps: tuple[tuple[str, bool, int], ...]  # word or stem, is a stem, words that may stand before it
    needed: frozenset[str]  # whole words without which it cannot stand anywhere
    phrase: Phrase


class _Dense(NamedTuple):
    pattern: re.Pattern[str]
    first: str
    phrase: Phrase


class Folded:
    """A text made ready for any number of look-ups."""

    def __init__(self, text: str) -> None:
        self.text = latin(text)
        self.words: list[str] = _WORD.findall(self.text)
        self.different = frozenset(self.words)
        self.dense = not self.text.isascii() and bool(_DENSE.search(self.text))
        self.compact = re.sub(r"\s+", "", self.text) if self.dense else ""
        self.bigrams = {self.compact[at : at + 2] for at in range(len(self.compact) - 1)}


class Lexicon:
    """All phrases with their index. Immutable after construction."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._by_word: dict[str, list[_Words]] = {}  # by its first word
        self._by_stem: dict[str, list[_Words]] = {}  # by the first characters of its first word, a stem
        self._by_bigram: dict[str, list[_Dense]] = {}
        self.labels: frozenset[str] = frozenset()
        for phrase in phrases:
            self._enter(phrase)
        self._first_words = frozenset(self._by_word)

    def find(self, text: str | Folded) -> dict[str, Found]:
        """Labels that at least one phrase of the text speaks for."""
        folded = Folded(text) if isinstance(text, str) else text
        hits: dict[str, dict[str, float]] = {}
        for phrase in (*self._worded(folded), *self._written(folded)):
            hits.setdefault(phrase.label, {})[phrase.text] = phrase.weight
        # Hits come in the order of a set, which changes from process to process; the same text must always
        # give the same evidence, down to the phrase quoted and the last digit of the sum.
        return {label: _sum(hits[label]) for label in sorted(hits)}

    def _enter(self, phrase: Phrase) -> None:
        self.labels |= {phrase.label}
        text = latin(phrase.text)
        if _DENSE.search(text):
            pieces = [re.escape(piece) for piece in re.sub(r"\s+", "", text).split("~")]
            pattern = re.compile(f".{{0,{_DENSE_GAP}}}?".join(pieces))
            first = re.sub(r"\s+", "", text)[:2]
            self._by_bigram.setdefault(first, []).append(_Dense(pattern, first, phrase))
            return
        steps: list[tuple[str, bool, int]] = []
        gap = 0
        for token in re.findall(r"[a-z0-9]+\*?|~", text):
            if token == "~":
                gap = _WORD_GAP
                continue
            steps.append((token.rstrip("*"), token.endswith("*"), gap))
            gap = 0
        if steps:
            needed = frozenset(word for word, stem, _ in steps if not stem)
            first, stem, _ = steps[0]
            index, key = (self._by_stem, first[:_KEY]) if stem else (self._by_word, first)
            index.setdefault(key, []).append(_Words(tuple(steps), needed, phrase))

    def _worded(self, folded: Folded) -> Iterable[Phrase]:
        candidates = list(self._candidates(folded.different))
        # One pass over the text finds the places of all of them; an index of all its words would cost twice as much.
        places: dict[str, list[int]] = {word: [] for word, entry in candidates if len(entry.steps) > 1}
        if places:
            for at, word in enumerate(folded.words):
                if word in places:
                    places[word].append(at)
        for word, entry in candidates:
            rest = entry.steps[1:]
            if not rest or any(_goes_on(folded.words, at + 1, rest) for at in places[word]):
                yield entry.phrase

    def _candidates(self, different: frozenset[str]) -> Iterator[tuple[str, _Words]]:
        """(word of the text, phrase that begins with it and whose other whole words are there too)."""
        for word in different & self._first_words:
            for entry in self._by_word[word]:
                if entry.needed <= different:
                    yield word, entry
        for word in [word for word in different if word[:_KEY] in self._by_stem]:
            for entry in self._by_stem[word[:_KEY]]:
                if word.startswith(entry.steps[0][0]) and entry.needed <= different:
                    yield word, entry

    def _written(self, folded: Folded) -> Iterable[Phrase]:
        for bigram in folded.bigrams & self._by_bigram.keys():
            for entry in self._by_bigram[bigram]:
                if entry.pattern.search(folded.compact):
                    yield entry.phrase


def _goes_on(words: list[str], place: int, steps: tuple[tuple[str, bool, int], ...]) -> bool:
    """Whether the row of words goes on at this place; gaps take the nearest fitting word."""
    for word, stem, gap in steps:
        near = words[place : place + gap + 1]
        if stem:
            at = next((at for at, other in enumerate(near) if other.startswith(word)), -1)
        else:
            at = near.index(word) if word in near else -1
        if at < 0:
            return False
        place += at + 1
    return True


def _sum(weights: Mapping[str, float]) -> Found:
    ordered = sorted(weights, key=lambda text: (-weights[text], text))
    return Found(min(CEILING, BIAS + sum(weights[text] for text in ordered)), tuple(ordered[:5]))
