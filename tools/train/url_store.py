"""Makes a fitted URL model small and writes it: 8-bit weights, one .npz, the same bytes for the same model."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tools.train.url_rows import Array

from mailrisk.model.url.weights import UrlWeights, Vocabulary

if TYPE_CHECKING:  # Fitting needs packages that reading and writing do not.
    from tools.train.url_fit import Fitted

_ZIP_DATE = (2026, 1, 1, 0, 0, 0)


def small(
    fitted: Fitted,
    words: Mapping[str, Sequence[str]],
    gate: float = -1e9,
    knots: tuple[tuple[float, ...], tuple[float, ...]] = ((0.0,), (0.0,)),
    limit: float = 1e9,
) -> UrlWeights:
    """The model as the run time reads it, its weights in 8 bits; trees keep theirs as 32-bit floats."""
    (whole, whole_bias), (name, name_bias) = fitted.linear
    quantised, scales = zip(*(_eight_bits(weights) for weights in (whole, name)), strict=True)
    return UrlWeights(
        hash="",
        whole=quantised[0],
        name=quantised[1],
        scale=(scales[0], scales[1]),
        bias=(whole_bias, name_bias),
        suffixes=fitted.suffixes,
        vocabulary=Vocabulary(words),
        trees=fitted.trees,
        gate=gate,
        knots=knots,
        limit=limit,
    )


def _eight_bits(weights: Array) -> tuple[Array, float]:
    # A few outliers would take all steps for themselves: the largest 1 in 100,000 are cut to the rest's size.
    scale = float(np.quantile(np.abs(weights), 0.99999)) / 127
    return np.clip(np.rint(weights / scale), -127, 127).astype(np.int8), scale


def save(path: Path, weights: UrlWeights, words: Mapping[str, Sequence[str]]) -> None:
    """Writes the file that ``edge/shipped.py`` reads."""
    meta = {
        "scale": weights.scale,
        "bias": weights.bias,
        "suffixes": weights.suffixes,
        "words": {group: sorted(found) for group, found in words.items()},
        "gate": weights.gate,
        "knots": weights.knots,
        "limit": weights.limit,
        "depth": weights.trees.depth,
    }
    trees = weights.trees
    arrays: dict[str, Any] = {
        "whole": weights.whole,
        "name": weights.name,
        "meta": np.frombuffer(json.dumps(meta, sort_keys=False).encode(), np.uint8),
        "roots": trees.roots,
        "feature": trees.feature.astype(np.int16),
        "limit": trees.limit,
        "children": trees.children,
        "value": trees.value.astype(np.float32),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            out = io.BytesIO()
            np.lib.format.write_array(out, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _ZIP_DATE), out.getvalue(), zipfile.ZIP_DEFLATED)
