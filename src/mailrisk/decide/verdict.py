"""Evidence -> verdict: a pure function of (evidence, time, policy).

    logit       = prior(kind) + sum over groups of capped weights
    probability = sigmoid(a * logit + b), held below ``not_convicted_below`` without a convicting reason

An exemption (the latest word of an analyst is a withdrawal) sets all evidence aside that is not an
analyst's: no feed and no model can list the indicator again until an analyst says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from mailrisk.decide import weigh
from mailrisk.model.evidence import Evidence
from mailrisk.model.policy import Policy, Thresholds
from mailrisk.model.subject import IP_KINDS, Kind, Subject
from mailrisk.model.verdict import Category, Level, Target, Verdict

ANALYST_CODES = ("analyst-malicious", "analyst-withdrawn")

PRECEDENCE = (
    Category.MALWARE_FILE,
    Category.DOCUMENT_LURE,
    Category.IMAGE_TEXT_LURE,
    Category.CREDENTIAL_PHISHING,
)
"""Which of several categories is primary (protocols.md, "Our categories on the wire")."""


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x), safe for any x."""
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def exempted(evidence: Sequence[Evidence]) -> Evidence | None:
    """The withdrawal that is in force: the latest word of an analyst, if it takes the listing back."""
    latest = _latest_word(evidence)
    return latest if latest is not None and latest.code == "analyst-withdrawn" else None


def _latest_word(evidence: Sequence[Evidence]) -> Evidence | None:
    """What an analyst said last; it replaces what any analyst said before."""
    words = [item for item in evidence if item.code in ANALYST_CODES]
    return max(words, key=lambda item: item.seen_at, default=None)


def decide(subject: Subject, evidence: Sequence[Evidence], at: datetime, policy: Policy) -> Verdict:
    """The verdict on one subject. ``evidence`` is all of its evidence known at ``at``, in any order."""
    weighed, weights = _weights(evidence, at, policy)
    logit, probability = _probability(subject.kind, weighed, weights, policy)
    level = _level(subject.kind, probability, weights, policy.document.thresholds)
    reasons = sorted(
        (weigh.reason(item, weight) for item, weight in zip(weighed, weights, strict=True)),
        key=lambda reason: -abs(reason.weight),
    )
    category, categories = _categories(weighed, weights)
    return Verdict(
        subject=subject,
        level=level,
        probability=probability,
        logit=round(logit, 6),
        at=at,
        policy=policy.hash,
        category=category if level not in (Level.CLEAN, Level.NONE, Level.UNKNOWN) else None,
        categories=categories,
        first_seen=min((item.seen_at for item in evidence), default=None),
        last_seen=max((item.seen_at for item in evidence), default=None),
        valid_until=_valid_until(subject.kind, evidence, at, level, policy),
        target=_target(weighed),
        reasons=tuple(reasons),
    )


def _weights(
    evidence: Sequence[Evidence], at: datetime, policy: Policy
) -> tuple[list[weigh.Weighed], list[float]]:
    """Weighed evidence and its capped weights; earlier words of analysts and an exemption applied."""
    weighed = weigh.weigh(evidence, at, policy)
    latest = _latest_word(evidence)
    if latest is not None:
        exempt = latest.code == "analyst-withdrawn"
        weighed = [
            item
            if item.evidence is latest or not (exempt or item.evidence.code in ANALYST_CODES)
            else _aside(item)
            for item in weighed
        ]
    weights = weigh.capped(weighed, policy.document.caps)
    return weighed, weights


def _aside(item: weigh.Weighed) -> weigh.Weighed:
    """Evidence that is shown and does not count."""
    return msgspec.structs.replace(item, weight=0.0)


def _probability(
    kind: Kind, weighed: Sequence[weigh.Weighed], weights: Sequence[float], policy: Policy
) -> tuple[float, float]:
    """(logit, probability) under the policy's prior, calibration and conviction rule."""
    logit = policy.document.prior[kind] + sum(weights)
    slope, offset = policy.document.calibration_of(kind)
    probability = sigmoid(slope * logit + offset)
    convicted = any(item.rule.convicts and weight > 0 for item, weight in zip(weighed, weights, strict=True))
    if not convicted:
        probability = min(probability, policy.document.not_convicted_below)
    return logit, round(probability, 6)


def _level(kind: Kind, probability: float, weights: Sequence[float], limits: Thresholds) -> Level:
    """The level of a probability. ``clean`` needs evidence that speaks for it; ``none`` any evidence."""
    if kind in IP_KINDS or kind is Kind.ACCOUNT:
        for level, least in (
            (Level.HIGH, limits.high),
            (Level.MEDIUM, limits.medium),
            (Level.LOW, limits.low),
        ):
            if probability >= least:
                return level
        return Level.NONE if weights else Level.UNKNOWN
    if probability >= limits.malicious:
        return Level.MALICIOUS
    if probability >= limits.suspicious:
        return Level.SUSPICIOUS
    if probability <= limits.clean and any(weight < 0 for weight in weights):
        return Level.CLEAN
    return Level.UNKNOWN


def _categories(
    weighed: Sequence[weigh.Weighed], weights: Sequence[float]
) -> tuple[Category | None, tuple[Category, ...]]:
    """(primary, all) categories, the heaviest first; see PRECEDENCE for the primary one."""
    total: dict[Category, float] = {}
    for item, weight in zip(weighed, weights, strict=True):
        category = weigh.category_of(item)
        if category is not None and weight > 0:
            total[category] = total.get(category, 0.0) + weight
    if not total:
        return None, ()
    ranked = sorted(total, key=lambda category: -total[category])
    heaviest = total[ranked[0]]
    for category in PRECEDENCE:
        if total.get(category, 0.0) >= 0.5 * heaviest:
            return category, tuple(ranked)
    return ranked[0], tuple(ranked)


def _target(weighed: Sequence[weigh.Weighed]) -> Target | None:
    """Who is impersonated, as the heaviest reason that names a brand says."""
    named = [item for item in weighed if item.evidence.data.get("brand") and item.weight > 0]
    if not named:
        return None
    data = max(named, key=lambda item: item.weight).evidence.data
    domains = data.get("official_domains") or ()
    return Target(brand=str(data["brand"]), official_domains=tuple(str(domain) for domain in domains))


def _valid_until(
    kind: Kind, evidence: Sequence[Evidence], at: datetime, level: Level, policy: Policy
) -> datetime:
    """When decay changes the level, at the latest the policy's horizon for this level."""
    horizon_s = policy.document.valid_for_s[level]
    horizon = at + timedelta(seconds=horizon_s)
    if weigh.steady(evidence, policy) or _level_at(kind, evidence, horizon, policy) == level:
        return horizon
    low, high = 0, horizon_s  # The level holds at ``low`` and no longer at ``high``.
    while high - low > 1:
        middle = (low + high) // 2
        if _level_at(kind, evidence, at + timedelta(seconds=middle), policy) == level:
            low = middle
        else:
            high = middle
    return at + timedelta(seconds=high)


def _level_at(kind: Kind, evidence: Sequence[Evidence], at: datetime, policy: Policy) -> Level:
    weighed, weights = _weights(evidence, at, policy)
    _, probability = _probability(kind, weighed, weights, policy)
    return _level(kind, probability, weights, policy.document.thresholds)
