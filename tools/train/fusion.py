"""Trains the fusion: are other weights better than those set by hand, and what does a score mean as a probability?

    p = sigmoid(a * (prior + sum of capped weights) + b)

Rows that may be trained on: the validation half of SpamAssassin's ham and spam (PDDL) and synthetic lures with their
honest twins (training families of ``tools/lures``). There are few of them and none is wild phishing, so that

* weights start from those set by hand and are held to them (a quadratic penalty relative to each one's size); no
  weight changes its sign; weights of convicting reasons stay; whole groups of evidence are dropped at random in
  every step ("stage dropout"), so that a missing stage is not a surprise;
* they are to be taken over only if they are clearly better on a fold that shares no author and no template with
  the rest;
* a calibration (Platt 1999) is fitted on that fold, weighted to the share of dangerous mail of a real day.

It writes the model card alone. ``docs/decisions/0017-weights-by-hand.md`` tells why weights and calibration are
those set by hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from tools.evaluate.corpora import SPAM, WILD, read
from tools.evaluate.messages import PREVALENCE, owner_of
from tools.evaluate.metrics import calibration_error, recall_at
from tools.evaluate.runner import assess_all
from tools.evaluate.split import validation
from tools.lures.generate import generate
from tools.lures.mail import HOST
from tools.train.fusion_card import card

from mailrisk.config import Config
from mailrisk.edge.policy_files import data_hashes, load_policy
from mailrisk.edge.shipped import load_hosts
from mailrisk.model.evidence import Evidence
from mailrisk.model.policy import PolicyDocument
from mailrisk.model.subject import Kind

ROOT = Path(__file__).parents[2]
CARD = ROOT / "docs" / "models" / "fusion.md"

SYNTHETIC = 2_400
STEPS, RATE, DROPPED, HOLD = 400, 0.02, 0.15, 0.01
BETTER = 0.97
"""The fitted weights' log loss on the held-out fold, as a share of that of the hand's, from which they are shipped."""

SPAM_COUNTS = 0.3
"""How much a spam mail of 2002 counts beside a synthetic lure: nobody wants it, but it is no phishing."""

Array = NDArray[np.float64]


class Row(NamedTuple):
    """One mail that may be trained on. ``group`` keeps authors and templates on one side of the fold."""

    evidence: tuple[Evidence, ...]
    dangerous: bool
    counts: float
    group: str


class Table(NamedTuple):
    """Rows as numbers: value of each code, class, how much each counts."""

    values: Array
    dangerous: Array
    counts: Array


def train(data: Path, seed: int) -> dict[str, Any]:
    """Fits, compares and writes the model card; returns the card's figures."""
    document = load_policy(data_hashes()).document
    found = rows(data, seed)
    held = [fold(row.group) for row in found]
    fusion = Fusion(document, found)
    fitting = fusion.table([row for row, out in zip(found, held, strict=True) if not out])
    testing = fusion.table([row for row, out in zip(found, held, strict=True) if out])
    fitted = fusion.fit(fitting, seed)
    compared = {
        "by hand": judged(fusion.logits(testing.values, fusion.hand), testing),
        "fitted": judged(fusion.logits(testing.values, fitted), testing),
    }
    better = compared["fitted"]["log_loss"] < BETTER * compared["by hand"]["log_loss"]
    slope, offset = platt(fusion.logits(testing.values, fusion.hand), testing)
    figures: dict[str, Any] = {
        "rows": {"fitting": len(fitting.values), "held out": len(testing.values)},
        "held_out": compared,
        "fitted_weights_are_clearly_better": better,
        "changes": fusion.changes(fitted),
        "calibration": {
            "shipped": list(document.calibration_of(Kind.SAMPLE)),
            "fitted": [round(slope, 3), round(offset, 3)],
            "prevalence": PREVALENCE,
        },
    }
    CARD.parent.mkdir(parents=True, exist_ok=True)
    CARD.write_text(card(figures), encoding="utf-8")
    return figures


def rows(data: Path, seed: int) -> list[Row]:
    """Every row that may be trained on. FileNotFoundError: SpamAssassin's mails are not under ``data``."""
    corpora = tuple(one for one in (*WILD, *SPAM) if one.archive.startswith("spamassassin"))
    mails = read(data, corpora)
    if not mails:
        raise FileNotFoundError(f"{data}/mail/spamassassin.tar.xz is not there")
    owner = owner_of(load_hosts())
    mails = [mail for mail, half in zip(mails, validation(mails, owner), strict=True) if half]
    synthetic = list(generate(seed, SYNTHETIC, "train"))
    trusting = msgspec.convert({"organisation": {"trusted_hosts": [HOST]}}, Config)
    found = [
        Row(one.evidence, mail.dangerous, SPAM_COUNTS if mail.dangerous else 1.0, owner(mail.author))
        for mail, one in zip(mails, assess_all([mail.raw for mail in mails], "spamassassin"), strict=True)
    ]
    made = assess_all([one.raw for one in synthetic], "synthetic", trusting)
    found += [
        Row(one.evidence, letter.kind == "lure", 1.0, letter.template)
        for letter, one in zip(synthetic, made, strict=True)
    ]
    return found


def fold(group: str) -> bool:
    """Whether a group belongs to the held-out third."""
    return hashlib.sha256(group.encode()).digest()[0] % 3 == 0


