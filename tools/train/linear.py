"""Multi-label logistic regression on sparse rows, seeded, in NumPy alone.

AdaGrad (Duchi et al. 2011) over shuffled batches; every label has its own mask, for rows of which nobody knows
whether the label holds. A row's value is one over the root of its number of pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]


class Rows(NamedTuple):
    """Sparse rows: ``buckets`` of row ``r`` are ``flat[edges[r] : edges[r + 1]]``."""

    flat: Array
    edges: Array

    @classmethod
    def of(cls, rows: Sequence[Array]) -> Rows:
        """Joins the rows' buckets."""
        return cls(np.concatenate(rows), np.concatenate(([0], np.cumsum([len(row) for row in rows]))))

    def __len__(self) -> int:
        return len(self.edges) - 1

    def take(self, chosen: Array) -> Rows:
        """Some of the rows, in that order."""
        return Rows.of([self.flat[self.edges[row] : self.edges[row + 1]] for row in chosen])


class Linear(NamedTuple):
    """``weights`` (buckets, labels) and ``bias`` (labels,)."""

    weights: Array
    bias: Array

    def logits(self, rows: Rows) -> Array:
        """Uncalibrated log-odds, one row a text."""
        out = np.empty((len(rows), len(self.bias)), np.float32)
        for begin in range(0, len(rows), 256):
            part = Rows(rows.flat, rows.edges[begin : begin + 257])
            out[begin : begin + 256] = _scores(part, self.weights) + self.bias
        return out


def _scores(rows: Rows, weights: Array) -> Array:
    first, last = rows.edges[0], rows.edges[-1]
    sums = np.add.reduceat(weights[rows.flat[first:last]], rows.edges[:-1] - first, axis=0)
    scaled: Array = sums / np.sqrt(np.diff(rows.edges))[:, None]
    return scaled


def fit(
    rows: Rows, labels: Array, mask: Array, *, size: int, seed: int, epochs: int = 5, rate: float = 0.4, decay: float = 2e-6
) -> Linear:  # fmt: skip
    """Fits all labels at once. ``labels`` and ``mask`` (weights of the loss) have one column a label."""
    rng = np.random.default_rng(seed)
    columns = labels.shape[1]
    weights = np.zeros((size, columns), np.float32)
    bias = np.full(columns, -2.0, np.float32)
    squares = np.full_like(weights, 1e-3)
    bias_squares = np.full(columns, 1e-3, np.float32)
    for _ in range(epochs):
        order = rng.permutation(len(rows))
        for begin in range(0, len(order), 192):
            chosen = order[begin : begin + 192]
            batch = rows.take(chosen)
            logits = _scores(batch, weights) + bias
            error = (
                (1 / (1 + np.exp(-np.clip(logits, -30, 30))) - labels[chosen]) * mask[chosen] / len(chosen)
            )
            lengths = np.diff(batch.edges)
            pulls = np.repeat((error / np.sqrt(lengths)[:, None]).astype(np.float32), lengths, axis=0)
            touched, place = np.unique(batch.flat, return_inverse=True)
            slope = np.stack(
                [np.bincount(place, pulls[:, column], len(touched)) for column in range(columns)], axis=1
            )
            slope += decay * weights[touched]
            squares[touched] += slope**2
            weights[touched] -= (rate * slope / np.sqrt(squares[touched])).astype(np.float32)
            total = error.sum(axis=0)
            bias_squares += total**2
            bias -= (rate * total / np.sqrt(bias_squares)).astype(np.float32)
    return Linear(weights, bias)


def platt(logits: Array, truth: Array, weight: Array) -> tuple[float, float]:
    """(slope, offset) that calibrate logits (Platt 1999), by Newton's method; slope at least 0.05."""
    slope, offset = 1.0, 0.0
    goal = np.where(truth, (truth.sum() + 1) / (truth.sum() + 2), 1 / ((~truth).sum() + 2))
    for _ in range(40):
        guess = 1 / (1 + np.exp(-np.clip(slope * logits + offset, -30, 30)))
        pull = weight * (guess - goal)
        curve = weight * guess * (1 - guess) + 1e-9
        one, two, both = (curve * logits**2).sum() + 1e-6, curve.sum() + 1e-6, (curve * logits).sum()
        away = one * two - both**2
        step_slope = (two * (pull * logits).sum() - both * pull.sum()) / away
        step_offset = (one * pull.sum() - both * (pull * logits).sum()) / away
        slope, offset = slope - step_slope, offset - step_offset
        if abs(step_slope) + abs(step_offset) < 1e-6:
            break
    return max(0.05, float(slope)), float(offset)
