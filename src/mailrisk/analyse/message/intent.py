"""What the text wants of its reader, as labels with log-odds.

The seam for trained models: ``Heads`` is any function from a text to labels. The shipped heads are
the weighted phrases of ``data/lexicon``; a model replaces or joins them without a change elsewhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from mailrisk.analyse.message import documents, heads
from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.view import MessageView
from mailrisk.model.evidence import Evidence
from mailrisk.model.lexicon import CEILING, Folded, Found

Heads = Callable[[str], Mapping[str, Found]]

ASKS = ("asks-credential", "asks-payment", "asks-card", "asks-scan", "asks-open", "asks-call")
LURES = ("subsidy", "invoice", "document-share", "mailbox-quota", "delivery", "tax", "prize")
PRESSURE = ("threat", "urgency", "secrecy")
UNWANTED = (
    "advance-fee",
    "extortion",
    "gambling",
    "adult",
    "miracle-offer",
    "investment",
    "executive-request",
    "fake-invoices",
)

TEXT_START = 3_500
"""Characters of the text that are read from its front."""

TEXT_END = 800
"""Characters that are read from its end, when it is longer."""

MEANT = 1.5
"""Least log-odds of a fact that rests on an embedding alone; conjunctions take what holds."""

TEXT_LIMIT = 40_000
"""Characters in which quoted lines are looked for."""

_QUOTED = re.compile(r"^[ \t]*(?:[A-Za-z]{0,3}[>|\]]).*$", re.MULTILINE)
"""Lines that answer somebody: what was written to the reader's correspondent is no request to the reader."""


class Intents:
    """The labels of one message. ``log_odds`` of a label that nothing speaks for is minus two."""

    def __init__(self, found: Mapping[str, Found], said: Mapping[str, Found] | None = None) -> None:
        """``said`` is what can be shown in the text; ``found`` may be surer, by what an embedding means to see."""
        self.found = dict(found)
        self.said = self.found if said is None else dict(said)

    def log_odds(self, label: str) -> float:
        """How sure the label is."""
        hit = self.found.get(label)
        return hit.log_odds if hit else -2.0

    def has(self, *labels: str, least: float = 0.5) -> bool:
        """Whether one of the labels holds at least this surely."""
        # The rules ask some thirty times for each message: a loop takes half as long as ``any``.
        for label in labels:
            hit = self.found.get(label)
            if (hit.log_odds if hit else -2.0) >= least:
                return True
        return False

    def held(self, *labels: str, least: float = 0.5) -> list[str]:
        """The labels that hold, surest first."""
        return sorted(
            (label for label in labels if self.log_odds(label) >= least), key=self.log_odds, reverse=True
        )

    def phrase(self, label: str) -> str:
        """The phrase that shows the label best, '' without one."""
        hit = self.found.get(label)
        return hit.phrases[0] if hit and hit.phrases else ""


def intents(view: MessageView) -> Intents:
    """What the words of the message say, raised by trained heads and by what an embedding found in them."""
    folded = Folded(read_text(view))
    found = heads.raised(view.knowledge.lexicon.find(folded), folded.text, view.knowledge.heads)
    return Intents(_raised(found, view.meanings), said=found)


def read_text(view: MessageView) -> str:
    """What a model reads: subject, text with the visible words of links, what was read in pictures and documents."""
    message = view.message
    text = _QUOTED.sub("", message.text[:TEXT_LIMIT]) if ">" in message.text else message.text
    drawn = "\n".join(picture.text for picture in view.pictures)[:TEXT_START]
    parts = [message.subject[:1_000], text[:TEXT_START], text[TEXT_START:][-TEXT_END:]]
    return "\n".join([*parts, *filter(None, (drawn, documents.text_of(view)))])


def _raised(found: Mapping[str, Found], meanings: Sequence[tuple[str, float]]) -> dict[str, Found]:
    """The surer of both for each label; phrases come from the lexicon alone."""
    surest = dict(found)
    for label, log_odds in meanings:
        known = surest.get(label)
        if known is None or known.log_odds < log_odds:
            surest[label] = Found(min(CEILING, log_odds), known.phrases if known else ())
    return surest


def evidence(view: MessageView, wants: Intents) -> Iterator[Evidence]:
    """One fact for each label that holds; its value is the label's probability.

    A label that no word shows, and an embedding alone means to see, must be surer: a long letter has many weak meanings.
    """
    for label in (*ASKS, *LURES, *PRESSURE, *UNWANTED, "prompt-injection"):
        shown = wants.said.get(label)
        log_odds = shown.log_odds if shown else wants.log_odds(label)
        if log_odds >= (0.0 if shown else MEANT):
            data = {"phrase": wants.phrase(label), "log_odds": round(log_odds, 2)}
            yield fact(view, code=label, value=1.0 / (1.0 + math.exp(-log_odds)), data=data, artefact="text")
