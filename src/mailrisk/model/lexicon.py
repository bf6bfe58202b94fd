"""Weighted phrases: what a text wants of its reader, by words that people can read and correct.

A phrase is a row of words; ``~`` stands for up to three words (eight characters in scripts without
spaces) between its neighbours, ``*`` at the end of a word for any ending. Phrases are compared in
folded form (look-alike letters made Latin, accents dropped), so that salted text still matches.
Each label's log-odds are its bias plus the weights of the different phrases found. Finding costs one
dictionary access per word of the text, plus one comparison per phrase whose first word is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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
        self.places: dict[str, list[int]] = {}
        for place, word in enumerate(self.words):
            self.places.setdefault(word[:_KEY], []).append(place)
        self.dense = bool(_DENSE.search(self.text))
        self.compact = re.sub(r"\s+", "", self.text) if self.dense else ""
        self.bigrams = {self.compact[at : at + 2] for at in range(len(self.compact) - 1)}


class Lexicon:
    """All phrases with their index. Immutable after construction."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._by_word: dict[str, list[_Words]] = {}
        self._by_bigram: dict[str, list[_Dense]] = {}
        self.labels: frozenset[str] = frozenset()
        for phrase in phrases:
            self._enter(phrase)

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
            self._by_word.setdefault(steps[0][0][:_KEY], []).append(_Words(tuple(steps), needed, phrase))

    def _worded(self, folded: Folded) -> Iterable[Phrase]:
        words, different = folded.words, folded.different
        for key in folded.places.keys() & self._by_word.keys():
            places = folded.places[key]
            for entry in self._by_word[key]:
                if entry.needed <= different and any(_stands(words, place, entry.steps) for place in places):
                    yield entry.phrase

    def _written(self, folded: Folded) -> Iterable[Phrase]:
        for bigram in folded.bigrams & self._by_bigram.keys():
            for entry in self._by_bigram[bigram]:
                if entry.pattern.search(folded.compact):
                    yield entry.phrase


def _stands(words: list[str], place: int, steps: tuple[tuple[str, bool, int], ...]) -> bool:
    """Whether the row of words stands at this place; gaps take the nearest fitting word."""
    for word, stem, gap in steps:
        for at in range(place, min(place + gap + 1, len(words))):
            if words[at].startswith(word) if stem else words[at] == word:
                place = at + 1
                break
        else:
            return False
    return True


def _sum(weights: Mapping[str, float]) -> Found:
    ordered = sorted(weights, key=lambda text: (-weights[text], text))
    return Found(min(CEILING, BIAS + sum(weights[text] for text in ordered)), tuple(ordered[:5]))
