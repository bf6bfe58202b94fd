"""Labelled synthetic messages: ``generate(seed, count, split)``.

Everything here is synthetic, and figures measured on it are labelled so. A family of texts (a template) belongs to
training or to testing and never to both, and so does every line of the larger banks of phrases.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import msgspec
from tools.lures.letters import Letter, letters
from tools.lures.mail import message
from tools.lures.material import Kind, Split, Template


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """One synthetic message with what is true of it."""

    raw: bytes
    text: str  # subject, body and what stands in documents and pictures
    labels: frozenset[str]
    category: str  # '' for an honest twin
    language: str
    template: str
    topic: str
    kind: Kind
    carrier: str
    origin: str
    synthetic: bool = True


def generate(seed: int, count: int, split: Split, only: Sequence[Template] = ()) -> Iterator[Labelled]:
    """The same messages for the same seed. ``only`` narrows to some templates of the split."""
    for number, letter in enumerate(letters(seed, count, split, only)):
        yield labelled(letter, random.Random(f"mail {seed} {split} {number}"))  # noqa: S311  repeatable


def labelled(letter: Letter, rng: random.Random) -> Labelled:
    """One letter as a message."""
    return Labelled(
        raw=message(letter, rng),
        text=letter.text,
        labels=letter.labels,
        category=letter.template.category,
        language=letter.template.language,
        template=letter.template.id,
        topic=letter.template.topic,
        kind=letter.template.kind,
        carrier=letter.carrier,
        origin=letter.origin.how,
    )
