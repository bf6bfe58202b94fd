"""Fits the parts of the URL model: two linear scores over hashed pieces, the table of suffixes, the trees.

The trees must see linear scores and suffix numbers as they are for a domain that was not trained on; those of the
training rows therefore come from fits on the other half of the domains, and the shipped linear weights are the mean of both
halves' weights, so that the scores of new URLs are distributed alike.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import lightgbm
import numpy as np
from scipy import sparse
from sklearn.linear_model import SGDClassifier
from tools.train.url_rows import POPULAR, Array, Row
from tools.train.url_split import chance

from mailrisk.analyse.url import model as runtime
from mailrisk.analyse.url.traits import NAMES, traits
from mailrisk.model.url.weights import Trees, Vocabulary

BITS = 19
HALF_LIFE_YEARS = 0.4
OLDEST_WEIGHT = 0.03
"""What is left of a phishing row's weight however old it is."""

UNRANKED_POPULAR, SYNTHETIC, LINKED = 0.3, 0.4, 2.5
"""Weights of benign rows: junk hosts of traffic lists and made ones are less certain than others, and what
people link to is what mails hold.
"""

POPULAR_IN_TREES = 0.2
"""Of that what lists of much-asked hosts weigh for the trees: they teach the pieces what names look like, but nobody is sent
a link because a host is much asked, and bare hosts of such lists drown the customers of free services. Set on validation.
"""

TREES = 120
_SMOOTHING = 20.0
_PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.15,
    "num_leaves": 15,
    "max_depth": 5,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 127,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


class Pieces(NamedTuple):
    """Hashed pieces of many rows: of the whole URL and of the host name alone, each row divided by sqrt(pieces)."""

    whole: Any
    name: Any


class Fitted(NamedTuple):
    """A model before it is made small: float weights, and what was measured on the way."""

    linear: tuple[tuple[Array, float], tuple[Array, float]]  # (weights, bias) of whole and of name
    suffixes: dict[str, tuple[float, float, float]]
    trees: Trees
    gain: Array


def pieces(rows: Sequence[Row]) -> Pieces:
    """The rows as sparse matrices."""
    cut = [runtime.encoded(row.cut) for row in rows]
    hosts = [runtime.buckets(host, 1 << BITS).ravel().astype(np.int32) for host, _ in cut]
    tails = [
        runtime.buckets(tail, 1 << BITS).ravel().astype(np.int32) if tail else np.empty(0, np.int32)
        for _, tail in cut
    ]
    both = [np.concatenate(pair) for pair in zip(hosts, tails, strict=True)]
    return Pieces(_matrix(both), _matrix(hosts))


def _matrix(found: Sequence[Array]) -> Any:
    sizes = np.array([len(item) for item in found])
    data = np.repeat(1 / np.sqrt(sizes), sizes).astype(np.float32)
    starts = np.concatenate(([0], np.cumsum(sizes)))
    matrix = sparse.csr_matrix((data, np.concatenate(found), starts), shape=(len(found), 1 << BITS))
    matrix.sum_duplicates()
    return matrix


def numbers(rows: Sequence[Row], vocabulary: Vocabulary) -> Array:
    """The traits of the rows, one row each."""
    return np.array([traits(row.cut, vocabulary)[0] for row in rows], np.float32)


def weights_of(rows: Sequence[Row], now: float) -> Array:
    """How much each row counts: phishing by its age, benign by its source; both classes the same in sum."""
    weight = np.empty(len(rows))
    dangerous = np.array([row.dangerous for row in rows])
    for place, row in enumerate(rows):
        if row.dangerous:
            age = now - (int(row.day[:4]) + int(row.day[5:7]) / 12)
            weight[place] = 0.5 ** (age / HALF_LIFE_YEARS) + OLDEST_WEIGHT
        elif row.source == "synthetic":
            weight[place] = SYNTHETIC
        elif row.source not in POPULAR:
            weight[place] = 1.0 if row.source in ("universities", "banks") else LINKED
        else:
            weight[place] = UNRANKED_POPULAR if row.source == "cloudflare" and not row.reputable else 1.0
    weight[dangerous] *= weight[~dangerous].sum() / weight[dangerous].sum()
    return weight


