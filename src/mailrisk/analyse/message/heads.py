"""Trained heads over hashed pieces of a text: what its words want, beyond the phrases of the lexicon.

Pieces are single characters, pairs and triples of scripts without spaces, and elsewhere words, pairs of words
and rows of four characters; each is hashed to a bucket, and a bucket counts once. A head only ever *raises* a label, to
``MOST`` at the highest: enough to hold, never enough for the rules that want several strong phrases. So a
conviction stays a conjunction of things that people can check. Everything is done on arrays: about 0.2 ms for
a common mail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mailrisk.model.heads import TextHeads
from mailrisk.model.lexicon import Found

if TYPE_CHECKING:
    from mailrisk.model.heads import Array

READ = 4_400
"""Characters that are read; the caller cuts its text already."""

LEAST_PIECES = 12
"""A text of fewer pieces says too little for a model."""

MOST = 1.6
"""Largest log-odds that a head gives."""

SHOWN = 12
"""Characters in which the place is looked for that is shown for a label; twice as many are shown of scripts without
spaces."""

MOST_WORDS = 6
"""Words that are shown of other scripts."""

CLAUSE = 80
"""Characters to each side of a place in which its sentence begins and ends."""

_END = re.compile(r"[.!?;:]\s|[\n。、|]|(?<=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3])[,!?;:]")
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_SPOKEN = re.compile(r"(?<![^\W_])[^\W\d_]{2,}(?![^\W_])")
_MARKS = " \t\r\n\u3000-_*=~|/\\<>()[]{}\"'“”‘’（）【】《》「」,.;:!?，。！？；：、…"

_LINK = re.compile(r"(?:https?:|www\.)[^\s<>\"'\u3000-\uffef]{1,2000}")
_MAILBOX = re.compile(r"(?<![A-Za-z0-9._+-])[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,255}")
_MIX = np.uint64(0x9E3779B97F4A7C15)
_STEP = np.uint64(0x100000001B3)
with np.errstate(over="ignore"):
    _POWERS = np.cumprod(np.full(READ, _STEP))
    _POWERS_BACK = np.cumprod(np.full(READ, np.uint64(pow(0x100000001B3, -1, 2**64))))

_BETWEEN, _PLAIN, _DENSE_SCRIPT, _DIGIT = range(4)  # odd: letters and digits of scripts with spaces


def _kinds() -> Array:
    """The kind of every character up to U+FFFF: one look-up is cheaper than a dozen comparisons."""
    kinds = np.full(1 << 16, _BETWEEN, np.uint8)
    kinds[0xC0:0x3000] = kinds[ord("a") : ord("z") + 1] = _PLAIN
    kinds[ord("0") : ord("9") + 1] = _DIGIT
    kinds[0x3040:0xA000] = kinds[0xAC00:0xD7B0] = _DENSE_SCRIPT
    return kinds


_KINDS = _kinds()


class Pieces(NamedTuple):
    """A text in pieces: the buckets of all of them, and where each stands in ``text``."""

    text: str
    buckets: Array  # int, one a piece
    places: tuple[Array, ...]  # where the pieces begin, one array a kind
    distinct: Array  # int, each bucket once

    @property
    def starts(self) -> Array:
        """Where each piece begins."""
        return np.concatenate(self.places) if self.places else np.empty(0, np.int64)


def pieces(text: str, size: int) -> Pieces:
    """Cuts a folded text (``model.confusable.latin``) into pieces; ``size`` buckets, a power of two."""
    text = _LINK.sub(" ", text[:READ])
    if "@" in text:
        text = _MAILBOX.sub(" ", text)
    characters = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    kinds = _KINDS.take(characters, mode="clip")
    codes = characters.astype(np.uint64)
    codes[kinds == _DIGIT] = 48  # which number it is says nothing
    plain = (kinds & 1).astype(bool)
    found = [*_dense(codes, kinds == _DENSE_SCRIPT, plain), *_words(codes, plain)]
    hashed = np.concatenate([values for values, _ in found]) if found else np.empty(0, np.uint64)
    hashed *= _MIX
    hashed ^= hashed >> np.uint64(29)
    hashed *= _MIX
    hashed >>= np.uint64(40)
    buckets = hashed.astype(np.int64) & (size - 1)
    return Pieces(text, buckets, tuple(places for _, places in found), _distinct(buckets, size))


def _distinct(buckets: Array, size: int) -> Array:
    """Each bucket once, where it stands last. Sorting them, or looking through a table of all, takes twice as long."""
    numbers = np.arange(len(buckets), dtype=np.int32)
    last = np.empty(size, np.int32)
    last[buckets] = numbers
    kept: Array = buckets[last.take(buckets) == numbers]
    return kept


def _dense(codes: Array, dense: Array, plain: Array) -> list[tuple[Array, Array]]:
    """Characters, pairs and triples where scripts have no spaces; digits and letters between count as characters."""
    if not dense.any():
        return []
    places = np.flatnonzero(dense | plain)
    kept, solid = codes[places], dense[places]
    found = [(kept[solid], places[solid])]
    for length in (2, 3):
        if len(kept) < length:
            break
        rows = len(kept) - length + 1
        value = kept[:rows].copy()
        for step in range(1, length):
            value = value * _STEP + kept[step : rows + step]
        whole = solid[:rows] & solid[length - 1 :]
        found.append((value[whole] + np.uint64(length << 40), places[:rows][whole]))
    return found


def _words(codes: Array, plain: Array) -> list[tuple[Array, Array]]:
    """Words, pairs of words, and rows of four characters with one blank between words."""
    fenced = np.zeros(len(plain) + 2, bool)
    fenced[1:-1] = plain
    edges = np.flatnonzero(fenced[1:] != fenced[:-1])
    first, behind = edges[::2], edges[1::2]
    if not len(first):
        return []
    total = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum(codes * _POWERS[: len(codes)], out=total[1:])
    words = (total[behind] - total[first]) * _POWERS_BACK[first]
    found: list[tuple[Array, Array]] = [(words + np.uint64(1 << 50), first)]
    if len(words) > 1:
        found.append((words[:-1] * _STEP + words[1:] + np.uint64(1 << 51), first[:-1]))
    kept_blank = plain.copy()
    kept_blank[behind[:-1]] = True  # one blank behind each word but the last
    row = np.flatnonzero(kept_blank)
    shown = np.where(plain, codes, np.uint64(32))[row]
    if len(shown) >= 4:
        rows = len(shown) - 3
        value = shown[:rows].copy()
        for step in (1, 2, 3):
            value *= _STEP
            value += shown[step : rows + step]
        found.append((value + np.uint64(1 << 52), row[:rows]))
    return found


def log_odds(cut: Pieces, heads: TextHeads) -> Array:
    """Calibrated log-odds of every label."""
    rows = heads.weights.take(cut.distinct, axis=0)
    # As ``sum``, which takes twice as long over so few columns.
    total = np.einsum("ij->j", rows, dtype=np.int32)
    score: Array = heads.slope * (total / np.sqrt(max(1, len(cut.distinct)))) + heads.offset
    return score


def raised(found: Mapping[str, Found], folded: str, heads: TextHeads | None) -> dict[str, Found]:
    """The labels of the lexicon, each as sure as the surer of the two says; no label is lowered."""
    surest = dict(found)
    if heads is None:
        return surest
    cut = pieces(folded, len(heads.weights))
    if len(cut.distinct) < LEAST_PIECES:
        return surest
    for column, value in enumerate(log_odds(cut, heads).tolist()):
        label = heads.labels[column]
        known = surest.get(label)
        sure = min(value, MOST)
        if sure >= 0.0 and (known is None or known.log_odds < sure):
            phrases = known.phrases if known else (_loudest(cut, heads.weights[:, column]),)
            surest[label] = Found(round(sure, 4), phrases)
    return surest


def _loudest(cut: Pieces, weights: Array) -> str:
    """The words of the text that speak most for a label, as a reader would quote them; '' where they are none."""
    loud = np.bincount(cut.starts, weights[cut.buckets], minlength=len(cut.text))
    width = min(SHOWN, len(loud))
    at = int(np.argmax(np.convolve(loud, np.ones(width), "valid"))) + width // 2
    before = max((match.end() for match in _END.finditer(cut.text, max(0, at - CLAUSE), at)), default=None)
    start = max(0, at - CLAUSE) if before is None else before
    behind = _END.search(cut.text, at, at + CLAUSE)
    clause = cut.text[start : behind.start() if behind else at + CLAUSE]
    dense = _DENSE.search(clause) is not None
    return _few_characters(clause, at - start) if dense else _few_words(clause, at - start)


def _few_characters(clause: str, at: int) -> str:
    """At most 2 * SHOWN characters of a clause around a place; '' for less than two of a script without spaces."""
    start = max(0, min(at - SHOWN, len(clause) - 2 * SHOWN))
    shown = clause[start : start + 2 * SHOWN].strip(_MARKS)
    return " ".join(shown.split()) if len(_DENSE.findall(shown)) >= 2 else ""


def _few_words(clause: str, at: int) -> str:
    """At most MOST_WORDS whole words of a clause around a place; '' unless two of them have two letters and more."""
    words = list(re.finditer(r"\S+", clause))
    here = next((number for number, word in enumerate(words) if word.end() > at), len(words) - 1)
    first = max(0, min(here - MOST_WORDS // 2, len(words) - MOST_WORDS))
    shown = " ".join(word[0] for word in words[first : first + MOST_WORDS]).strip(_MARKS)
    return shown if len(_SPOKEN.findall(shown)) >= 2 else ""
