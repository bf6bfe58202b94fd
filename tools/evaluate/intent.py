"""Section "intent": labels on unseen families, and the whole pipeline on synthetic lures and honest twins.

Everything but the last table is measured on messages of ``tools/lures`` from test families: **synthetic**, and never
added to figures of wild mail. The pipeline is the product's own (``service/assess``), without network; what a
receiving host would have found of SPF, DKIM and DMARC stands in its header.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from tools.evaluate.corpora import WILD, members
from tools.evaluate.intent_labels import HOLDS, label_figures
from tools.evaluate.intent_page import page
from tools.evaluate.metrics import Share, flagged, threshold
from tools.lures.generate import Labelled, generate
from tools.lures.mail import HOST
from tools.lures.material import of_split
from tools.train.intent_texts import folded_text, synthetic

from mailrisk.analyse.message.heads import raised
from mailrisk.config import Config
from mailrisk.edge.shipped import load_heads
from mailrisk.model.message import Envelope
from mailrisk.model.verdict import Level
from mailrisk.service.assess import assess
from mailrisk.service.context import Context
from mailrisk.wiring import open_context

RATE = 0.002
"""Largest share of honest twins that may be flagged."""

TWINS = 3
"""Honest twins for each lure: a small rate needs many of them."""

TEXTS = 3_000
HAM = 600
"""Mails of each honest corpus in which held labels are counted."""

SUBSIDY_QR, DOCUMENT = "subsidy by code", "document"


class Judged(NamedTuple):
    """One synthetic message with its verdict."""

    made: Labelled
    score: float
    level: Level


__all__ = ["measure", "page"]


def measure(data: Path, count: int, seed: int) -> dict[str, Any]:
    """All figures of the section. ``count`` lures of Chinese and of English, and three times as many twins."""
    heads = load_heads()
    figures: dict[str, Any] = {
        "synthetic": True,
        "labels": label_figures(list(synthetic(seed, TEXTS, "test")), heads),
        "held_in_honest_mail": honest_labels(data, seed),
    }
    judged = asyncio.run(_judge(list(_messages(count, seed))))
    chinese = [one for one in judged if one.made.language == "zh"]
    figures["zh"], figures["en"] = (
        groups(chinese),
        groups([one for one in judged if one.made.language == "en"]),
    )
    recall = [figures["zh"][name]["recall"]["value"] for name in (SUBSIDY_QR, DOCUMENT)]
    return figures | {"zh_lure_recall": min(recall), "zh_twin_fpr": figures["zh"]["twins flagged"]["value"]}


def _messages(count: int, seed: int) -> Iterable[Labelled]:
    for language in ("zh", "en"):
        for kind, share in (("lure", 1), ("twin", TWINS)):
            only = [one for one in of_split("test") if one.language == language and one.kind == kind]
            yield from generate(seed, share * count, "test", only)


async def _judge(messages: Sequence[Labelled]) -> list[Judged]:
    config = msgspec.convert({"organisation": {"trusted_hosts": [HOST]}}, Config)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_context(Path(folder), config, network=False) as context,
    ):
        return [await _one(context, made) for made in messages]


async def _one(context: Context, made: Labelled) -> Judged:
    verdict = (await assess(context, made.raw, Envelope(), network=False)).verdict
    return Judged(made, verdict.probability, verdict.level)


def groups(judged: Sequence[Judged]) -> dict[str, Any]:
    """Recall of the kinds of lures, at the product's own levels and at a threshold that spares the twins."""
    lures = [one for one in judged if one.made.kind == "lure"]
    twins = [one for one in judged if one.made.kind == "twin"]
    spared = threshold([one.score for one in twins], RATE)
    flagged_twins = sum(_flags(one) for one in twins)
    own = flagged_twins <= RATE * len(twins)
    kinds: dict[str, Callable[[Judged], bool]] = {
        "all lures": lambda _: True,
        SUBSIDY_QR: lambda one: {"subsidy", "asks-scan"} <= one.made.labels,
        DOCUMENT: lambda one: "document-share" in one.made.labels or one.made.carrier in ("pdf", "docx"),
    }
    found: dict[str, Any] = {
        "twins flagged": Share(flagged_twins, len(twins)).as_json(),
        "twins called malicious": Share(sum(one.level is Level.MALICIOUS for one in twins), len(twins)).as_json(),
        "families": {"lures": len({one.made.template for one in lures}), "twins": len({one.made.template for one in twins})},
        "recall_at": "the product's own levels" if own else f"the probability that flags {RATE:.1%} of the twins",
    }  # fmt: skip
    for name, belongs in kinds.items():
        part = [one for one in lures if belongs(one)]
        hits = (
            Share(sum(map(_flags, part)), len(part)) if own else flagged([one.score for one in part], spared)
        )
        malicious = Share(sum(one.level is Level.MALICIOUS for one in part), len(part))
        found[name] = {"recall": hits.as_json(), "malicious": malicious.as_json()}
    for name in ("carrier", "origin", "topic"):
        found[f"by {name}"] = _by(lures, name)
    return found


def _flags(one: Judged) -> bool:
    return one.level in (Level.MALICIOUS, Level.SUSPICIOUS)


def _by(lures: Sequence[Judged], name: str) -> dict[str, Any]:
    parts: dict[str, list[Judged]] = defaultdict(list)
    for one in lures:
        parts[getattr(one.made, name)].append(one)
    return {key: Share(sum(map(_flags, part)), len(part)).as_json() for key, part in sorted(parts.items())}


def honest_labels(data: Path, seed: int) -> dict[str, dict[str, float]]:
    """Per honest corpus the share of mails in which a head alone holds a label. Corpora that are not there are left out."""
    heads = load_heads()
    found: dict[str, dict[str, float]] = {}
    for corpus in WILD:
        path = data / "mail" / corpus.archive
        if corpus.dangerous or not path.is_file():
            continue
        mails = [raw for _, raw in members(path, corpus.prefix)]
        chosen = random.Random(seed).sample(mails, min(HAM, len(mails)))  # noqa: S311  the same in every run
        counts: dict[str, int] = defaultdict(int)
        for raw in chosen:
            for label, hit in raised({}, folded_text(raw), heads).items():
                counts[label] += hit.log_odds >= HOLDS
        found[corpus.source] = {label: round(hits / len(chosen), 4) for label, hits in sorted(counts.items())}
    return found
