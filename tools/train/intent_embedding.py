"""Trains the heads over sentence embeddings: src/mailrisk/data/models/intent_embedding.npz and its card.

Texts, folds, calibration and the choice of heads are those of ``intent.py``; a text is the window that the product
embeds first. The encoder itself is not trained: it comes with its package.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tools.evaluate.intent_labels import embedding_figures
from tools.lures.material import labels as all_labels
from tools.train.intent import LEFT_OUT, calibrate, held_by_ham, targets, useful, write_heads
from tools.train.intent_card import embedding_card
from tools.train.intent_texts import FOLDS, Text, spamassassin, synthetic
from tools.train.linear import Array

from mailrisk.edge.embeddings import embed, load_embedder, windows

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "src" / "mailrisk" / "data" / "models" / "intent_embedding.npz"
CARD = ROOT / "docs" / "models" / "intent-embedding.md"
COUNT = 4_000
HAM, SPAM = 1_500, 700
TESTED = 1_200
STEPS, RATE, SHRINK = 300, 0.02, 2e-3


def train(data: Path, seed: int) -> dict[str, Any]:
    """Writes weights and card; returns the card's figures. FileNotFoundError: SpamAssassin's corpus is not there."""
    labels = tuple(label for label in all_labels() if label not in LEFT_OUT)
    texts = [*synthetic(seed, COUNT, "train"), *_some(list(spamassassin(data)), seed)]
    vectors = as_vectors(texts)
    truth, mask = targets(texts, labels)
    folds = np.array([text.fold for text in texts])
    judged = np.empty(truth.shape, np.float32)
    for fold in range(FOLDS):
        inside, outside = folds != fold, folds == fold
        weights, bias = fit(vectors[inside], truth[inside], mask[inside])
        judged[outside] = vectors[outside] @ weights + bias
    slope, offset = calibrate(texts, judged, truth, mask)
    kept = useful(texts, judged * slope + offset, truth)
    weights, bias = fit(vectors, truth, mask)
    slope, offset = slope[kept], (slope * bias + offset)[kept]
    write_heads(
        SHIPPED,
        [labels[column] for column in kept],
        weights[:, kept].astype(np.float32),
        slope.astype(np.float32),
        offset.astype(np.float32),
    )
    embedder = load_embedder()
    assert embedder is not None
    ham = held_by_ham(texts, (judged[:, kept] - bias[kept]) * slope + offset)
    figures = {
        "labels": embedding_figures(list(synthetic(seed, TESTED, "test")), embedder.read),
        "ham": {labels[column]: round(float(share), 5) for column, share in zip(kept, ham, strict=True)},
        "texts": {source: sum(text.source == source for text in texts) for source in ("synthetic", "ham", "spam")},
        "seed": seed,
        "bytes": SHIPPED.stat().st_size,
    }  # fmt: skip
    CARD.write_text(embedding_card(figures), encoding="utf-8")
    return figures


def _some(texts: Sequence[Text], seed: int) -> list[Text]:
    """A seeded choice of ham and spam: embedding all of them would take long and change little."""
    rng = random.Random(seed)  # noqa: S311  repeatable
    ham = [text for text in texts if text.source == "ham"]
    spam = [text for text in texts if text.source == "spam"]
    return [*rng.sample(ham, min(HAM, len(ham))), *rng.sample(spam, min(SPAM, len(spam)))]


def as_vectors(texts: Sequence[Text]) -> Array:
    """The embedding of the first window of every text."""
    return np.stack([embed((windows(text.folded) or [" "])[:1])[0] for text in texts]).astype(np.float32)


def fit(vectors: Array, truth: Array, mask: Array) -> tuple[Array, Array]:
    """(weights, bias) of logistic regressions, one a label: Adam on all texts at once, from zero, so without chance."""
    weights, bias = np.zeros((vectors.shape[1], truth.shape[1]), np.float64), np.full(truth.shape[1], -2.0)
    first = [np.zeros_like(weights), np.zeros_like(bias)]
    second = [np.zeros_like(weights), np.zeros_like(bias)]
    counted = mask / np.maximum(1e-9, mask.sum(axis=0))
    scaled = vectors * np.sqrt(vectors.shape[1])
    for step in range(1, STEPS + 1):
        guess = 1 / (1 + np.exp(-np.clip(scaled @ weights + bias, -30, 30)))
        error = (guess - truth) * counted
        slopes = [scaled.T @ error + SHRINK * weights, error.sum(axis=0)]
        for place, (value, slope) in enumerate(zip((weights, bias), slopes, strict=True)):
            first[place] = 0.9 * first[place] + 0.1 * slope
            second[place] = 0.999 * second[place] + 0.001 * slope**2
            value -= (
                RATE * (first[place] / (1 - 0.9**step)) / (np.sqrt(second[place] / (1 - 0.999**step)) + 1e-8)
            )
    return weights * np.sqrt(vectors.shape[1]), bias
