"""Texts that the intent heads train on: synthetic letters, and SpamAssassin's corpus (PDDL) as what mail is like.

Of the corpus nobody has marked intents. Ham speaks against every label that the lexicon sees no phrase of; the
labels that it does see are left open. Spam speaks for labels that the lexicon is sure of and against those that it sees
nothing of.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tools.evaluate.corpora import members
from tools.lures.grammar import share
from tools.lures.letters import LINK, letters
from tools.lures.material import Split

from mailrisk.analyse.message.intent import read_text
from mailrisk.analyse.message.view import MessageView
from mailrisk.collect.message.parse import parse_message
from mailrisk.edge.shipped import load_brands, load_hosts, load_lexicon
from mailrisk.model.confusable import latin
from mailrisk.model.errors import MailriskError
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.lexicon import Folded
from mailrisk.model.message import Authentication, AuthResult, Envelope, Message
from mailrisk.model.subject import Kind, Subject

FOLDS = 4
SURE = 1.5
"""Log-odds of the lexicon from which a spam is taken to hold the label."""

SLIPPED = 0.5


class Text(NamedTuple):
    """One text, folded. ``labels`` hold, ``open`` are not known, the others do not hold."""

    folded: str
    labels: frozenset[str]
    open: frozenset[str]
    fold: int
    source: str
    language: str = ""
    family: str = ""
    weight: float = 1.0


def synthetic(seed: int, count: int, split: Split) -> Iterator[Text]:
    """Texts of letters: all that is said, and the mail alone where a document says the rest. A third with others' words.

    Templates name what they mean to ask; a phrase of the lexicon that slipped in beside it leaves its label open.
    """
    lexicon = load_lexicon()
    rng = random.Random(f"texts {seed}")  # noqa: S311  repeatable
    idle = [one.body for one in letters(seed + 1, count // 3, split) if not one.labels and one.body]
    for letter in letters(seed, count, split):
        fold = int(share(letter.template.id) * FOLDS)
        said = [(letter.text, letter.labels)]
        if letter.inside and letter.body:
            said.append((f"{letter.subject}\n{letter.body}", letter.body_labels))
        for text, labels in said:
            shown = text.replace(LINK, rng.choice(("", "here", "点击")))
            if idle and split == "train" and rng.random() < 0.33:
                shown = rng.choice((f"{shown}\n{rng.choice(idle)}", f"{rng.choice(idle)}\n{shown}"))
            folded = latin(shown)
            seen = frozenset(name for name, hit in lexicon.find(folded).items() if hit.log_odds >= SLIPPED)
            yield Text(folded, labels, seen - labels, fold, "synthetic", letter.template.language, letter.template.id)  # fmt: skip


def spamassassin(data: Path) -> Iterator[Text]:
    """Ham and spam of the archive, with the labels that can be taken for known. FileNotFoundError: it is not there."""
    path = data / "mail" / "spamassassin.tar.xz"
    lexicon = load_lexicon()
    for name, raw in members(path, "spamassassin"):
        ham = "ham" in name
        if not ham and "spam-" not in name:
            continue
        folded = folded_text(raw)
        if not folded:
            continue
        found = lexicon.find(Folded(folded))
        seen = frozenset(label for label, hit in found.items() if hit.log_odds >= (0.0 if ham else -1.0))
        sure = frozenset() if ham else frozenset(label for label in seen if found[label].log_odds >= SURE)
        yield Text(
            folded, sure, seen - sure, int(share(name) * FOLDS), "ham" if ham else "spam", "en", name, 0.6
        )


def folded_text(raw: bytes) -> str:
    """What the product's heads read of a message, '' when it is none."""
    try:
        message = parse_message(raw)
    except MailriskError:
        return ""
    return latin(read_text(_view(message)))


def _view(message: Message) -> MessageView:
    """The message as analysers see it, without anything that was looked up."""
    silent = AuthResult(result="not-checked", reason="")
    return MessageView(
        subject=Subject(Kind.SAMPLE, message.sha256),
        message=message,
        envelope=Envelope(),
        authentication=Authentication(spf=silent, dkim=(), dmarc=silent, arc=silent),
        urls=(),
        knowledge=_nothing_known(),
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@cache
def _nothing_known() -> Knowledge:
    return Knowledge(brands=load_brands(), hosts=load_hosts(), lexicon=load_lexicon())