def in_trees(rows: Sequence[Row], weight: Array) -> Array:
    """The weights that the trees are fitted with; both classes the same in sum."""
    popular = np.array([row.source in POPULAR for row in rows])
    dangerous = np.array([row.dangerous for row in rows])
    found: Array = np.where(popular & ~dangerous, weight * POPULAR_IN_TREES, weight)
    found[dangerous] *= found[~dangerous].sum() / found[dangerous].sum()
    return found


def _linear(matrix: Any, truth: Array, weight: Array, seed: int) -> tuple[Array, float]:
    found = SGDClassifier(loss="log_loss", alpha=5e-7, max_iter=5, tol=None, average=True, random_state=seed)
    found.fit(matrix, truth, sample_weight=weight / weight.mean())
    return found.coef_[0], float(found.intercept_[0])


def suffix_table(rows: Sequence[Row], weight: Array) -> dict[str, tuple[float, float, float]]:
    """Per suffix the smoothed log-likelihood ratio and how much of each class was really seen; '' for unseen ones."""
    count: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row, much in zip(rows, weight, strict=True):
        if row.source == "synthetic":
            continue
        count[row.cut.suffix][row.dangerous] += much if row.dangerous else 1.0
    benign, phishing = (sum(pair[place] for pair in count.values()) for place in (0, 1))
    table = {"": (0.0, 0.0, 0.0)}
    for suffix, (b, p) in sorted(count.items()):
        share = phishing / (phishing + benign)
        ratio = math.log((p + _SMOOTHING * share) / (b + _SMOOTHING * (1 - share)) * benign / phishing)
        table[suffix] = (round(ratio, 4), round(math.log1p(b), 4), round(math.log1p(p), 4))
    return table


def fit(rows: Sequence[Row], vocabulary: Vocabulary, now: float, seed: int) -> Fitted:
    """The whole model from rows of both classes."""
    truth = np.array([row.dangerous for row in rows])
    weight = weights_of(rows, now)
    half = np.array([chance(row.group, "half") < 0.5 for row in rows])
    cut = pieces(rows)
    columns = np.zeros((len(rows), 5))
    linear = []
    for column, matrix in enumerate(cut):
        halves = []
        for side in (half, ~half):
            coefficients, bias = _linear(matrix[side], truth[side], weight[side], seed)
            columns[~side, column] = matrix[~side] @ coefficients + bias
            halves.append((coefficients, bias))
        linear.append(((halves[0][0] + halves[1][0]) / 2, (halves[0][1] + halves[1][1]) / 2))
    for side in (half, ~half):
        table = suffix_table([row for row, mine in zip(rows, side, strict=True) if mine], weight[side])
        columns[~side, 2:] = [
            table.get(row.cut.suffix, table[""]) for row, mine in zip(rows, side, strict=True) if not mine
        ]
    trained = lightgbm.Dataset(
        np.c_[numbers(rows, vocabulary), columns], truth, weight=in_trees(rows, weight)
    )
    # A likelier linear score or suffix never makes a URL more honest.
    rising = [0] * len(NAMES) + [1, 1, 1, 0, 0]
    chosen = _PARAMETERS | {"seed": seed, "monotone_constraints": rising}
    booster = lightgbm.train(chosen, trained, TREES)
    return Fitted(
        (linear[0], linear[1]),
        suffix_table(rows, weight),
        as_trees(booster),
        booster.feature_importance("gain"),
    )


def as_trees(booster: Any) -> Trees:
    """LightGBM's trees as arrays side by side."""
    nodes: list[tuple[int, float, int, int, float]] = []
    roots, depth = [], 0

    def add(tree: dict[str, Any], level: int) -> int:
        nonlocal depth
        depth = max(depth, level)
        place = len(nodes)
        nodes.append((0, math.inf, place, place, float(tree.get("leaf_value", 0.0))))
        if "split_feature" in tree:
            left, right = add(tree["left_child"], level + 1), add(tree["right_child"], level + 1)
            nodes[place] = (tree["split_feature"], float(tree["threshold"]), left, right, 0.0)
        return place

    for tree in booster.dump_model()["tree_info"]:
        roots.append(add(tree["tree_structure"], 0))
    feature, limit, left, right, value = (np.array(column) for column in zip(*nodes, strict=True))
    return Trees(
        roots=np.array(roots, np.int32),
        feature=feature,
        limit=limit,
        children=np.column_stack((left, right)).ravel().astype(np.int32),
        value=value,
        depth=depth,
    )
