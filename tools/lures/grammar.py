"""A small paraphrase grammar: one template gives many texts, and every text knows what it asks.

* ``[a|b|c]`` takes one of the alternatives; they may nest, and one may be empty.
* ``{bank}`` takes one line of a bank of the language's word file; the line is expanded in its turn, and the
  bank's labels become the text's. ``{bank?}`` does so in every second text, ``{bank?3}`` in every third.
* A name that is a value of the letter (``{link}``, ``{org}``, ``{money}``) is put in as it is, the same each time.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Mapping

import msgspec

DEPTH = 12
"""Nested banks and alternatives; templates are ours, so that more is a slip."""

SPLIT_BANK = 5
"""Banks with labels and at least so many lines are split: a test text never holds a line of training."""

_SLOT = re.compile(r"\{([a-z0-9-]+)(\?(\d*))?\}")
_CHOICE = re.compile(r"\[([^\[\]]*)\]")


class Bank(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lines that stand for one another, and what they ask of a reader (labels, parted by spaces)."""

    lines: tuple[str, ...]
    labels: str = ""


def share(text: str) -> float:
    """A number between 0 and 1 that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48


def lines_of(name: str, bank: Bank, split: str) -> list[str]:
    """The lines that this split may use: a third of every larger labelled bank is kept for testing."""
    if not bank.labels or len(bank.lines) < SPLIT_BANK:
        return list(bank.lines)
    ordered = sorted(bank.lines, key=lambda line: share(f"{name} {line}"))
    cut = max(2, len(ordered) // 3)
    return ordered[:cut] if split == "test" else ordered[cut:]


class Writer:
    """Expands templates of one language and split with one source of chance."""

    def __init__(self, banks: Mapping[str, Bank], split: str, rng: random.Random) -> None:
        self._banks = banks
        self._lines = {name: lines_of(name, bank, split) for name, bank in banks.items()}
        self._rng = rng

    def expand(self, template: str, values: Mapping[str, str]) -> tuple[str, frozenset[str]]:
        """The text and the labels of the banks that went into it. KeyError: a slot that nobody knows."""
        labels: set[str] = set()
        return self._expand(template, values, labels, DEPTH).strip(), frozenset(labels)

    def line(self, bank: str, values: Mapping[str, str]) -> str:
        """One expanded line of a bank, without its labels."""
        return self.expand(f"{{{bank}}}", values)[0]

    def _expand(self, text: str, values: Mapping[str, str], labels: set[str], depth: int) -> str:
        if depth == 0:
            raise RecursionError(text[:60])
        while _CHOICE.search(text):
            text = _CHOICE.sub(lambda found: self._rng.choice(found[1].split("|")), text)

        def fill(found: re.Match[str]) -> str:
            name, optional, times = found[1], found[2], found[3]
            if optional and self._rng.random() >= 1 / int(times or 2):
                return ""
            if name in values:
                return values[name]
            labels.update(self._banks[name].labels.split())
            return self._expand(self._rng.choice(self._lines[name]), values, labels, depth - 1)

        return _SLOT.sub(fill, text)
