"""The trained URL model as a value: hashed weights, a vocabulary, a table of suffixes, trees and a calibration.

``tools/train/url_model.py`` makes it, ``edge/shipped.py`` reads it, ``analyse/url/model.py`` scores with it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

if TYPE_CHECKING:
    import numpy

    Array: TypeAlias = numpy.ndarray[Any, Any]

_KEY = 3

NEAR = 7
"""Least letters of a word that is looked for with one slip: shorter ones have too many honest neighbours."""

IMITATED = ("crypto_brand", "social", "money", "delivery", "japan", "mail", "brand")
"""Groups whose words are looked for with one slip: names, which nobody else has a reason to nearly spell."""


class Word(NamedTuple):
    """A word of the vocabulary with its group (``verb``, ``mail``, ``crypto``, ``brand``, ...)."""

    text: str
    group: str


class Vocabulary:
    """Words that are looked for inside host names and paths, without any boundary around them.

    At each place the longest word counts, and the search goes on behind it.
    """

    def __init__(self, groups: Mapping[str, Iterable[str]]) -> None:
        """``groups``: name -> words of three letters or more; a word stands in the first group that has it."""
        self.groups: tuple[str, ...] = tuple(groups)
        self._by_start: dict[str, list[Word]] = {}
        seen: set[str] = set()
        for group, words in groups.items():
            for text in sorted(words):
                if len(text) >= _KEY and text not in seen:
                    seen.add(text)
                    self._by_start.setdefault(text[:_KEY], []).append(Word(text, group))
        for row in self._by_start.values():
            row.sort(key=lambda word: (-len(word.text), word.text))
        names = {
            word.text
            for row in self._by_start.values()
            for word in row
            if word.group in IMITATED and len(word.text) >= NEAR and word.text.isalpha()
        }
        self._names = (_by_key(names), _by_key({name[::-1] for name in names}))

    def find(self, text: str) -> Iterator[Word]:
        """The words of a text in lower case, from left to right."""
        free = 0
        for at in _places(text, self._by_start):
            if at < free:
                continue
            for word in self._by_start[text[at : at + _KEY]]:
                if text.startswith(word.text, at):
                    yield word
                    free = at + len(word.text)
                    break

    def near(self, text: str) -> int:
        """Letters of the longest imitated word that stands in a text in lower case with one slip; 0 if none does.

        A letter is missing, added or another, or two are swapped; first and last letter are as they should be. A slip
        leaves the first or the last letters as they are, so that words are found by either.
        """
        best = 0
        for side, (index, read) in enumerate(zip(self._names, (text, text[::-1]), strict=True)):
            for at in _places(read[: len(read) - NEAR + _KEY + 1], index):
                for name in index[read[at : at + _KEY]]:
                    if len(name) <= best:
                        break
                    if _slips(name, read, at) and (name if side == 0 else name[::-1]) not in text:
                        best = len(name)
        return best


def _places(text: str, starts: Container[str]) -> list[int]:
    """Where one of the starts stands: told in one go, since nearly no place has one."""
    return [at for at in range(len(text) - _KEY + 1) if text[at : at + _KEY] in starts]


def _by_key(names: Iterable[str]) -> dict[str, list[str]]:
    """Names by their first letters, the longest first."""
    found: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        found.setdefault(name[:_KEY], []).append(name)
    return found


def _slips(name: str, text: str, at: int) -> bool:
    """Whether the name stands at this place with one slip behind its first letters."""
    same = _KEY
    while same < len(name) and text[at + same : at + same + 1] == name[same]:
        same += 1
    rest, there = name[same:], text[at + same : at + len(name) + 1]
    if len(rest) < 2:
        return False
    return (
        there[1 : len(rest)] == rest[1:]
        or there[1 : len(rest) + 1] == rest
        or there[: len(rest) - 1] == rest[1:]
        or (there[:2] == rest[1::-1] and there[2 : len(rest)] == rest[2:])
    )


class Trees(msgspec.Struct, frozen=True, eq=False):
    """Regression trees laid side by side: node ``i`` leads to ``children[2 * i]`` when trait ``feature[i]`` <=
    ``limit[i]``, else to the child behind it.

    A leaf leads to itself. ``roots`` are the first nodes, ``depth`` the longest way to a leaf.
    """

    roots: Array  # int32, (trees,)
    feature: Array  # int32, (nodes,)
    limit: Array  # float64, (nodes,)
    children: Array  # int32, (2 * nodes,)
    value: Array  # float64, (nodes,): log-odds that a leaf adds
    depth: int


class UrlWeights(msgspec.Struct, frozen=True, eq=False):
    """Everything that scoring a URL needs.

    ``whole``, ``name``  int8 weights of hashed pieces: of the whole URL, and of the host name alone
    ``scale``, ``bias``  of the two: score = scale * sum / sqrt(pieces) + bias
    ``suffixes``         public suffix or ``~service`` -> (log-likelihood ratio, log benign, log phishing)
    ``gate``             smallest score of ``whole`` that the trees are asked for
    ``knots``            rising (raw score, log-likelihood ratio) pairs between which the calibration interpolates
    ``limit``            raw score that fewer than 0.1 % of the benign validation URLs reach
    """

    hash: str
    whole: Array
    name: Array
    scale: tuple[float, float]
    bias: tuple[float, float]
    suffixes: dict[str, tuple[float, float, float]]
    vocabulary: Vocabulary
    trees: Trees
    gate: float
    knots: tuple[tuple[float, ...], tuple[float, ...]]
    limit: float
