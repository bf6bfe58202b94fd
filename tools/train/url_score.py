"""Scores many rows with the run time's own code, past its gate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tools.train.url_rows import Array, Row

from mailrisk.analyse.url.model import climb, linear, suffix_numbers
from mailrisk.analyse.url.traits import traits
from mailrisk.model.url.weights import UrlWeights


def scores(rows: Sequence[Row], weights: UrlWeights, *, linear_only: bool = False) -> Array:
    """The raw score of every row, without the gate; or its linear score alone."""
    return np.array([_score(row, weights, linear_only) for row in rows])


def _score(row: Row, weights: UrlWeights, linear_only: bool) -> float:
    whole, name = linear(row.cut, weights)
    if linear_only:
        return whole
    numbers, _ = traits(row.cut, weights.vocabulary)
    return climb(weights.trees, np.array([*numbers, whole, name, *suffix_numbers(row.cut, weights)]))
