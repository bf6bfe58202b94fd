"""Trains the intent heads: src/mailrisk/data/models/intent.npz and its card, docs/models/intent.md.

Three quarters of the families of each fold train, the fourth calibrates: four times over, so that every text is
judged by heads that never saw its family. The calibration comes from those judgements; it is then moved until
SpamAssassin's ham, and synthetic texts without the label, stay below ``HOLDS`` in all but ``HAM`` and ``TWINS`` of
the cases. The shipped weights are trained on everything but the test families.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tools.evaluate.intent_labels import HOLDS, label_figures
from tools.lures.material import labels as all_labels
from tools.train.intent_card import card
from tools.train.intent_texts import FOLDS, Text, spamassassin, synthetic
from tools.train.linear import Array, Linear, Rows, fit, platt

from mailrisk.analyse.message.heads import pieces
from mailrisk.edge.shipped import load_heads

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "src" / "mailrisk" / "data" / "models" / "intent.npz"
CARD = ROOT / "docs" / "models" / "intent.md"
SIZE = 1 << 16
COUNT = 9_000
"""Letters of the training families."""

TESTED = 4_000
"""Letters of the test families, for the figures of the card."""

HAM, TWINS = 0.004, 0.05
"""Shares of ham, and of synthetic texts without a label, that a head alone may take to hold it."""

LEAST_PRECISION, LEAST_RECALL = 0.6, 0.05
"""What a head must reach on families that it has not seen; the lexicon alone serves the other labels."""

LEFT_OUT = frozenset({"adult", "gambling", "prompt-injection"})
"""Labels with too few families, or phrases, to train a head; the lexicon has them."""

_ZIP_DATE = (2026, 1, 1, 0, 0, 0)


def train(data: Path, seed: int) -> dict[str, Any]:
    """Writes weights and card; returns the card's figures. FileNotFoundError: SpamAssassin's corpus is not there."""
    labels = tuple(label for label in all_labels() if label not in LEFT_OUT)
    texts = [*synthetic(seed, COUNT, "train"), *spamassassin(data)]
    rows = as_rows(texts)
    truth, mask = targets(texts, labels)
    judged = judge_unseen(texts, rows, truth, mask, seed)
    slope, offset = calibrate(texts, judged, truth, mask)
    kept = useful(texts, judged * slope + offset, truth)
    labels = tuple(np.array(labels)[kept].tolist())
    judged, slope, offset = judged[:, kept], slope[kept], offset[kept]
    linear = fit(rows, truth[:, kept], mask[:, kept], size=SIZE, seed=seed)
    save(SHIPPED, labels, linear, slope, offset)
    figures = {
        "labels": label_figures(list(synthetic(seed, TESTED, "test")), load_heads()),
        "ham": {
            label: round(float(share), 5)
            for label, share in zip(labels, held_by_ham(texts, judged * slope + offset), strict=True)
        },
        "texts": {"synthetic": sum(text.source == "synthetic" for text in texts), "SpamAssassin ham": _count(texts, "ham"), "SpamAssassin spam": _count(texts, "spam")},
        "seed": seed,
        "bytes": SHIPPED.stat().st_size,
    }  # fmt: skip
    CARD.parent.mkdir(parents=True, exist_ok=True)
    CARD.write_text(card(figures), encoding="utf-8")
    return figures


def as_rows(texts: Sequence[Text]) -> Rows:
    """The buckets of every text, each once."""
    return Rows.of([_buckets(text.folded) for text in texts])


def _buckets(folded: str) -> Array:
    found = np.sort(pieces(folded, SIZE).distinct)
    return found if len(found) else np.zeros(1, np.int64)


def targets(texts: Sequence[Text], labels: Sequence[str]) -> tuple[Array, Array]:
    """(which labels hold, how much each counts): 0 where nobody knows."""
    truth = np.array([[label in text.labels for label in labels] for text in texts])
    mask = [[0.0 if label in text.open else text.weight for label in labels] for text in texts]
    return truth, np.array(mask, np.float32)


def judge_unseen(texts: Sequence[Text], rows: Rows, truth: Array, mask: Array, seed: int) -> Array:
    """Log-odds of every text by heads that were trained without its family (or, of a mail, without its fold)."""
    folds = np.array([text.fold for text in texts])
    judged = np.empty(truth.shape, np.float32)
    for fold in range(FOLDS):
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        linear = fit(rows.take(inside), truth[inside], mask[inside], size=SIZE, seed=seed)
        judged[outside] = linear.logits(rows.take(outside))
    return judged


def calibrate(texts: Sequence[Text], judged: Array, truth: Array, mask: Array) -> tuple[Array, Array]:
    """Slope and offset of each label. The offset is low enough for ham, and for each language's other texts."""
    made = np.array([text.source == "synthetic" for text in texts])
    chinese = np.array([text.language == "zh" for text in texts])
    ham = np.array([text.source == "ham" for text in texts])
    slopes, offsets = [], []
    for column in range(truth.shape[1]):
        counted = mask[:, column] > 0
        slope, offset = platt(
            judged[made & counted, column],
            truth[made & counted, column],
            np.ones(int((made & counted).sum())),
        )
        calm = counted & ~truth[:, column]
        for group, spared in ((ham, HAM), (made & chinese, TWINS), (made & ~chinese, TWINS)):
            loud = float(np.quantile(slope * judged[calm & group, column] + offset, 1 - spared))
            offset -= max(0.0, loud - HOLDS)
        slopes.append(slope)
        offsets.append(offset)
    return np.array(slopes, np.float32), np.array(offsets, np.float32)


def useful(texts: Sequence[Text], log_odds: Array, truth: Array) -> Array:
    """The columns of heads that are right often enough, and find anything, in families that they have not seen."""
    made = np.array([text.source == "synthetic" for text in texts])
    held, true = log_odds[made] >= HOLDS, truth[made]
    hits = (held & true).sum(axis=0)
    precise = hits >= LEAST_PRECISION * np.maximum(1, held.sum(axis=0))
    columns: Array = np.flatnonzero(precise & (hits >= LEAST_RECALL * true.sum(axis=0)))
    return columns


def save(path: Path, labels: Sequence[str], linear: Linear, slope: Array, offset: Array) -> None:
    """Writes the heads with 8-bit weights."""
    scale = np.maximum(np.abs(linear.weights).max(axis=0), 1e-6) / 127
    weights = np.rint(linear.weights / scale).astype(np.int8)
    bias = (slope * linear.bias + offset).astype(np.float32)
    write_heads(path, labels, weights, (slope * scale).astype(np.float32), bias)


def write_heads(path: Path, labels: Sequence[str], weights: Array, slope: Array, offset: Array) -> None:
    """Writes what ``edge/shipped.load_heads`` reads. The same weights give the same bytes."""
    arrays = {"labels": np.array(labels), "weights": weights, "slope": slope, "offset": offset}
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            out = io.BytesIO()
            np.lib.format.write_array(out, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _ZIP_DATE), out.getvalue(), zipfile.ZIP_DEFLATED)


def held_by_ham(texts: Sequence[Text], log_odds: Array) -> Array:
    """Per label the share of ham that the heads alone give log-odds of 0.5 or more."""
    ham = np.array([text.source == "ham" for text in texts])
    held: Array = (log_odds[ham] >= HOLDS).mean(axis=0)
    return held


def _count(texts: Sequence[Text], source: str) -> int:
    return sum(text.source == source for text in texts)
