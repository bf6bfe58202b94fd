"""Why and when: the evidence behind a verdict, and the verdict computed again from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from mailrisk.decide import weigh
from mailrisk.decide.verdict import decide
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import SHARED, Recorded
from mailrisk.model.policy import Policy
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.indicator import parse_indicator
from mailrisk.model.verdict import Verdict
from mailrisk.service.answers import EvidenceLine, Explanation, shorten
from mailrisk.service.check_url import rule_covering
from mailrisk.service.context import Context
from mailrisk.store.ledger import known_evidence
from mailrisk.store.rows import DecisionRow

YEARS = range(1970, 9000)
"""Years that may be asked about: what is computed from such a time is a time as well."""

TOLERANCE = 1e-6
"""Two probabilities computed from the same evidence agree this far."""


def in_utc(when: datetime) -> datetime:
    """A time that somebody asks about, in UTC. BadInput: it has no zone, or is in none of YEARS."""
    if when.tzinfo is None:
        raise BadInput("as_of", "needs a time zone: 2026-01-31T12:00:00Z")
    if when.year not in YEARS:
        raise BadInput("as_of", f"the year must lie between {YEARS[0]} and {YEARS[-1]}")
    return when.astimezone(UTC)


def explain(
    context: Context, text: str, *, as_of: datetime | None = None, tenant: int = SHARED
) -> Explanation:
    """The evidence about an indicator and the verdict recomputed from it.

    With ``as_of``: only evidence recorded by then, and the decision that was in force then; the verdict
    is computed again at the time and under the policy of that decision and compared with what was said.
    Without: the verdict now, under the policy in force now. BadInput: no indicator.
    """
    subject, scheme = parse_indicator(text)
    asked_at = as_of or context.clock()
    subject, covered_by = _subject_with_evidence(context, subject, tenant)
    said = context.ledger.decision_at(subject, tenant=tenant, at=as_of)
    policy = (context.ledger.policy(said.policy_hash) if said else None) or context.policy
    then = said.decided_at if said is not None else asked_at
    recorded = context.ledger.evidence_of(subject, tenant=tenant, recorded_until=as_of)
    known = [item for item in recorded if item.recorded_at <= then]
    again = decide(subject, known_evidence(known), then, policy)
    shown = again
    if as_of is None:
        policy = context.policy
        shown = decide(subject, known_evidence(recorded), asked_at, policy)
    listing = context.ledger.listing(subject, tenant=tenant)
    scheme = listing.scheme if listing is not None else scheme
    return Explanation(
        indicator=subject.display(scheme),
        kind=subject.kind,
        as_of=asked_at,
        state=said.state if said is not None else "absent",
        level=shown.level,
        score=shown.score,
        probability=shown.probability,
        category=shown.category,
        decided_at=said.decided_at if said is not None else None,
        policy=policy.hash,
        prior=policy.document.prior[subject.kind],
        calibration=policy.document.calibration_of(subject.kind),
        logit=shown.logit,
        said=_said(said),
        recomputed_equal=None if said is None else _equal(said, again),
        reasons=shorten(shown.reasons),
        evidence=tuple(_lines(recorded, shown, policy)),
        covered_by=covered_by,
    )


def _subject_with_evidence(
    context: Context, subject: Subject, tenant: int
) -> tuple[Subject, tuple[str, ...]]:
    """The subject to explain: the one named, or for a URL without evidence the listing that covers it."""
    if subject.kind is not Kind.URL or context.ledger.evidence_of(subject, tenant=tenant):
        return subject, ()
    rule = rule_covering(context, subject, tenant)
    if rule is None:
        return subject, ()
    return rule.subject, (f"{rule.subject.kind} {rule.subject.display()}",)


def _said(said: DecisionRow | None) -> dict[str, object] | None:
    if said is None:
        return None
    return {
        "level": said.level,
        "score": round(100 * said.probability),
        "probability": said.probability,
        "category": said.category or None,
        "state": said.state,
        "decided_at": said.decided_at,
        "policy": said.policy_hash,
    }


def _equal(said: DecisionRow, again: Verdict) -> bool:
    """Whether the verdict computed again is the one that was stored."""
    return said.level == again.level and abs(said.probability - again.probability) < TOLERANCE


def _lines(recorded: Sequence[Recorded], verdict: Verdict, policy: Policy) -> list[EvidenceLine]:
    """The ledger's rows with the weight that each has in the verdict (0 where a stronger twin counts)."""
    evidence = known_evidence(recorded)
    weighed = weigh.weigh(evidence, verdict.at, policy)
    weight_of = {(reason.code, reason.source): reason.weight for reason in verdict.reasons}
    counted = {id(item.evidence) for item in weighed}
    rules = policy.document.reasons
    lines = []
    for row in recorded:
        item = row.evidence
        counts = id(item) in counted
        text, text_zh = item.code, item.code
        if item.code in rules:
            shown = weigh.reason(weigh.Weighed(evidence=item, rule=rules[item.code], weight=0.0), 0.0)
            text, text_zh = shown.text, shown.text_zh
        lines.append(
            EvidenceLine(
                id=row.id, code=item.code, source=item.source, seen_at=item.seen_at,
                recorded_at=row.recorded_at, value=item.value,
                weight=weight_of.get((item.code, item.source), 0.0) if counts else 0.0,
                counts=counts, text=text, text_zh=text_zh, data=item.data, artefact=item.artefact,
            )
        )  # fmt: skip
    return lines
