"""How well labels are found in texts of which the labels are known: lexicon alone, heads alone, both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mailrisk.analyse.message.heads import raised
from mailrisk.edge.shipped import load_lexicon
from mailrisk.model.heads import TextHeads
from mailrisk.model.lexicon import Folded, Found

if TYPE_CHECKING:
    from tools.train.intent_texts import Text

HOLDS = 0.5
"""Log-odds from which rules take a label to hold."""

Ways = Mapping[str, Callable[[Folded], Mapping[str, Found]]]


def ways(heads: TextHeads | None) -> Ways:
    """The ways to find labels that are compared."""
    lexicon = load_lexicon()
    return {
        "lexicon": lexicon.find,
        "heads": lambda folded: raised({}, folded.text, heads),
        "both": lambda folded: raised(lexicon.find(folded), folded.text, heads),
    }


def label_figures(texts: Sequence[Text], heads: TextHeads | None) -> dict[str, dict[str, dict[str, Any]]]:
    """By label and way: precision, recall, and how many texts hold the label."""
    return _figures(texts, ways(heads))


def embedding_figures(
    texts: Sequence[Text], read: Callable[[str], Mapping[str, float]]
) -> dict[str, dict[str, dict[str, Any]]]:
    """The same for an embedding alone."""
    return _figures(
        texts,
        {"embedding": lambda one: {label: Found(sure, ()) for label, sure in read(one.text).items()}},
    )


def _figures(texts: Sequence[Text], compared: Ways) -> dict[str, dict[str, dict[str, Any]]]:
    labels = sorted({label for text in texts for label in text.labels})
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for text in texts:
        folded = Folded(text.folded)
        for way, find in compared.items():
            held = {label for label, hit in find(folded).items() if hit.log_odds >= HOLDS}
            for label in labels:
                count = counts[label, way]
                count[0] += label in text.labels and label in held
                count[1] += label not in text.labels and label in held
                count[2] += label in text.labels and label not in held
    return {label: {way: _shares(*counts[label, way]) for way in compared} for label in labels}


def _shares(hit: int, false: int, missed: int) -> dict[str, Any]:
    return {
        "precision": round(hit / (hit + false), 4) if hit + false else None,
        "recall": round(hit / (hit + missed), 4) if hit + missed else None,
        "of": hit + missed,
    }
