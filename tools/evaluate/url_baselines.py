"""What the URL model is compared with: shape alone, a plain n-gram model, and fraudurl, on the same rows.

The first two are trained here on the model's own training rows. fraudurl (PyPI, MIT and MPL-2.0) brings its own model,
which may have seen some of the test rows; it is run as a program of its own.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tools.evaluate.missing import Missing
from tools.train.url_rows import Array, Row


def shape(row: Row) -> list[float]:
    """Nine numbers without a single word."""
    host, tail = row.url.host.removeprefix("www."), row.cut.tail
    digits = sum(char.isdigit() for char in host + tail)
    return [
        len(host), len(tail), host.count("."), host.count("-"), digits, tail.count("/"), float(bool(tail)), len(row.url.query),
        float("%" in tail),
    ]  # fmt: skip


def by_shape(train: Sequence[Row], parts: Sequence[Sequence[Row]], seed: int) -> list[list[float]]:
    """Scores of boosted trees over the nine numbers."""
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ModuleNotFoundError:
        raise Missing("requirements/train.txt is not installed") from None
    model = HistGradientBoostingClassifier(max_iter=150, random_state=seed)
    truth = np.array([row.dangerous for row in train])
    model.fit(np.array([shape(row) for row in train]), truth, sample_weight=balanced(truth))
    return [model.predict_proba(np.array([shape(row) for row in part]))[:, 1].tolist() for part in parts]


def by_pieces(train: Sequence[Row], parts: Sequence[Sequence[Row]], seed: int) -> list[list[float]]:
    """Scores of one logistic regression over hashed rows of characters: no ages, no traits, no trees."""
    try:
        from sklearn.linear_model import SGDClassifier
        from tools.train.url_fit import pieces
    except ModuleNotFoundError:
        raise Missing("requirements/train.txt is not installed") from None
    model = SGDClassifier(loss="log_loss", alpha=1e-6, max_iter=5, tol=None, average=True, random_state=seed)
    truth = np.array([row.dangerous for row in train])
    model.fit(pieces(train).whole, truth, sample_weight=balanced(truth))
    return [model.decision_function(pieces(part).whole).tolist() for part in parts]


def balanced(truth: Array) -> Array:
    """Weights under which both classes count the same."""
    bad = int(truth.sum())
    weights: Array = np.where(truth, len(truth) / bad / 2, len(truth) / (len(truth) - bad) / 2)
    return weights


def by_fraudurl(parts: Sequence[Sequence[Row]]) -> tuple[list[list[float]], float]:
    """(probabilities, milliseconds a URL) of fraudurl, offline, one process."""
    found, started, total = [], time.perf_counter(), 0
    for part in parts:
        with tempfile.TemporaryDirectory() as folder:
            given, answered = Path(folder, "in.csv"), Path(folder, "out.csv")
            with given.open("w", newline="", encoding="utf-8") as out:
                csv.writer(out).writerows([["url"], *([row.url.text] for row in part)])
            command = [
                sys.executable,
                "-m",
                "fraudurl",
                str(given),
                "-o",
                str(answered),
                "--workers",
                "1",
                "--quiet",
            ]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode or not answered.is_file():
                raise Missing("fraudurl is not installed (requirements/train.txt)")
            with answered.open(newline="", encoding="utf-8-sig") as rows:
                found.append([float(row["fraud_probability"] or 0) for row in csv.DictReader(rows)])
        total += len(part)
    return found, 1000 * (time.perf_counter() - started) / total
