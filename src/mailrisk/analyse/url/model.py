"""The trained URL model: how much a URL's text looks like those of phishing.

Rows of three to six characters of the host name, its suffix and the path are hashed into two tables of weights (Joachims-style
linear scores). Only a URL that they find suspect is described by some forty numbers (``traits``) and judged by gradient-boosted
trees, so that nearly all URLs cost no more than the hashing. The result is a log-likelihood ratio, calibrated on domains that
were not trained on. It never lowers a verdict, never convicts, and says nothing about IP addresses (a rule does) nor about
widely used sites and the organisation's own.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np

from mailrisk.analyse.url.traits import Parts, parts, traits
from mailrisk.analyse.url.view import UrlView
from mailrisk.model.evidence import Evidence
from mailrisk.model.url.weights import KEY, Trees, UrlWeights, Vocabulary, Word

if TYPE_CHECKING:
    from mailrisk.model.url.weights import Array

ORDERS: Final = (3, 4, 5, 6)
"""Lengths of the rows of characters."""

LEAST: Final = 2.0
"""A smaller log-likelihood ratio is no evidence: too many honest URLs have it."""

CERTAIN: Final = 4.2
"""Weight, in nats, of a URL beyond the model's limit: enough for ``suspicious`` and for no more."""

BELOW_LIMIT: Final = 2.0
"""Weight of a URL that stays below the limit, however sure the calibration is: the other rules see the same text."""

_LONGEST: Final = ORDERS[-1]
_PAD: Final = bytes(_LONGEST)
_UPPER: Final = bytes(code | 0x80 for code in range(256))
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(29)


def _multipliers() -> Array:
    """One column for each order, one row for each place: odd numbers of 64 bits (multiply-shift hashing)."""
    table = np.zeros((_LONGEST, len(ORDERS)), np.uint64)
    state = 0x2545F4914F6CDD1D
    for column, order in enumerate(ORDERS):
        for row in range(order):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            table[row, column] = state | 1
    return table


MULTIPLIERS: Final = _multipliers()


class Scored(NamedTuple):
    """What the model says: ``raw`` score, calibrated ``ratio`` in nats, and the words that were seen."""

    raw: float
    ratio: float
    words: tuple[Word, ...]


def encoded(cut: Parts) -> tuple[bytes, bytes]:
    """(host, tail) as bytes; those of the tail have their highest bit set, so that no piece stands for both."""
    host = f"\x01{cut.name}\x02{cut.suffix}\x03".encode("ascii", "replace")
    return host, cut.tail.encode("ascii", "replace").translate(_UPPER) + b"\x84" if cut.tail else b""


def buckets(text: bytes, size: int) -> Array:
    """The bucket of every row of ORDERS characters that begins in ``text``: (characters, orders)."""
    codes = np.frombuffer(text + _PAD, np.uint8).astype(np.uint64)
    rows = np.ndarray((len(text), _LONGEST), np.uint64, codes, strides=(8, 8))
    hashed = rows @ MULTIPLIERS
    hashed ^= hashed >> _SHIFT
    hashed *= _MIX
    return hashed >> np.uint64(65 - size.bit_length())


def linear(cut: Parts, weights: UrlWeights) -> tuple[float, float]:
    """The two linear scores: of the whole URL and of the host name."""
    host, tail = encoded(cut)
    found = buckets(host + _PAD + tail if tail else host, len(weights.whole))
    of_host = found[: len(host)]
    name = int(weights.name.take(of_host).sum(dtype=np.int64)) / of_host.size**0.5
    values = weights.whole.take(found)
    total, pieces = int(values[: len(host)].sum(dtype=np.int64)), of_host.size
    if tail:
        of_tail = values[len(host) + _LONGEST :]
        total, pieces = total + int(of_tail.sum(dtype=np.int64)), pieces + of_tail.size
    whole = weights.scale[0] * total / pieces**0.5 + weights.bias[0]
    return whole, weights.scale[1] * name + weights.bias[1]


