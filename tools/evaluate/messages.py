"""Messages: wild phishing against wild benign mail, without network, thresholds frozen on the validation half."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from tools.evaluate import figures
from tools.evaluate.corpora import SPAM, WILD, Mail, read
from tools.evaluate.messages_page import page
from tools.evaluate.metrics import BENIGN_FOR_A_THOUSANDTH, Share, flagged, percentile, threshold
from tools.evaluate.missing import Missing
from tools.evaluate.profile import cpu_by_package
from tools.evaluate.runner import Assessed, assess_all, verdict
from tools.evaluate.split import validation

from mailrisk.edge.policy_files import data_hashes, load_policy
from mailrisk.edge.shipped import load_hosts
from mailrisk.model.policy import Policy
from mailrisk.model.url.hosts import HostClass, Hosts
from mailrisk.model.verdict import Verdict

__all__ = ["measure", "page"]

PREVALENCE = 0.05
"""Share of dangerous mail at which calibration is measured: 1.5 of 30 million a day (design/product.md, M15)."""

TAINTED = frozenset({"called-by-address", "reader-in-link", "from-the-reader"})
"""Reasons that rest on the reader's address. Whoever made the honeypot's mail anonymous wrote an address where a
name may have stood, so that they are left out of every figure here."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One mail with its outcome. ``score`` ranks: the probability, and the log-odds where it is held down."""

    mail: Mail
    found: Assessed
    verdict: Verdict
    score: float
    validation: bool


def rank(judged: Verdict) -> float:
    """What mails are ranked by: the probability; among equal ones (the cap without conviction) the log-odds."""
    return judged.probability + 1e-6 * judged.logit


def untainted(found: Assessed) -> Assessed:
    """Without the evidence that the corpus may have made."""
    kept = tuple(item for item in found.evidence if item.code not in TAINTED)
    return msgspec.structs.replace(found, evidence=kept)


def owner_of(hosts: Hosts) -> Callable[[str], str]:
    """Whom an address stands for: its registrable domain, itself at a free provider."""

    def owner(address: str) -> str:
        domain = address.rpartition("@")[2]
        return address if hosts.has(domain, HostClass.FREE_MAIL) else hosts.registrable(domain) or domain

    return owner


def collect(data: Path) -> list[Row]:
    """Every mail, prepared, assessed and assigned to its half. Missing: there is no mail under ``data``."""
    mails = read(data, (*WILD, *SPAM))
    if not any(mail.dangerous for mail in mails) or all(mail.dangerous for mail in mails):
        raise Missing(f"{data}/mail does not hold both phishing and benign mail")
    policy = load_policy(data_hashes())
    halves = validation(mails, owner_of(load_hosts()))
    outcomes = assess_all([mail.raw for mail in mails], "messages")
    rows = []
    for mail, found, half in zip(mails, map(untainted, outcomes), halves, strict=True):
        judged = verdict(found, policy)
        rows.append(Row(mail=mail, found=found, verdict=judged, score=rank(judged), validation=half))
    return rows


def measure(data: Path) -> dict[str, Any]:
    """Every figure of the section."""
    rows = collect(data)
    hosts, policy = load_hosts(), load_policy(data_hashes())
    wild = [row for row in rows if row.mail.source in {corpus.source for corpus in WILD}]
    first, later = [row for row in wild if row.validation], [row for row in wild if not row.validation]
    least = threshold(_scores(first, dangerous=False), 0.01)
    at_one = flagged(_scores(later, dangerous=True), least)
    return {
        "recall_at_fpr_0.01": round(at_one.value, 4),
        "ece": round(figures.calibration(later, PREVALENCE), 4),
        "ece_as_sampled": round(figures.calibration(later), 4),
        **thousandth(first, later),
        "one_percent": {
            "threshold": least,
            "recall": at_one.as_json(),
            "false_positives": flagged(_scores(later, dangerous=False), least).as_json(),
            "recall_validation": flagged(_scores(first, dangerous=True), least).as_json(),
        },
        "halves": {"validation": figures.sizes(first), "test": figures.sizes(later)},
        "calibration": figures.calibrations(later, PREVALENCE),
        "curve": figures.curve(later),
        "by_kind": figures.by_kind(later, least),
        "by_language": figures.by_language(later, least),
        "benign_groups": figures.benign(later, least, hosts),
        "levels": figures.levels(rows),
        "ablation": ablation(wild, policy, at_one),
        "cost": cost(rows),
        "uncertain": figures.uncertain(rows),
        "refused": sum(bool(row.found.refused) for row in rows),
    }


def _scores(rows: Iterable[Row], *, dangerous: bool) -> list[float]:
    return [row.score for row in rows if row.mail.dangerous == dangerous]


def thousandth(first: Sequence[Row], later: Sequence[Row]) -> dict[str, Any]:
    """Recall at 0.1 % false positives: a claim only if enough benign mails stand behind it, else null."""
    benign = _scores(first, dangerous=False)
    count = len(benign) + len(_scores(later, dangerous=False))
    share = flagged(_scores(later, dangerous=True), threshold(benign, 0.001))
    claimed = round(share.value, 4) if count >= BENIGN_FOR_A_THOUSANDTH else None
    figure = share.as_json() | {"benign": count, "claimable": claimed is not None}
    return {"recall_at_fpr_0.001": claimed, "one_thousandth": figure}


def ablation(rows: Sequence[Row], policy: Policy, whole: Share) -> dict[str, Any]:
    """Recall at 1 % on the test half without one group of evidence (the threshold frozen anew)."""
    reasons = policy.document.reasons
    present = {
        reasons[item.code].group for row in rows for item in row.found.evidence if item.code in reasons
    }
    result: dict[str, Any] = {"nothing left out": whole.as_json()}
    for group in sorted(present):
        result[f"without {group}"] = _without(rows, policy, frozenset({group})).as_json()
    result["conviction alone"] = _without(rows, policy, frozenset(present - {"conviction"})).as_json()
    result["without conviction's rules and identity"] = _without(
        rows, policy, frozenset({"conviction", "identity"})
    ).as_json()
    return result


def _without(rows: Sequence[Row], policy: Policy, groups: frozenset[str]) -> Share:
    reasons = policy.document.reasons

    def score(row: Row) -> float:
        kept = tuple(
            item
            for item in row.found.evidence
            if item.code in reasons and reasons[item.code].group not in groups
        )
        return rank(verdict(msgspec.structs.replace(row.found, evidence=kept), policy))

    scored = [(row, score(row)) for row in rows]
    least = threshold([value for row, value in scored if row.validation and not row.mail.dangerous], 0.01)
    return flagged([value for row, value in scored if not row.validation and row.mail.dangerous], least)


def cost(rows: Sequence[Row]) -> dict[str, Any]:
    """Milliseconds a mail, and where the CPU time goes."""
    done = [row.found for row in rows if not row.found.refused]
    packages = cpu_by_package([row.mail.raw for row in rows[:: max(1, math.ceil(len(rows) / 400))]])
    return {
        "wall_ms": {
            f"p{round(100 * at)}": round(1000 * percentile([one.wall_s for one in done], at), 2)
            for at in (0.5, 0.95, 0.99)
        },
        "cpu_ms": {
            f"p{round(100 * at)}": round(1000 * percentile([one.cpu_s for one in done], at), 2)
            for at in (0.5, 0.95)
        },
        "cpu_ms_mean": round(1000 * sum(one.cpu_s for one in done) / len(done), 2),
        "cpu_share": packages,
    }
