"""Numbers that describe a URL's text, for the trained model. No look-up, no judgement.

``www.`` says nothing about a site but much about where a list of links was taken from, and neither do scheme
and port say anything: they are left out, so that no model can learn them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Final, NamedTuple

from mailrisk.model.url.canonical import Url
from mailrisk.model.url.weights import Vocabulary, Word

NAME_READ: Final = 120
PATH_READ: Final = 200
"""Characters of the host name, and of path and query, that are read."""

READ_AS: Final = {"cn": "com", "com.cn": "com", "net.cn": "com", "org.cn": "com"}
"""Suffixes that are read as another: Chinese names must not pay for the campaigns that used .cn, nor for how few honest
ones the training rows hold."""

NAME_TRAITS: Final = (
    "name length", "labels", "own label length", "length below", "hyphens", "hyphens in own label", "longest label", "share of digits",
    "longest run of digits", "switches between letters and digits", "share of vowels", "longest run of consonants", "entropy",
    "entropy below", "different characters", "vowels below", "words", "longest word", "suffix length",
)  # fmt: skip
PATH_TRAITS: Final = (
    "path length", "slashes", "digits in path", "query length", "parameters", "script", "ends in slash", "path entropy",
    "longest piece of path",
)  # fmt: skip
COUNTED: Final = ("crypto", "crypto_brand", "page", "japan")
"""Groups of words whose number and share of the name are traits; the others speak through their characters alone."""

_VOWEL = re.compile("[aeiouy]")
_CONSONANTS = re.compile("[bcdfghjklmnpqrstvwxz]+")
_DIGITS = re.compile("[0-9]+")
_LETTER = re.compile("[a-z]")
_SWITCH = re.compile("(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])")
_WORDS = re.compile("[a-z]+")
_PIECES = re.compile("[/.?=&_-]")


class Parts(NamedTuple):
    """A URL cut up for the model: ``name`` without ``www.``, its ``suffix``, path and query in lower case."""

    name: str
    suffix: str
    tail: str  # path?query in lower case, '' for the bare host
    path: str
    query: str


def parts(url: Url, name: str, registrable: str, tenant: str) -> Parts:
    """Cuts a URL whose host is no IP address; ``name`` and ``tenant`` as in :class:`UrlView`."""
    public = registrable.partition(".")[2]
    suffix = "~" + tenant if tenant else READ_AS.get(public, public)
    path = url.path[:PATH_READ]
    query = url.query[: PATH_READ - len(path)]
    tail = (path + "?" + query if query else path).lower() if path != "/" or query else ""
    return Parts(name.removeprefix("www.")[:NAME_READ], suffix, tail, path, query)


NAMES: Final = (
    *NAME_TRAITS,
    *PATH_TRAITS,
    *(f"{group} words in name" for group in COUNTED),
    *(f"share of {group} in name" for group in COUNTED),
    "page words in path",
    "name with a slip",
)
"""What each number of :func:`traits` is, in order."""


def traits(cut: Parts, vocabulary: Vocabulary) -> tuple[list[float], list[Word]]:
    """(numbers in the order of NAMES, words found in the name and then in the path)."""
    in_name = list(vocabulary.find(cut.name))
    in_path = list(vocabulary.find(cut.tail)) if cut.tail else []
    size = max(1, len(cut.name))
    found = [[len(word.text) for word in in_name if word.group == group] for group in COUNTED]
    numbers = [
        *_of_name(cut),
        *(_of_path(cut) if cut.tail else _NO_PATH),
        *map(len, found),
        *(sum(lengths) / size for lengths in found),
        sum(word.group == "page" for word in in_path),
        vocabulary.near(cut.name),
    ]
    return numbers, in_name + in_path


_NO_PATH = (0.0,) * len(PATH_TRAITS)


def _of_name(cut: Parts) -> list[float]:
    name = cut.name
    labels = name.split(".")
    own, below = labels[-1], ".".join(labels[:-1])
    digits = _DIGITS.findall(own)
    words = _WORDS.findall(name)
    return [
        len(name), len(labels), len(own), len(below), name.count("-"), own.count("-"), max(map(len, labels)),
        sum(map(len, digits)) / max(1, len(own)), max(map(len, digits), default=0), len(_SWITCH.findall(own)),
        len(_VOWEL.findall(own)) / max(1, len(_LETTER.findall(own))), max(map(len, _CONSONANTS.findall(own)), default=0),
        entropy(own), entropy(below) if below else 0.0, len(set(own)), len(_VOWEL.findall(below)) / max(1, len(below)), len(words),
        max(map(len, words), default=0), len(cut.suffix),
    ]  # fmt: skip


def _of_path(cut: Parts) -> list[float]:
    tail = cut.tail
    last = cut.path.rpartition("/")[2].lower()
    return [
        len(tail), tail.count("/"), sum(map(len, _DIGITS.findall(tail))), len(cut.query), cut.query.count("="),
        float(last.endswith((".php", ".asp", ".aspx", ".jsp", ".cgi"))), float(cut.path.endswith("/")), entropy(tail),
        max(map(len, _PIECES.split(tail))),
    ]  # fmt: skip


def entropy(text: str) -> float:
    """Shannon's entropy of the characters, in bits."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in Counter(text).values()) if size else 0.0