def with_linear(views: Sequence[UrlView], weights: UrlWeights) -> list[UrlView]:
    """The views, each with its linear scores: the same numbers as one by one, at a quarter of the time.

    The pieces of all URLs are hashed and weighed in one pass. Views of which the model says nothing stay as they are.
    """
    judged = [place for place, view in enumerate(views) if _is_judged(view)]
    cuts = [_parts(views[place]) for place in judged]
    found = list(views)
    for start in range(0, len(judged), _AT_ONCE):
        places, some = judged[start : start + _AT_ONCE], cuts[start : start + _AT_ONCE]
        scores, marks = _linear_scores(some, weights)
        raws = _raw_scores(some, scores, weights, marks)
        for place, both, climbed in zip(places, scores, raws, strict=True):
            found[place] = msgspec.structs.replace(views[place], linear=both, climbed=climbed)
    return found


def _parts(view: UrlView) -> Parts:
    return parts(view.url, view.name, view.registrable, view.tenant)


class _Marks(NamedTuple):
    """Where in the joined texts of many URLs a word of the vocabulary may stand; ``starts`` of each host and tail."""

    found: list[int]
    starts: list[int]

    def of(self, number: int, cut: Parts) -> tuple[list[int], list[int]]:
        """The same within name and tail of one URL."""
        host, tail = self.starts[2 * number : 2 * number + 2]
        return self._within(host + 1, cut.name), self._within(tail, cut.tail)

    def _within(self, start: int, text: str) -> list[int]:
        first, last = bisect_left(self.found, start), bisect_right(self.found, start + len(text) - KEY)
        return [place - start for place in self.found[first:last]]


def _raw_scores(
    cuts: Sequence[Parts],
    scores: Sequence[tuple[float, float]],
    weights: UrlWeights,
    marks: _Marks | None = None,
) -> list[tuple[float, tuple[Word, ...]] | None]:
    """(raw score, words) of the URLs that the gate does not let pass: all climb each tree at once."""
    found: list[tuple[float, tuple[Word, ...]] | None] = [None] * len(cuts)
    rows: list[list[float]] = []
    asked: list[tuple[int, list[Word]]] = []
    for number, (cut, both) in enumerate(zip(cuts, scores, strict=True)):
        if both[0] >= weights.gate:
            numbers, words = traits(cut, weights.vocabulary, marks and marks.of(number, cut))
            rows.append([*numbers, *both, *suffix_numbers(cut, weights)])
            asked.append((number, words))
    if rows:
        for (number, words), raw in zip(
            asked, climb_all(weights.trees, np.array(rows)).tolist(), strict=True
        ):
            found[number] = (raw, tuple(words))
    return found


_AT_ONCE: Final = 256
"""URLs whose pieces are in memory at once: more gain nothing."""


@lru_cache(4)
def _word_starts(vocabulary: Vocabulary, size: int) -> Array:
    """For each bucket whether a word of the vocabulary may stand where a row of KEY characters has it.

    Whoever hashed a text knows from this where to look for words, but for a few places that share a bucket.
    """
    starts = "".join(sorted(vocabulary.starts)).encode("ascii", "replace")
    table = np.zeros(size, np.bool_)
    for text in (starts, starts.translate(_UPPER)):
        table[buckets(text, size)[::KEY, ORDERS.index(KEY)]] = True
    return table


def _linear_scores(cuts: Sequence[Parts], weights: UrlWeights) -> tuple[list[tuple[float, float]], _Marks]:
    """The (whole, name) scores of URLs, and where words may stand in them."""
    texts = [text + _PAD for cut in cuts for text in encoded(cut)]
    lengths = np.array([len(text) for text in texts])
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    found = buckets(b"".join(texts), len(weights.whole))
    # Sums over the places of each text without its padding; reduceat over (start, end) pairs, every second one counts.
    edges = len(ORDERS) * np.column_stack((starts, starts + lengths - _LONGEST)).ravel()
    whole = np.add.reduceat(weights.whole.take(found).ravel(), edges, dtype=np.int64)[::2]
    name = np.add.reduceat(weights.name.take(found).ravel(), edges, dtype=np.int64)[::2]
    pieces = len(ORDERS) * (lengths - _LONGEST)
    whole[pieces == 0] = 0
    of_host, of_tail = pieces[::2], pieces[1::2]
    total = weights.scale[0] * (whole[::2] + whole[1::2]) / (of_host + of_tail) ** 0.5 + weights.bias[0]
    hosts = weights.scale[1] * (name[::2] / of_host**0.5) + weights.bias[1]
    begun = _word_starts(weights.vocabulary, len(weights.whole)).take(found[:, ORDERS.index(KEY)])
    marks = _Marks(np.flatnonzero(begun).tolist(), starts.tolist())
    return list(zip(total.tolist(), hosts.tolist(), strict=True)), marks


