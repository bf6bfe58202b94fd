"""The trained URL model as a value: hashed weights, a vocabulary, a table of suffixes, trees and a calibration.

``tools/train/url_model.py`` makes it, ``edge/shipped.py`` reads it, ``analyse/url/model.py`` scores with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

if TYPE_CHECKING:
    import numpy

    Array: TypeAlias = numpy.ndarray[Any, Any]

KEY = 3
"""Letters by which a word is found."""

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
                if len(text) >= KEY and text not in seen:
                    seen.add(text)
                    self._by_start.setdefault(text[:KEY], []).append(Word(text, group))
        for row in self._by_start.values():
            row.sort(key=lambda word: (-len(word.text), word.text))
        names = {
            word.text
            for row in self._by_start.values()
            for word in row
            if word.group in IMITATED and len(word.text) >= NEAR and word.text.isalpha()
        }
        self._names = (_by_key(names), _by_key({name[::-1] for name in names}))
        self.starts = frozenset(self._by_start).union(*[(name[:KEY], name[-KEY:]) for name in names])

    def places(self, text: str) -> list[int]:
        """Where in a text in lower case ``find`` and ``near`` have to look: nearly no place has one of the ``starts``."""
        starts = self.starts
        return [at for at in range(len(text) - KEY + 1) if text[at : at + KEY] in starts]

    def find(self, text: str, places: Sequence[int] | None = None) -> Iterator[Word]:
        """The words of a text in lower case, from left to right. ``places``: as the method tells them, or more."""
        free = 0
        for at in self.places(text) if places is None else places:
            if at < free:
                continue
            for word in self._by_start.get(text[at : at + KEY], ()):
                if text.startswith(word.text, at):
                    yield word
                    free = at + len(word.text)
                    break

    def near(self, text: str, places: Sequence[int] | None = None) -> int:
        """Letters of the longest imitated word that stands in a text in lower case with one slip; 0 if none does.

        A letter is missing, added or another, or two are swapped; first and last letter are as they should be. A slip
        leaves the first or the last letters as they are, so that words are found by either.
        """
        best, last = 0, len(text) - NEAR + 1
        begun = self.places(text) if places is None else places
        backward = text[::-1]
        ended = [len(text) - KEY - at for at in begun]
        for index, read, at_all in zip(self._names, (text, backward), (begun, ended), strict=True):
            for at in at_all:
                for name in index.get(read[at : at + KEY], ()) if at <= last else ():
                    if len(name) <= best:
                        break
                    if _slips(name, read, at) and (name if read is text else name[::-1]) not in text:
                        best = len(name)
        return best


def _by_key(names: Iterable[str]) -> dict[str, list[str]]:
    """Names by their first letters, the longest first."""
    found: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        found.setdefault(name[:KEY], []).append(name)
    return found


def _slips(name: str, text: str, at: int) -> bool:
    """Whether the name stands at this place with one slip behind its first letters."""
    same = KEY
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
