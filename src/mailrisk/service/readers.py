"""The slow readers: seams behind which stand OCR, embeddings and a language model, and what they may cost.

They are asked only where their answer could change the verdict (``deepen.py``). An installation may have any
of them or none; tests give their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from mailrisk.model.facts import Fact
from mailrisk.model.file import Picture, ReadPicture
from mailrisk.model.opinion import Question


class PictureReader(Protocol):
    """Optical character recognition."""

    async def read(self, picture: Picture) -> ReadPicture:
        """What is written in one picture. BadInput: it cannot be decoded; Unavailable: nobody could read it."""


class Embedder(Protocol):
    """A multilingual model that knows intents beyond the words of the lexicon."""

    async def intents(self, text: str) -> Mapping[str, float]:
        """Intent label -> calibrated log-odds. Unavailable: the model could not be run."""


class LanguageModel(Protocol):
    """A language model behind an endpoint that the administrator configured."""

    @property
    def name(self) -> str:
        """What people know it by: the endpoint's host and port."""

    async def ask(self, question: Question) -> Fact:
        """``found`` with an Opinion, ``temperror`` with what went wrong, ``not-checked`` over the budget.

        Never raises.
        """


@dataclass(frozen=True, kw_only=True)
class Readers:
    """Those that this installation has."""

    ocr: PictureReader | None = None
    embedder: Embedder | None = None
    language_model: LanguageModel | None = None


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """How far the slow stages go.

    ``band``: probabilities, from the first up to below the second, in which a verdict counts as uncertain.
    ``budget_s``: time of all slow stages of one message together, waiting for a turn included.
    ``off``: names of stages that are never done. ``quick_only``: none is done here, somebody else does them.
    """

    band: tuple[float, float] = (0.04, 0.90)
    budget_s: float = 20.0
    most_pictures: int = 6
    off: frozenset[str] = frozenset()
    quick_only: bool = False
