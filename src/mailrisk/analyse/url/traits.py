"""Numbers that describe a URL's text, for the trained model. No look-up, no judgement.

``www.`` says nothing about a site but much about where a list of links was taken from, and neither do scheme
and port say anything: they are left out, so that no model can learn them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
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


def _kind(char: bytes) -> bytes:
    """Vowel, consonant, digit or anything else; only small letters are letters."""
    if char in b"aeiouy":
        return b"v"
    if char.islower():
        return b"c"
    return b"d" if char.isdigit() else b" "


# Every URL that the gate does not let pass is described: tables of bytes read a name in a fifth of the time of patterns.
_KINDS: Final = b"".join(_kind(bytes((code,))) for code in range(256))

_LETTERS: Final = bytes.maketrans(b"vcd", b"ll ")
_CONSONANTS: Final = bytes.maketrans(b"vd", b"  ")
_DIGITS: Final = bytes.maketrans(b"vc", b"  ")
"""Kinds of which one is kept, so that ``split`` gives its runs."""

_PIECES: Final = bytes(ord(" ") if code in b"/.?=&_-" else ord("x") for code in range(256))


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


def traits(
    cut: Parts, vocabulary: Vocabulary, places: tuple[list[int], list[int]] | None = None
) -> tuple[list[float], list[Word]]:
    """(numbers in the order of NAMES, words found in the name and then in the path).

    ``places``: where in name and tail words may stand, if the caller knows it already
    """
    of_name, of_tail = places or (vocabulary.places(cut.name), vocabulary.places(cut.tail))
    in_name = list(vocabulary.find(cut.name, of_name))
    in_path = list(vocabulary.find(cut.tail, of_tail)) if cut.tail else []
    size = max(1, len(cut.name))
    found = (
        [[len(word.text) for word in in_name if word.group == group] for group in COUNTED]
        if in_name
        else _NO_WORDS
    )
    numbers = [
        *_of_name(cut),
        *(_of_path(cut) if cut.tail else _NO_PATH),
        *map(len, found),
        *[sum(lengths) / size for lengths in found],
        sum([word.group == "page" for word in in_path]),
        vocabulary.near(cut.name, of_name),
    ]
    return numbers, in_name + in_path


_NO_PATH = (0.0,) * len(PATH_TRAITS)
_NO_WORDS: Final[list[list[int]]] = [[]] * len(COUNTED)


def _of_name(cut: Parts) -> list[float]:
    name = cut.name
    labels = name.split(".")
    own, below = labels[-1], name[: -1 - len(labels[-1])]
    kinds = name.encode("ascii", "replace").translate(_KINDS)
    of_own = kinds[len(name) - len(own) :]
    vowels, digits = of_own.count(b"v"), of_own.count(b"d")
    letters = vowels + of_own.count(b"c")
    switches = of_own.replace(b"v", b"c")
    words = kinds.translate(_LETTERS).split()
    return [
        len(name), len(labels), len(own), len(below), name.count("-"), own.count("-"), max(map(len, labels)),
        digits / max(1, len(own)), _longest(of_own.translate(_DIGITS).split()), switches.count(b"cd") + switches.count(b"dc"),
        vowels / max(1, letters), _longest(of_own.translate(_CONSONANTS).split()),
        entropy(own), entropy(below) if below else 0.0, len(set(own)), kinds[: len(below)].count(b"v") / max(1, len(below)), len(words),
        _longest(words), len(cut.suffix),
    ]  # fmt: skip


def _of_path(cut: Parts) -> list[float]:
    tail = cut.tail
    raw = tail.encode("ascii", "replace")
    last = cut.path.rpartition("/")[2].lower()
    return [
        len(tail), tail.count("/"), raw.translate(_KINDS).count(b"d"), len(cut.query), cut.query.count("="),
        float(last.endswith((".php", ".asp", ".aspx", ".jsp", ".cgi"))), float(cut.path.endswith("/")), entropy(tail),
        _longest(raw.translate(_PIECES).split()),
    ]  # fmt: skip


def _longest(runs: Iterable[bytes]) -> int:
    return max(map(len, runs), default=0)


def entropy(text: str) -> float:
    """Shannon's entropy of the characters, in bits."""
    if not text:
        return 0.0
    terms = _terms(len(text))
    return -sum([terms[text.count(char)] for char in dict.fromkeys(text)])


@lru_cache(PATH_READ + 2)
def _terms(size: int) -> list[float]:
    """What a character that stands so many times in a text of this size adds to the sum of :func:`entropy`."""
    return [0.0, *(count / size * math.log2(count / size) for count in range(1, size + 1))]
