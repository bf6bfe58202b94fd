"""Importing a feed: entries in, evidence on entry and exit out. Importing the same content again is nothing.

Membership is a compact table; an entry makes evidence when it enters (``feed-listed``) and when it
leaves (``feed-left``), after which it ages out by the feed's own ``tau_days``.

A delivery is accepted or refused as a whole, before anything of it is written. What was accepted is applied
in steps of STEP entries, each in a transaction of its own: one transaction for half a million entries would
keep every other writer waiting for half a minute. A step writes evidence, membership, decisions and changes
together, so that a crash between two steps loses nothing: the feed then counts as not imported, and the
next delivery goes on where this one stopped.
"""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

import msgspec

from mailrisk.collect.feeds.guard import check_shrink
from mailrisk.collect.feeds.registry import FORMATS
from mailrisk.model.change import Change
from mailrisk.model.errors import BadInput, Conflict
from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.feed import FeedSource
from mailrisk.model.sighting import Sighting
from mailrisk.model.subject import Kind, Subject
from mailrisk.service.context import Context
from mailrisk.service.feed_delivery import Delivery, read_delivery
from mailrisk.service.feed_evidence import feed_left, feed_listed
from mailrisk.service.record import changes_of, decide_again
from mailrisk.store.rows import FeedRow
from mailrisk.store.transaction import Key, Transaction

STEP = 8_000
"""Entries applied in one transaction: half a second in which other writers wait."""

BREATH_S = 0.12
"""Pause between two steps, in which the index follows. A waiting SQLite writer looks every 0.1 s."""


class FeedReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did."""

    feed: str
    format: str
    entries: int
    new: int
    left: int
    kept: int
    bad: int
    bad_examples: tuple[str, ...]
    changes: int
    unchanged: bool


class _Plan(msgspec.Struct):
    """What applying a delivery has to do, in order."""

    source: FeedSource
    feed_id: int
    import_no: int
    entering: list[tuple[Key, Sighting]]
    returning: set[Key]  # those of them that had left
    leaving: list[tuple[Key, int, str]]  # with number and scheme
    entries: int = 0  # in the feed when all is done
    changes: int = 0
    fades: bool = False  # the feed tells only what is new


def import_feed(
    context: Context, source: FeedSource, pieces: Iterable[bytes], *, force: bool = False
) -> FeedReport:
    """Imports one delivery of a feed, which is one file.

    Raises FeedRefused (a BadInput) when it turned into HTML, shrank by 90 % (unless ``force``), or holds
    no usable entry; NotFound for an unknown format; Conflict when another import of the feed began
    meanwhile. A refusal is noted with the feed, and what was imported before stays.
    """
    return import_documents(context, source, [pieces], force=force)


def import_documents(
    context: Context,
    source: FeedSource,
    documents: Iterable[Iterable[bytes]],
    *,
    complete: bool = True,
    force: bool = False,
) -> FeedReport:
    """Imports one delivery that consists of several files. Errors as with :func:`import_feed`.

    ``complete`` false: the feed told what is new and no more. What it does not name has not left, and
    fades by its age.
    """
    digest = hashlib.sha256()
    try:
        hashed = (_hashed(pieces, digest) for pieces in documents)
        delivery = read_delivery(source, hashed, context.knowledge.hosts, context.clock(), complete=complete)
        row = _accept(context, source, delivery, digest.hexdigest(), force)
    except BadInput as error:
        with context.ledger.transaction(context.clock()) as transaction:
            row = transaction.feeds.open(SHARED, source.name, source.format)
            transaction.feeds.failed(row.id, str(error))
        raise
    if row is None:
        return _report(source, delivery, None)
    plan = _plan(context, source, row, delivery)
    gc.freeze()  # The plan lives to the end: looking through it for garbage would cost a fifth of the import.
    try:
        _apply(context, plan, digest.hexdigest())
    finally:
        gc.unfreeze()
    return _report(source, delivery, plan)


def _hashed(pieces: Iterable[bytes], digest: Any) -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        yield piece


def _accept(
    context: Context, source: FeedSource, delivery: Delivery, sha256: str, force: bool
) -> FeedRow | None:
    """The feed as it was before; None if this very delivery is imported already. BadInput: it is refused."""
    with context.ledger.transaction(context.clock()) as transaction:
        row = transaction.feeds.open(SHARED, source.name, source.format)
        if row.content_sha256 == sha256:
            transaction.feeds.imported(row.id, row.imports, row.entries, sha256)
            return None
        if delivery.complete:
            if not delivery.entries:
                raise BadInput("feed", f"no usable entry ({delivery.bad.count} unusable ones)")
            if not force:
                check_shrink(row.entries, len(delivery.entries))
        transaction.use_policy(context.policy, SHARED)
        transaction.feeds.begin(row.id, row.imports + 1)
        return row


def _plan(context: Context, source: FeedSource, row: FeedRow, delivery: Delivery) -> _Plan:
    """Compares the delivery with who is in the feed now. Takes the entries out of ``delivery``."""
    entries, gone = delivery.entries, delivery.gone
    plan = _Plan(
        source,
        row.id,
        row.imports + 1,
        [],
        set(),
        [],
        fades=not delivery.complete and not FORMATS[source.format].takes_back,
    )
    staying = 0
    for id_, kind, value, scheme, present in context.ledger.feed_members(row.id):
        key = (SHARED, kind, value)
        if present and delivery.complete and entries.pop(key, None) is not None:
            staying += 1  # Nearly all of a feed that comes again.
        elif key in entries:
            if not present:
                plan.returning.add(key)
        elif present and (delivery.complete or key in gone):
            plan.leaving.append((key, id_, scheme))
        else:
            staying += present
    plan.entries = staying + len(entries)
    # In order of the key: neighbours in the feed's order are strangers in the tables' indexes.
    plan.entering = sorted(entries.items(), key=itemgetter(0))
    return plan


def _apply(context: Context, plan: _Plan, sha256: str) -> None:
    """Does what the plan says, step by step; the last step also notes that the import is complete."""
    steps: list[tuple[Sequence[tuple[Key, Sighting]], Sequence[tuple[Key, int, str]]]] = []
    steps += [(plan.entering[at : at + STEP], ()) for at in range(0, len(plan.entering), STEP)]
    steps += [((), plan.leaving[at : at + STEP]) for at in range(0, len(plan.leaving), STEP)]
    if len(plan.entering) + len(plan.leaving) <= STEP:
        steps = [(plan.entering, plan.leaving)]
    for number, (entering, leaving) in enumerate(steps, start=1):
        with _no_collections():
            with context.ledger.transaction(context.clock()) as transaction:
                row = transaction.feeds.open(SHARED, plan.source.name, plan.source.format)
                if row.imports != plan.import_no:
                    raise Conflict(f"another import of the feed {plan.source.name} began")
                changes = _step(context, transaction, plan, entering, leaving)
                plan.changes += len(changes)
                if number == len(steps):
                    transaction.feeds.imported(plan.feed_id, plan.import_no, plan.entries, sha256)
            began = time.monotonic()
            context.catch_up(changes)
        if number < len(steps):
            time.sleep(max(0.0, BREATH_S - (time.monotonic() - began)))


@contextmanager
def _no_collections() -> Iterator[None]:
    """No search for garbage during a step: it makes hundreds of thousands of values and no cycle among them, and would
    be searched hundreds of times, which costs as much as writing to the index. What others leave waits a second.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _step(
    context: Context,
    transaction: Transaction,
    plan: _Plan,
    entering: Sequence[tuple[Key, Sighting]],
    leaving: Sequence[tuple[Key, int, str]],
) -> list[Change]:
    """Some entries enter and some leave, with all that follows from it; returns the changes."""
    at, import_no = transaction.at, plan.import_no
    evidence: list[Evidence] = []
    schemes: dict[Subject, str] = {}
    for key, sighting in entering:
        again = key in plan.returning
        evidence.append(feed_listed(plan.source, sighting, import_no, at, again=again, fades=plan.fades))
        schemes[sighting.subject] = sighting.scheme
    for key, _, scheme in leaving:
        subject = Subject(Kind(key[1]), key[2])
        evidence.append(feed_left(plan.source, subject, import_no, at))
        schemes[subject] = scheme
    entered = transaction.subject_ids({key: sighting.scheme for key, sighting in entering})
    touched = transaction.add_evidence(evidence, schemes)
    feeds = transaction.feeds
    feeds.set_members(plan.feed_id, import_no, entered.values(), present=True)
    feeds.set_members(plan.feed_id, import_no, (id_ for _, id_, _ in leaving), present=False)
    return changes_of(decide_again(context, transaction, sorted(touched), schemes))


def _report(source: FeedSource, delivery: Delivery, plan: _Plan | None) -> FeedReport:
    """``plan`` None: the delivery was known already."""
    new = 0 if plan is None else len(plan.entering)
    entries = len(delivery.entries) if plan is None else plan.entries
    return FeedReport(
        feed=source.name,
        format=source.format,
        entries=entries,
        new=new,
        left=0 if plan is None else len(plan.leaving),
        kept=entries - new,
        bad=delivery.bad.count,
        bad_examples=tuple(delivery.bad.examples),
        changes=0 if plan is None else plan.changes,
        unchanged=plan is None,
    )
