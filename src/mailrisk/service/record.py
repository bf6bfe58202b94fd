"""Recording evidence: evidence in, decisions and numbered changes out, in one transaction.

This joins the pure decision with the ledger and is the only place where listings come into being.
Every step is idempotent: recording the same evidence again changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from mailrisk.decide import lifecycle
from mailrisk.decide.lifecycle import State
from mailrisk.decide.verdict import decide, exempted
from mailrisk.model.change import Change, ChangeKind, Listing
from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Verdict
from mailrisk.service.answers import Listed
from mailrisk.service.barriers import never_listed
from mailrisk.service.context import Context
from mailrisk.service.hosting import hosting_evidence
from mailrisk.service.widen import Touch, belongs, says_young, site_of, widening_evidence
from mailrisk.store.chunks import chunks
from mailrisk.store.rows import ListingRow, StoredFact, evidence_of_facts
from mailrisk.store.transaction import Key, Transaction, key_of

MAX_LISTED_REASONS = 8
"""Reasons that travel with a listing; ``explain`` shows all of them."""

NOT_FOR_IT = ("feed-left", "widening-ended", "hosting-ended", "analyst-withdrawn")
"""Evidence that takes something back, and so does not say where a listing comes from."""


class StoredSample(NamedTuple):
    """A sample that the sample store has: tenant, SHA-256, media type, size in bytes."""

    tenant: int
    sha256: str
    media_type: str
    size: int


class Decided(msgspec.Struct, gc=False):
    """One subject decided anew: what is said, what state it wants, and the change that this makes."""

    key: Key
    subject: Subject
    verdict: Verdict  # shared by all subjects with equal facts, and about one of them
    state: State
    scheme: str
    change: Change | None
    site: str  # whose wider scopes the change may touch, '' if none


class _Finding(msgspec.Struct, frozen=True):
    """What equal facts lead to; the same for every subject that has them."""

    verdict: Verdict  # about one of them
    listing: Listing
    withdrawal: Evidence | None
    by_analyst: bool
    widened_only: bool


def record(
    context: Context,
    evidence: Sequence[Evidence],
    *,
    schemes: Mapping[Subject, str] | None = None,
    again: Collection[Key] = (),
    samples: Collection[StoredSample] = (),
) -> list[Listed]:
    """Records evidence and decides every subject that it touches, in one transaction with the rows of ``samples``.

    ``schemes`` gives the display scheme of new URL indicators. ``again`` names subjects to decide even
    if nothing new is known about them (decay, a new policy). Returns what became of each subject.
    """
    with context.ledger.transaction(context.clock()) as transaction:
        transaction.use_policy(context.policy, SHARED)
        for sample in samples:
            transaction.add_sample(*sample)
        touched = transaction.add_evidence(evidence, schemes or {}) if evidence else set()
        decided = decide_again(context, transaction, sorted(touched | set(again)), schemes or {})
    context.catch_up(changes_of(decided))
    return [_listed(item) for item in decided]


def changes_of(decided: Iterable[Decided]) -> list[Change]:
    """The changes that decisions made, in their order."""
    return [item.change for item in decided if item.change is not None]


def decide_again(
    context: Context, transaction: Transaction, keys: Sequence[Key], schemes: Mapping[Subject, str]
) -> list[Decided]:
    """Decides subjects from all their evidence; stores decisions, changes and listings.

    Where that changes what is listed on a site, the wider scopes that it justifies are decided too, and so is the
    address that serves it.
    """
    decided = [item for part in chunks(keys) for item in _decide_part(context, transaction, part, schemes)]
    touched = {
        Touch(
            (item.key[0], item.site), item.change.kind is ChangeKind.LISTED, says_young(item.verdict.reasons)
        )
        for item in decided
        if item.change is not None and item.site
    }
    wider, wider_schemes = widening_evidence(context, transaction, touched)
    if wider:
        again = sorted(transaction.add_evidence(wider, wider_schemes))
        decided.extend(_decide_part(context, transaction, again, wider_schemes))
    hosted = hosting_evidence(context, transaction, touched)
    if hosted:
        decided.extend(_decide_part(context, transaction, sorted(transaction.add_evidence(hosted, {})), {}))
    return decided


def _decide_part(
    context: Context, transaction: Transaction, part: Sequence[Key], schemes: Mapping[Subject, str]
) -> list[Decided]:
    facts = transaction.facts_of(part)
    current = transaction.listings_of(part)
    findings: dict[tuple[str, tuple[StoredFact, ...]], _Finding] = {}
    decided = []
    for key in part:
        known = facts.get(key, ())
        finding = findings.get((key[1], known))
        if finding is None:
            finding = findings[key[1], known] = _find(context, key, known, transaction.at)
        decided.append(_decide(context, key, finding, current.get(key), transaction.at, schemes))
    transaction.add_decisions([(item.key, item.verdict, item.state) for item in decided])
    changed = [item for item in decided if item.change is not None]
    for item, change in zip(changed, transaction.append(changes_of(changed)), strict=True):
        item.change = change
    sites = {item.key: item.site for item in changed if belongs(item.state, item.key[1])}
    transaction.set_listings([_listing_row(item, transaction.at) for item in changed], sites)
    return decided


def _find(context: Context, key: Key, facts: Sequence[StoredFact], at: datetime) -> _Finding:
    """The verdict on facts, and the listing that it would make."""
    subject = Subject(Kind(key[1]), key[2])
    evidence = evidence_of_facts(subject, key[0], facts)
    verdict = decide(subject, evidence, at, context.policy)
    listing = _listing(verdict, evidence)
    own = [item for item in evidence if not item.data.get("partner")]
    if len(own) < len(evidence):
        alone = decide(subject, own, at, context.policy)
        listing = msgspec.structs.replace(listing, own_level=alone.level, own_probability=alone.probability)
    codes = {item.code for item in evidence}
    return _Finding(
        verdict=verdict,
        listing=listing,
        withdrawal=exempted(evidence),
        by_analyst="analyst-malicious" in codes,
        widened_only=bool(codes) and codes <= {"widened", "widening-ended"},
    )


def _decide(
    context: Context,
    key: Key,
    finding: _Finding,
    current: ListingRow | None,
    at: datetime,
    schemes: Mapping[Subject, str],
) -> Decided:
    verdict = finding.verdict
    subject = Subject(verdict.subject.kind, key[2])
    target = _wanted(context, subject, finding)
    state = State.ABSENT if current is None else State(current.state)
    scheme = current.scheme if current is not None else schemes.get(subject, "https")
    listing = None
    if target is State.LISTED:
        listing = msgspec.structs.replace(finding.listing, value=key[2], scheme=scheme)
    before = current.listing if current is not None else None
    if before is not None and before.valid_until <= at:
        before = None  # It has run out: whatever is decided now must be published.
    kind = lifecycle.transition(state, target, before, listing)
    if kind is None:
        return Decided(key, subject, verdict, target, scheme, None, "")
    change = Change(
        seq=0, epoch="", at=at, kind=kind, indicator_kind=subject.kind, indicator=subject.value,
        scheme=scheme, tenant=key[0], listing=listing, reason=_comment(finding.withdrawal),
        redistribute=_redistribute(listing, current),
    )  # fmt: skip
    site = "" if finding.widened_only else site_of(context.knowledge.hosts, subject)
    return Decided(key, subject, verdict, target, scheme, change, site)


def _wanted(context: Context, subject: Subject, finding: _Finding) -> State:
    """The state that the verdict asks for."""
    barred = never_listed(
        context.knowledge, subject, by_analyst=finding.by_analyst, accept_private=context.accept_private
    )
    return lifecycle.wanted(
        subject, finding.verdict, exempted=finding.withdrawal is not None, never_listed=bool(barred)
    )


def _comment(withdrawal: Evidence | None) -> str:
    return str(withdrawal.data.get("comment", "")) if withdrawal is not None else ""


def _redistribute(listing: Listing | None, current: ListingRow | None) -> bool:
    """Whether others may hear of the change: as the listing says that it puts, else the one it removes."""
    known = listing or (current.listing if current is not None else None)
    return known.redistribute if known is not None else True


def _listing(verdict: Verdict, evidence: Sequence[Evidence]) -> Listing:
    """What a look-up answers. It may be passed on, and is local, if any one of its sources makes it so."""
    for_it = [item for item in evidence if item.code not in NOT_FOR_IT]
    return Listing(
        kind=verdict.subject.kind,
        value=verdict.subject.value,
        level=verdict.level,
        probability=verdict.probability,
        category=verdict.category,
        categories=verdict.categories,
        first_seen=verdict.first_seen or verdict.at,
        last_seen=verdict.last_seen or verdict.at,
        valid_until=verdict.valid_until or verdict.at,
        target=verdict.target,
        reasons=verdict.reasons[:MAX_LISTED_REASONS],
        redistribute=any(item.data.get("redistribute", True) for item in for_it),
        local=any(item.data.get("local", not item.source.startswith("feed:")) for item in for_it),
    )


def _listing_row(item: Decided, at: datetime) -> tuple[Key, str, datetime, Change]:
    assert item.change is not None
    valid_until = item.verdict.valid_until or at
    if item.state is State.EXEMPTED:
        valid_until = datetime.max.replace(tzinfo=UTC)  # Until an analyst says otherwise.
    return item.key, item.state, valid_until, item.change


def _listed(item: Decided) -> Listed:
    verdict, change = item.verdict, item.change
    return Listed(
        indicator=item.subject.display(item.scheme),
        scope=item.subject.kind,
        level=verdict.level,
        score=verdict.score,
        category=verdict.category,
        state=item.state,
        change=None if change is None else change.kind,
        seq=None if change is None else change.seq,
    )


def sweep(context: Context, limit: int = 5_000) -> int:
    """Decides listings again whose ``valid_until`` has passed: emits decay and expiry as changes."""
    due = context.ledger.due(context.clock(), limit)
    if not due:
        return 0
    schemes = {subject: scheme for _, subject, scheme in due}
    record(context, [], schemes=schemes, again=[key_of(tenant, subject) for tenant, subject, _ in due])
    return len(due)
