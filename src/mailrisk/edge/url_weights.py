"""Reads the trained URL model that ships with the package (``data/models/url.npz``)."""

from __future__ import annotations

import hashlib
import io
import json
from importlib.resources import files

import numpy as np

from mailrisk.model.url.weights import Trees, UrlWeights, Vocabulary


def load_url_weights() -> UrlWeights | None:
    """The shipped model (about 0.1 s; call it once), None where none is shipped."""
    file = files("mailrisk") / "data" / "models" / "url.npz"
    return read_url_weights(file.read_bytes()) if file.is_file() else None


def read_url_weights(raw: bytes) -> UrlWeights:
    """The model from the bytes that ``tools/train/url_store.py`` wrote; they are ours, never a stranger's."""
    with np.load(io.BytesIO(raw), allow_pickle=False) as stored:
        meta = json.loads(stored["meta"].tobytes())
        trees = Trees(
            roots=stored["roots"].astype(np.int64),
            feature=stored["feature"].astype(np.int64),
            limit=stored["limit"],
            children=stored["children"].astype(np.int64),
            value=stored["value"].astype(np.float64),
            depth=int(meta["depth"]),
        )
        return UrlWeights(
            hash=hashlib.sha256(raw).hexdigest(),
            whole=stored["whole"],
            name=stored["name"],
            scale=tuple(meta["scale"]),
            bias=tuple(meta["bias"]),
            suffixes={suffix: tuple(row) for suffix, row in meta["suffixes"].items()},
            vocabulary=Vocabulary(meta["words"]),
            trees=trees,
            gate=meta["gate"],
            knots=(tuple(meta["knots"][0]), tuple(meta["knots"][1])),
            limit=meta["limit"],
        )