class Fusion:
    """The policy's sum of capped weights as arrays."""

    def __init__(self, document: PolicyDocument, found: Sequence[Row]) -> None:
        seen = {item.code for row in found for item in row.evidence}
        self.codes = sorted(seen & set(document.reasons))
        rules = [document.reasons[code] for code in self.codes]
        groups = sorted({rule.group for rule in rules})
        self.prior = document.prior[Kind.SAMPLE]
        self.hand: Array = np.array([rule.weight for rule in rules])
        self.free = np.array([not rule.convicts and rule.weight > 0 for rule in rules])
        self.member: Array = np.array([[float(rule.group == group) for group in groups] for rule in rules])
        self.caps: Array = np.array([document.caps.get(group, np.inf) for group in groups])

    def table(self, found: Sequence[Row]) -> Table:
        """The rows as arrays; of several pieces of evidence with one code the strongest counts."""
        place = {code: number for number, code in enumerate(self.codes)}
        values: Array = np.zeros((len(found), len(self.codes)))
        for number, row in enumerate(found):
            for item in row.evidence:
                if item.code in place:
                    column = place[item.code]
                    values[number, column] = max(values[number, column], item.value)
        dangerous: Array = np.array([float(row.dangerous) for row in found])
        counts: Array = np.array([row.counts for row in found])
        share = np.where(dangerous > 0, PREVALENCE, 1 - PREVALENCE)
        total = np.where(dangerous > 0, (counts * dangerous).sum(), (counts * (1 - dangerous)).sum())
        return Table(values, dangerous, counts * share / total)

    def logits(self, values: Array, weights: Array) -> Array:
        """prior + sum of capped weights, of each row."""
        raised = np.minimum((values * np.maximum(weights, 0)) @ self.member, self.caps).sum(1)
        lowered: Array = (values * np.minimum(weights, 0)).sum(1)
        return np.asarray(self.prior + raised + lowered)

    def fit(self, table: Table, seed: int) -> Array:
        """Weights by Adam (Kingma and Ba 2015) on the penalised log loss; the mean of the second half of all steps."""
        rng = np.random.default_rng(seed)
        weights, mean = self.hand.copy(), np.zeros_like(self.hand)
        first, second, offset = np.zeros_like(self.hand), np.zeros_like(self.hand), 0.0
        for step in range(1, STEPS + 1):
            kept = (rng.random((len(table.values), len(self.caps))) > DROPPED).astype(float)
            sums = (table.values * np.maximum(weights, 0)) @ self.member
            lowered = (table.values * np.minimum(weights, 0)).sum(1)
            logit = self.prior + (np.minimum(sums, self.caps) * kept).sum(1) + lowered + offset
            error = (1 / (1 + np.exp(-logit)) - table.dangerous) * table.counts
            open_ = ((sums < self.caps) * kept) @ self.member.T
            slope = (table.values * open_).T @ error
            slope += 2 * HOLD * (weights - self.hand) / np.maximum(np.abs(self.hand), 0.3) ** 2
            first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
            step_size = RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
            weights = np.where(self.free, np.clip(weights - step_size, 0.05, 3 * self.hand + 0.1), self.hand)
            offset -= 0.25 * float(error.sum())
            if 2 * step > STEPS:
                mean += weights
        return np.asarray(mean / (STEPS - STEPS // 2))

    def changes(self, fitted: Array) -> dict[str, list[float]]:
        """The codes whose weight would change most: [by hand, fitted]."""
        order = np.argsort(-np.abs(fitted - self.hand))[:15]
        return {self.codes[at]: [round(float(self.hand[at]), 2), round(float(fitted[at]), 2)] for at in order}


def platt(logits: Array, table: Table) -> tuple[float, float]:
    """(slope, offset) that fit sigmoid(slope * logit + offset) best; Newton's method (Platt 1999, Lin et al. 2007)."""
    design = np.stack([logits, np.ones_like(logits)], axis=1)
    solution: Array = np.array([1.0, 0.0])
    for _ in range(50):
        said = 1 / (1 + np.exp(-np.clip(design @ solution, -40, 40)))
        slope = design.T @ ((said - table.dangerous) * table.counts)
        curve = (design * (said * (1 - said) * table.counts)[:, None]).T @ design + 1e-9 * np.eye(2)
        solution = solution - np.linalg.solve(curve, slope)
    return float(solution[0]), float(solution[1])


def judged(logits: Array, table: Table) -> dict[str, float]:
    """Log loss after the best calibration, recall at 1 % false positives, calibration error before and after."""
    slope, offset = platt(logits, table)
    said = 1 / (1 + np.exp(-np.clip(slope * logits + offset, -40, 40)))
    raw = 1 / (1 + np.exp(-logits))
    loss = -(table.counts * np.log(np.where(table.dangerous > 0, said, 1 - said) + 1e-12)).sum()
    bad, benign = logits[table.dangerous > 0].tolist(), logits[table.dangerous == 0].tolist()
    truth, counts = [one > 0 for one in table.dangerous], table.counts.tolist()
    return {
        "log_loss": round(float(loss), 5),
        "recall_at_fpr_0.01": round(recall_at(bad, benign, 0.01).value, 4),
        "ece_uncalibrated": round(calibration_error(raw.tolist(), truth, counts), 4),
        "ece_calibrated": round(calibration_error(said.tolist(), truth, counts), 4),
    }