def suffix_numbers(cut: Parts, weights: UrlWeights) -> tuple[float, float, float]:
    """What is known about the suffix; the row of '' for one that training never saw."""
    return weights.suffixes.get(cut.suffix) or weights.suffixes[""]


def climb(trees: Trees, numbers: Array) -> float:
    """The sum of the trees' leaves that the numbers lead to."""
    return float(climb_all(trees, numbers.reshape(1, -1))[0])


def climb_all(trees: Trees, rows: Array) -> Array:
    """For each row of numbers the sum of the trees' leaves that they lead to."""
    start = np.arange(0, rows.size, rows.shape[1])[:, None]  # where each row begins in the flat array
    node = np.broadcast_to(trees.roots, (len(rows), len(trees.roots)))
    for _ in range(trees.depth):
        right = rows.take(trees.feature.take(node) + start) > trees.limit.take(node)
        node = trees.children.take(node + node + right)
    total: Array = trees.value.take(node).sum(axis=1)
    return total


def calibrated(raw: float, knots: tuple[tuple[float, ...], tuple[float, ...]]) -> float:
    """The log-likelihood ratio of a raw score, straight lines between the knots."""
    at, ratios = knots
    place = bisect_right(at, raw)
    if place == 0:
        return ratios[0]
    if place == len(at):
        return ratios[-1]
    share = (raw - at[place - 1]) / (at[place] - at[place - 1])
    return ratios[place - 1] + share * (ratios[place] - ratios[place - 1])


def score(view: UrlView, weights: UrlWeights) -> Scored | None:
    """The model's word on a URL; None for an IP address and for what the gate lets pass."""
    if view.url.is_ip or not view.name:
        return None
    if view.linear is None:
        cut = _parts(view)
        (climbed,) = _raw_scores([cut], [linear(cut, weights)], weights)
    else:
        climbed = view.climbed
    if climbed is None:
        return None
    raw, words = climbed
    return Scored(raw, calibrated(raw, weights.knots), words)


def _is_judged(view: UrlView) -> bool:
    return not view.reputable and not view.url.is_ip and bool(view.name)


def url_model(view: UrlView) -> Iterator[Evidence]:
    """The model finds the URL at least LEAST nats likelier among phishing; the host is neither reputable nor an IP address."""
    weights = view.knowledge.url_model
    if weights is None or view.reputable:
        return
    found = score(view, weights)
    if found is None or found.ratio < LEAST:
        return
    certain = found.raw >= weights.limit
    yield Evidence(
        code="url-model",
        subject=view.subject,
        source="analyser:url",
        seen_at=view.at,
        value=CERTAIN if certain else BELOW_LIMIT,
        data={
            "host": view.url.host,
            "signs": _signs(view, found.words),
            "raw": round(found.raw, 4),
            "log_likelihood_ratio": round(found.ratio, 4),
            "model": weights.hash[:16],
        },
    )


def _signs(view: UrlView, words: tuple[Word, ...]) -> str:
    """What people can check: lure words of name and path, the suffix or service, else the name itself."""
    shown = list(dict.fromkeys(word.text for word in words if word.group != "page"))[:5]
    place = view.tenant or "." + view.registrable.partition(".")[2]
    return ", ".join([*shown, place] if shown else [view.name[:40], place])
