"""Numbers that describe a URL's text, for the trained model. No look-up, no judgement.

``www.`` says nothing about a site but much about where a list of links was taken from, and neither do scheme
and port say anything: they are left out, so that no model can learn them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Final, NamedTuple

from mailrisk.model.imitation import BAIT
from mailrisk.model.url.canonical import Url
from mailrisk.model.url.hosts import HostClass
from mailrisk.model.url.weights import Vocabulary, Word

NAME_READ: Final = 120
PATH_READ: Final = 200
"""Characters of the host name, and of path and query, that are read."""

READ_AS: Final = {"cn": "com", "com.cn": "com", "net.cn": "com", "org.cn": "com"}
"""Suffixes that are read as another: Chinese names must not pay for the campaigns that used .cn, nor for how few honest
ones the training rows hold."""

CLASSES: Final = (
    HostClass.SHORTENER,
    HostClass.FREE_SUBDOMAIN,
    HostClass.FILE_HOST,
    HostClass.FORM_BUILDER,
    HostClass.DOCUMENT,
    HostClass.SELF_SERVICE,
    HostClass.DYNAMIC_DNS,
    HostClass.IPFS_GATEWAY,
    HostClass.BULK_MAILER,
)

NAME_TRAITS: Final = (
    "name length", "labels", "own label length", "length below", "hyphens", "hyphens in own label", "longest label",
    "digits", "share of digits", "longest run of digits", "switches between letters and digits", "digits below",
    "share of vowels", "longest run of consonants", "entropy", "entropy below", "different characters", "hexadecimal",
    "vowels below", "words", "longest word", "double letters", "bait words",
)  # fmt: skip
PATH_TRAITS: Final = (
    "path length", "slashes", "digits in path", "hyphens in path", "query length", "parameters", "script", "page", "has path",
    "ends in slash", "capitals", "runs of digits", "path entropy", "longest piece of path", "escapes", "dots in suffix",
    "suffix length",
)  # fmt: skip

_VOWEL = re.compile("[aeiouy]")
_CONSONANTS = re.compile("[bcdfghjklmnpqrstvwxz]+")
_DIGITS = re.compile("[0-9]+")
_LETTER = re.compile("[a-z]")
_SWITCH = re.compile("(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])")
_HEX = re.compile("[0-9a-f]{6,}")
_WORDS = re.compile("[a-z]+")
_PIECES = re.compile("[/.?=&_-]")
_CAPITAL = re.compile("[A-Z]")


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


def names(vocabulary: Vocabulary) -> tuple[str, ...]:
    """What each number of :func:`traits` is, in order."""
    groups = vocabulary.groups
    return (
        *NAME_TRAITS,
        *PATH_TRAITS,
        *(f"host class {item.value}" for item in CLASSES),
        *(f"{group} words in name" for group in groups),
        *(f"share of {group} in name" for group in groups),
        *(f"{group} words in path" for group in groups),
    )


def traits(
    cut: Parts, classes: frozenset[HostClass], vocabulary: Vocabulary
) -> tuple[list[float], list[Word]]:
    """(numbers in the order of :func:`names`, words found in the name and then in the path)."""
    in_name = list(vocabulary.find(cut.name))
    in_path = list(vocabulary.find(cut.tail))
    size = max(1, len(cut.name))
    count, covered = Counter(word.group for word in in_name), Counter[str]()
    for word in in_name:
        covered[word.group] += len(word.text)
    beyond = Counter(word.group for word in in_path)
    numbers = [
        *_of_name(cut.name),
        *_of_path(cut),
        *(float(item in classes) for item in CLASSES),
        *(float(count[group]) for group in vocabulary.groups),
        *(covered[group] / size for group in vocabulary.groups),
        *(float(beyond[group]) for group in vocabulary.groups),
    ]
    return numbers, in_name + in_path


def _of_name(name: str) -> list[float]:
    labels = name.split(".")
    own, below = labels[-1], ".".join(labels[:-1])
    digits = _DIGITS.findall(own)
    number = sum(map(len, digits))
    words = _WORDS.findall(name)
    return [
        len(name), len(labels), len(own), len(below), name.count("-"), own.count("-"), max(map(len, labels)),
        number, number / max(1, len(own)), max(map(len, digits), default=0), len(_SWITCH.findall(own)),
        sum(map(len, _DIGITS.findall(below))), len(_VOWEL.findall(own)) / max(1, len(_LETTER.findall(own))),
        max(map(len, _CONSONANTS.findall(own)), default=0), entropy(own), entropy(below), len(set(own)),
        float(_HEX.fullmatch(own) is not None), len(_VOWEL.findall(below)) / max(1, len(below)), len(words),
        max(map(len, words), default=0), sum(map(str.__eq__, own, own[1:])), sum(word in BAIT for word in words),
    ]  # fmt: skip


def _of_path(cut: Parts) -> list[float]:
    tail, dots = cut.tail, float(cut.suffix.count("."))
    if not tail:
        return [*(0.0 for _ in PATH_TRAITS[:-2]), dots, float(len(cut.suffix))]
    last = cut.path.rpartition("/")[2].lower()
    return [
        len(tail), tail.count("/"), sum(map(len, _DIGITS.findall(tail))), tail.count("-"), len(cut.query), cut.query.count("="),
        float(last.endswith((".php", ".asp", ".aspx", ".jsp", ".cgi"))), float(last.endswith((".html", ".htm", ".shtml"))), 1.0,
        float(cut.path.endswith("/")), len(_CAPITAL.findall(cut.path)), len(_DIGITS.findall(tail)), entropy(tail),
        max(map(len, _PIECES.split(tail))), tail.count("%"), dots, float(len(cut.suffix)),
    ]  # fmt: skip


def entropy(text: str) -> float:
    """Shannon's entropy of the characters, in bits."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in Counter(text).values()) if size else 0.0
