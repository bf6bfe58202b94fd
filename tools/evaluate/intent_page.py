"""The page of the section "intent"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tools.evaluate.page import table

_NOTE = (
    "**Synthetic**, all but the last sentence: messages of `tools/lures` from families of texts, and with lines of "
    "phrases, that no weight was trained on; twins are honest mail of the same subjects. The pipeline is the product's own, "
    "without network. The lexicon was written by the author of the families, so that its figures flatter it; the heads "
    "have seen the training families alone. The Chinese letters of the test families that were missed have been read, and "
    "general rules mended after it (no phrase was taken from them but names of departments), so that the Chinese recall is "
    "no longer blind. Messages of one family are alike: the number of families says more "
    "than the interval."
)


def page(figures: Mapping[str, Any]) -> str:
    """Markdown of the section."""
    return "\n\n".join((_NOTE, *_languages(figures), "### Labels, log-odds of 0.5 or more", _labels(figures["labels"]), _honest(figures)))  # fmt: skip


def _languages(figures: Mapping[str, Any]) -> Iterator[str]:
    for language, title in (("zh", "Chinese"), ("en", "English")):
        found = figures[language]
        families = found["families"]
        twins, malicious = found["twins flagged"], found["twins called malicious"]
        yield f"### {title}: {families['lures']} families of lures, {families['twins']} of twins"
        yield (
            f"Twins flagged: {twins['hits']} of {twins['of']} ({100 * twins['value']:.2f} %), called malicious: "
            f"{malicious['hits']}. Recall at {found['recall_at']}."
        )
        rows = [
            (name, str(part["recall"]["of"]), _share(part["recall"]), _share(part["malicious"]))
            for name, part in found.items()
            if isinstance(part, dict) and "recall" in part
        ]
        yield table(("lures", "number", "found", "called malicious"), rows)
        for name in ("carrier", "origin"):
            parts = ", ".join(
                f"{key} {part['hits']}/{part['of']}" for key, part in found[f"by {name}"].items()
            )
            yield f"Found by {name}: {parts}."


def _share(part: Mapping[str, Any]) -> str:
    return f"{100 * part['value']:.1f} % ({100 * part['low']:.1f}-{100 * part['high']:.1f})"


def _labels(labels: Mapping[str, Any]) -> str:
    rows = [
        (label, str(ways["both"]["of"]), *(_pair(ways[way]) for way in ("lexicon", "heads", "both")))
        for label, ways in labels.items()
    ]
    return table(("label", "texts", "lexicon: precision, recall", "heads alone", "both"), rows)


def _pair(way: Mapping[str, Any]) -> str:
    precision = "-" if way["precision"] is None else f"{way['precision']:.2f}"
    return f"{precision}, {way['recall']:.2f}" if way["recall"] is not None else "-"


def _honest(figures: Mapping[str, Any]) -> str:
    """What heads hold by themselves in wild honest mail."""
    parts = []
    for source, held in figures["held_in_honest_mail"].items():
        loud = ", ".join(f"{label} {100 * share:.1f} %" for label, share in held.items() if share)
        parts.append(f"{source}: {loud or 'none'}")
    return f"Labels that a head alone holds in wild honest mail: {'; '.join(parts)}."
