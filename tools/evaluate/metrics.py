"""The figures of an evaluation, each as a small function that a test can check by hand.

Scores are any numbers of which a larger one means more dangerous. A message is flagged when its score is
*at least* the threshold, so that ties count against us.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

BENIGN_FOR_A_THOUSANDTH = 30_000
"""Benign messages that must stand behind a claim at 0.1 % false positives (design/detection.md)."""


class Share(msgspec.Struct, frozen=True):
    """``hits`` of ``of``, with the Wilson interval at 95 %."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share itself; nothing of nothing is 0."""
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval at 95 % (Wilson 1927): right also near 0 and 1 and for few cases."""
        return wilson(self.hits, self.of)

    def as_json(self) -> dict[str, object]:
        """The share as build/evaluation.json holds it."""
        low, high = self.interval
        return {
            "value": round(self.value, 5),
            "low": round(low, 5),
            "high": round(high, 5),
            "hits": self.hits,
            "of": self.of,
        }

    def text(self) -> str:
        """``93.1 % (91.8-94.3)`` for people."""
        low, high = self.interval
        return f"{100 * self.value:.1f} % ({100 * low:.1f}-{100 * high:.1f})" if self.of else "none"


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """(low, high) of Wilson's score interval for ``hits`` of ``of``."""
    if of == 0:
        return 0.0, 1.0
    share = hits / of
    middle = share + z * z / (2 * of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def threshold(benign: Sequence[float], rate: float) -> float:
    """The smallest threshold among the benign scores that flags at most ``rate`` of them.

    Where even the largest score must not be flagged it lies just above it.
    """
    allowed = math.floor(rate * len(benign) + 1e-9)
    ranked = sorted(benign, reverse=True)
    if allowed >= len(ranked):
        return -math.inf
    return math.nextafter(ranked[allowed], math.inf)


def flagged(scores: Sequence[float], least: float) -> Share:
    """How many scores reach the threshold."""
    return Share(sum(score >= least for score in scores), len(scores))


def recall_at(bad: Sequence[float], benign: Sequence[float], rate: float) -> Share:
    """Recall where the threshold is set on these very benign scores: for comparing, not for claims."""
    return flagged(bad, threshold(benign, rate))


def calibration_error(
    probabilities: Sequence[float],
    dangerous: Sequence[bool],
    weights: Sequence[float] | None = None,
    bins: int = 15,
) -> float:
    """Expected calibration error over bins of equal mass (Naeini et al. 2015, with Nixon et al.'s adaptive bins).

    The weighted mean over the bins of |mean probability - share that is dangerous|.
    """
    return sum(
        bin.mass * abs(bin.said - bin.was) for bin in reliability(probabilities, dangerous, weights, bins)
    )


class Bin(msgspec.Struct, frozen=True):
    """One bar of a reliability diagram: ``mass`` of all, mean probability ``said``, share dangerous ``was``."""

    mass: float
    said: float
    was: float


def reliability(
    probabilities: Sequence[float],
    dangerous: Sequence[bool],
    weights: Sequence[float] | None = None,
    bins: int = 15,
) -> list[Bin]:
    """Bins of (about) equal mass in the order of the probability; equal probabilities stay together."""
    weights = weights or [1.0] * len(probabilities)
    rows = sorted(zip(probabilities, dangerous, weights, strict=True), key=lambda row: row[0])
    total = sum(weights)
    found: list[Bin] = []
    start, mass = 0, 0.0
    for number, (probability, _, weight) in enumerate(rows):
        mass += weight
        last = number + 1 == len(rows)
        if last or (mass >= total / bins and rows[number + 1][0] != probability):
            found.append(_bin(rows[start : number + 1], total))
            start, mass = number + 1, 0.0
    return found


def _bin(rows: Sequence[tuple[float, bool, float]], total: float) -> Bin:
    mass = sum(weight for _, _, weight in rows)
    said = sum(probability * weight for probability, _, weight in rows) / mass
    was = sum(weight for _, bad, weight in rows if bad) / mass
    return Bin(mass / total, said, was)


def area_under_curve(bad: Sequence[float], benign: Sequence[float]) -> float:
    """The chance that a dangerous score is larger than a benign one, ties counted half (Mann and Whitney)."""
    merged = sorted([(score, 1) for score in bad] + [(score, 0) for score in benign])
    below, area, place = 0, 0.0, 0
    while place < len(merged):
        end = place
        while end < len(merged) and merged[end][0] == merged[place][0]:
            end += 1
        dangerous = sum(kind for _, kind in merged[place:end])
        harmless = end - place - dangerous
        area += dangerous * (below + harmless / 2)
        below += harmless
        place = end
    return area / (len(bad) * len(benign)) if bad and benign else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; 0 of nothing."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, math.ceil(share * len(ranked)) - 1)] if ranked else 0.0
