"""Recording evidence: evidence in, decisions and numbered changes out, in one transaction.

This joins the pure decision with the ledger and is the only place where listings come into being.
Every step is idempotent: recording the same evidence again changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from mailrisk.decide import lifecycle
from mailrisk.decide.lifecycle import State
from mailrisk.decide.scope import Barrier, SiteFacts, barrier, domain_barrier
from mailrisk.decide.verdict import decide, exempted
from mailrisk.model.change import Change, Listing
from mailrisk.model.evidence import SHARED, Evidence, Recorded
from mailrisk.model.ip import reserved_range
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Verdict
from mailrisk.service.answers import Listed
from mailrisk.service.context import Context
from mailrisk.store.chunks import chunks
from mailrisk.store.rows import ListingRow
from mailrisk.store.transaction import Key, Transaction, key_of

MAX_LISTED_REASONS = 8
"""Reasons that travel with a listing; ``explain`` shows all of them."""


class _Decided(msgspec.Struct, frozen=True):
    """One subject decided anew: what is said, what state it wants, and the change that this makes."""

    key: Key
    verdict: Verdict
    state: State
    change: Change | None
    listing: Listing | None


def record(
    context: Context,
    evidence: Sequence[Evidence],
    *,
    schemes: Mapping[Subject, str] | None = None,
    again: Collection[Key] = (),
) -> list[Listed]:
    """Records evidence and decides every subject that it touches.

    ``schemes`` gives the display scheme of new URL indicators. ``again`` names subjects to decide even
    if nothing new is known about them (decay, a new policy). Returns what became of each subject.
    """
    with context.ledger.transaction(context.clock()) as transaction:
        transaction.use_policy(context.policy, SHARED)
        touched = transaction.add_evidence(evidence, schemes or {}) if evidence else set()
        decided = decide_again(context, transaction, sorted(touched | set(again)), schemes or {})
    context.catch_up()
    return decided


def decide_again(
    context: Context, transaction: Transaction, keys: Sequence[Key], schemes: Mapping[Subject, str]
) -> list[Listed]:
    """Decides subjects from all their evidence; stores decisions, changes and listings."""
    outcome: list[Listed] = []
    for part in chunks(keys):
        recorded = transaction.evidence_of(part)
        current = transaction.listings_of(part)
        decided = [
            _decide(context, key, recorded.get(key, []), current.get(key), transaction.at, schemes)
            for key in part
        ]
        transaction.add_decisions([(item.key[0], item.verdict, item.state) for item in decided])
        changed = [item for item in decided if item.change is not None]
        numbered = transaction.append([item.change for item in changed if item.change is not None])
        transaction.set_listings(
            [_listing_row(item, change) for item, change in zip(changed, numbered, strict=True)]
        )
        by_key = {item.key: change for item, change in zip(changed, numbered, strict=True)}
        outcome.extend(_listed(item, by_key.get(item.key), schemes) for item in decided)
    return outcome


def _decide(
    context: Context,
    key: Key,
    recorded: Sequence[Recorded],
    current: ListingRow | None,
    at: datetime,
    schemes: Mapping[Subject, str],
) -> _Decided:
    subject = Subject(Kind(key[1]), key[2])
    evidence = [item.evidence for item in recorded]
    verdict = decide(subject, evidence, at, context.policy)
    withdrawal = exempted(evidence)
    by_analyst = any(item.code == "analyst-malicious" for item in evidence)
    target = lifecycle.wanted(
        subject,
        verdict,
        exempted=withdrawal is not None,
        never_listed=bool(never_listed(context, subject, by_analyst=by_analyst)),
    )
    state = State.ABSENT if current is None else State(current.state)
    scheme = current.scheme if current is not None else schemes.get(subject, "https")
    listing = _listing(verdict, evidence, scheme) if target is State.LISTED else None
    before = current.listing if current is not None else None
    if before is not None and before.valid_until <= at:
        before = None  # It has run out: whatever is decided now must be published.
    kind = lifecycle.transition(state, target, before, listing)
    if kind is None:
        return _Decided(key, verdict, target, None, listing)
    reason = str(withdrawal.data.get("comment", "")) if withdrawal is not None else ""
    change = Change(
        seq=0, epoch="", at=at, kind=kind, indicator_kind=subject.kind, indicator=subject.value,
        scheme=scheme, tenant=key[0], listing=listing, reason=reason,
        redistribute=_redistribute(listing, current),
    )  # fmt: skip
    return _Decided(key, verdict, target, change, listing)


def _redistribute(listing: Listing | None, current: ListingRow | None) -> bool:
    """Whether others may hear of the change: as the listing says that it puts, else the one it removes."""
    known = listing or (current.listing if current is not None else None)
    return known.redistribute if known is not None else True


def never_listed(context: Context, subject: Subject, *, by_analyst: bool = False) -> str:
    """Why an indicator is analysed and never listed ('' when it may be).

    Private and reserved addresses; a path, host or domain that a listing would take from others: shared
    hosts, public suffixes, services with customers, widely used and own domains (see ``decide/scope``).
    An analyst may list a widely used or own domain, and nobody a shared one.
    """
    if subject.kind in (Kind.IP, Kind.NETWORK):
        reserved = "" if context.accept_private else reserved_range(subject.value.partition("/")[0])
        return f"a {reserved} address" if reserved else ""
    if subject.kind not in (Kind.HOST, Kind.DOMAIN):
        return ""
    hosts = context.knowledge.hosts
    own = hosts.registrable(subject.host) in context.knowledge.own_domains
    facts = SiteFacts(legitimate_use=own and not by_analyst)
    check = barrier if subject.kind is Kind.HOST else domain_barrier
    found = check(subject.host, hosts, facts)
    if found is None or (by_analyst and found is Barrier.WIDELY_USED):
        return ""
    return f"a {found.value.replace('-', ' ')}"


def _listing(verdict: Verdict, evidence: Sequence[Evidence], scheme: str) -> Listing:
    """What a look-up answers."""
    for_it = [item for item in evidence if item.code not in ("feed-left", "analyst-withdrawn")]
    from_feeds = [item for item in for_it if item.source.startswith("feed:")]
    redistribute = len(from_feeds) < len(for_it) or any(
        item.data.get("redistribute", True) for item in from_feeds
    )
    return Listing(
        kind=verdict.subject.kind,
        value=verdict.subject.value,
        scheme=scheme,
        level=verdict.level,
        probability=verdict.probability,
        category=verdict.category,
        categories=verdict.categories,
        first_seen=verdict.first_seen or verdict.at,
        last_seen=verdict.last_seen or verdict.at,
        valid_until=verdict.valid_until or verdict.at,
        target=verdict.target,
        reasons=verdict.reasons[:MAX_LISTED_REASONS],
        redistribute=redistribute,
        local=len(from_feeds) < len(for_it),
    )


def _listing_row(item: _Decided, change: Change) -> tuple[Key, str, datetime, Change]:
    valid_until = item.verdict.valid_until or change.at
    if item.state is State.EXEMPTED:
        valid_until = datetime.max.replace(tzinfo=UTC)  # Until an analyst says otherwise.
    return item.key, item.state.value, valid_until, change


def _listed(item: _Decided, change: Change | None, schemes: Mapping[Subject, str]) -> Listed:
    verdict = item.verdict
    return Listed(
        indicator=verdict.subject.display(schemes.get(verdict.subject, "https")),
        scope=verdict.subject.kind,
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
