"""The evidence ledger: append-only evidence, decisions, and the numbered changes.

All writing happens inside :meth:`Ledger.transaction`, which holds the one appender's lock from its
first statement (SQLite: BEGIN IMMEDIATE; PostgreSQL: the locked row of ``ledger_state``). Sequence
numbers and recording times are therefore given at commit, without gaps and in order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain

import msgspec
from sqlalchemy import Connection, Engine, Select, func, select, update

from mailrisk.model.change import Change, Listing
from mailrisk.model.evidence import SHARED, Evidence, Recorded
from mailrisk.model.policy import Policy
from mailrisk.model.subject import Kind, Subject
from mailrisk.store import schema
from mailrisk.store.correspondence_rows import CorrespondenceRow, CorrespondenceRows
from mailrisk.store.engine import open_engine
from mailrisk.store.feed_rows import members_query
from mailrisk.store.listing_query import listing_query
from mailrisk.store.microseconds import from_us, to_us
from mailrisk.store.rows import DecisionRow, FeedRow, KeyRow, ListingRow, evidence_from
from mailrisk.store.transaction import Transaction
from mailrisk.store.webhook_rows import WebhookRow, WebhookRows


class Ledger:
    """Reading the ledger, and the way to write it. Safe to share between threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with engine.connect() as connection:
            self.epoch: str = connection.execute(select(schema.ledger_state.c.epoch)).scalar_one()

    @classmethod
    def open(cls, url: str) -> Ledger:
        """Opens (and creates or migrates) the ledger at a SQLAlchemy URL. Unavailable if it cannot."""
        return cls(open_engine(url))

    def close(self) -> None:
        """Gives all connections back."""
        self._engine.dispose()

    @contextmanager
    def transaction(self, now: datetime) -> Iterator[Transaction]:
        """A write transaction under the appender's lock; commits at the end, rolls back on an error.

        ``now`` becomes the recording time of everything in it, moved forward if a clock ran backwards:
        recording times always increase.
        """
        with self._engine.connect() as connection:
            connection.execution_options(sqlite_begin="IMMEDIATE")
            with connection.begin():
                state = connection.execute(select(schema.ledger_state).with_for_update()).one()
                at = max(to_us(now), state.last_recorded_at + 1)
                unit = Transaction(connection, state.epoch, state.last_seq, at)
                yield unit
                connection.execute(
                    update(schema.ledger_state).values(last_seq=unit.last_seq, last_recorded_at=at)
                )

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            yield connection

    # -- subjects and evidence ------------------------------------------------------------------

    def evidence_of(
        self, subject: Subject, *, tenant: int = SHARED, recorded_until: datetime | None = None
    ) -> list[Recorded]:
        """All evidence about a subject in the order of recording; with ``recorded_until``, as known then."""
        query = _evidence_query(subject, tenant)
        if recorded_until is not None:
            query = query.where(schema.evidence.c.recorded_at <= to_us(recorded_until))
        with self._read() as connection:
            return [evidence_from(row) for row in connection.execute(query)]

    def decision_at(
        self, subject: Subject, *, tenant: int = SHARED, at: datetime | None = None
    ) -> DecisionRow | None:
        """The decision that was in force at a time (default: the newest)."""
        table, about = schema.decision, schema.subject
        query = (
            select(table)
            .join(about, about.c.id == table.c.subject_id)
            .where(about.c.tenant == tenant, about.c.kind == subject.kind, about.c.value == subject.value)
            .order_by(table.c.decided_at.desc(), table.c.id.desc())
            .limit(1)
        )
        if at is not None:
            query = query.where(table.c.decided_at <= to_us(at))
        with self._read() as connection:
            row = connection.execute(query).first()
            return None if row is None else DecisionRow.from_row(row)

    def policy(self, hash_: str) -> Policy | None:
        """A stored policy by its hash."""
        query = select(schema.policy.c.document).where(schema.policy.c.hash == hash_)
        with self._read() as connection:
            document = connection.execute(query).scalar_one_or_none()
            return None if document is None else Policy.from_json(document)

    # -- changes and listings -------------------------------------------------------------------

    def last_seq(self) -> int:
        """The number of the newest change, 0 when there is none."""
        with self._read() as connection:
            return int(connection.execute(select(schema.ledger_state.c.last_seq)).scalar_one())

    def changes(self, after: int, limit: int) -> list[Change]:
        """Changes with a number greater than ``after``, in order, at most ``limit``."""
        table = schema.change
        query = select(table.c.body).where(table.c.seq > after).order_by(table.c.seq).limit(limit)
        with self._read() as connection:
            return [msgspec.json.decode(body, type=Change) for (body,) in connection.execute(query)]

    def listing(self, subject: Subject, *, tenant: int = SHARED) -> ListingRow | None:
        """The current listing or exemption of an indicator."""
        about = schema.subject
        query = listing_query().where(
            about.c.tenant == tenant, about.c.kind == subject.kind, about.c.value == subject.value
        )
        with self._read() as connection:
            row = connection.execute(query).first()
            return None if row is None else ListingRow.from_row(row)

    def listed_below(self, host: str, *, tenant: int = SHARED) -> list[Subject]:
        """URLs and path prefixes of a host that are listed now."""
        about = schema.subject
        query = listing_query().where(
            about.c.tenant == tenant,
            about.c.kind.in_((Kind.URL, Kind.PATH)),
            about.c.value >= host + "/",
            about.c.value < host + "0",  # '0' follows '/' in ASCII.
            schema.listing.c.state == "listed",
        )
        with self._read() as connection:
            return [Subject(Kind(row.kind), row.value) for row in connection.execute(query)]

    def listings(self) -> Iterator[ListingRow]:
        """Every listing and exemption: the snapshot from which a follower may start."""
        with self._read() as connection:
            for row in connection.execution_options(yield_per=5000).execute(listing_query()):
                yield ListingRow.from_row(row)

    def due(self, at: datetime, limit: int) -> list[tuple[int, Subject, str]]:
        """(tenant, subject, scheme) of listings whose ``valid_until`` has passed, oldest first."""
        query = (
            select(schema.subject)
            .join(schema.listing, schema.listing.c.subject_id == schema.subject.c.id)
            .where(schema.listing.c.valid_until <= to_us(at))
            .order_by(schema.listing.c.valid_until)
            .limit(limit)
        )
        with self._read() as connection:
            rows = connection.execute(query)
            return [(row.tenant, Subject(Kind(row.kind), row.value), row.scheme) for row in rows]

    def decided_before_policy(self, limit: int) -> list[tuple[int, Subject, str]]:
        """(tenant, subject, scheme) of listings that nobody has decided since the policy in force came into force."""
        used, made, about = schema.policy_use.c, schema.decision.c, schema.subject
        in_force = select(func.max(used.from_at)).where(used.tenant == SHARED).scalar_subquery()
        later = select(made.id).where(
            made.subject_id == schema.listing.c.subject_id, made.decided_at >= in_force
        )
        query = (
            select(about)
            .join(schema.listing, schema.listing.c.subject_id == about.c.id)
            .where(~later.exists())
            .limit(limit)
        )
        with self._read() as connection:
            rows = connection.execute(query)
            return [(row.tenant, Subject(Kind(row.kind), row.value), row.scheme) for row in rows]

    # -- keys and feeds -------------------------------------------------------------------------

    def key(self, public_id: str) -> KeyRow | None:
        """An API key by its public part, revoked ones too."""
        query = select(schema.api_key).where(schema.api_key.c.public_id == public_id)
        with self._read() as connection:
            row = connection.execute(query).first()
            return None if row is None else KeyRow.from_row(row)

    def all_keys(self) -> list[KeyRow]:
        """Every API key, oldest first."""
        with self._read() as connection:
            rows = connection.execute(select(schema.api_key).order_by(schema.api_key.c.created_at))
            return [KeyRow.from_row(row) for row in rows]

    def feeds(self) -> list[FeedRow]:
        """Every feed that was ever imported, with what the last import left."""
        with self._read() as connection:
            rows = connection.execute(select(schema.feed).order_by(schema.feed.c.name))
            return [FeedRow.from_row(row) for row in rows]

    def webhooks(self) -> dict[str, WebhookRow]:
        """Every receiver of change webhooks that was ever served, by name."""
        with self._read() as connection:
            return WebhookRows(connection).all()

    def correspondence(self, tenant: int, keys: Collection[str]) -> dict[str, CorrespondenceRow]:
        """What is remembered of these hashes of correspondents (``service/correspondence.py``)."""
        with self._read() as connection:
            return CorrespondenceRows(connection).of(tenant, keys)

    def feed_members(self, feed_id: int) -> Iterator[tuple[int, str, str, str, int]]:
        """(number, kind, value, scheme, 1 or 0: in it now) of every subject that is or was in a feed."""
        with self._read() as connection:
            rows = connection.execution_options(yield_per=10_000).execute(members_query(feed_id))
            yield from chain.from_iterable(rows.partitions())

    def remembered(self, tenant: int, key: str) -> tuple[str, int, bytes] | None:
        """(body hash, status, response) stored under an idempotency key."""
        table = schema.idempotency
        query = select(table).where(table.c.tenant == tenant, table.c.key == key)
        with self._read() as connection:
            row = connection.execute(query).first()
            return None if row is None else (row.body_sha256, row.status, row.response)


def _evidence_query(subject: Subject, tenant: int) -> Select[*tuple[object, ...]]:
    about = schema.subject
    return (
        select(schema.evidence, about.c.kind, about.c.value.label("subject_value"))
        .join(about, about.c.id == schema.evidence.c.subject_id)
        .where(about.c.tenant == tenant, about.c.kind == subject.kind, about.c.value == subject.value)
        .order_by(schema.evidence.c.id)
    )


def known_evidence(recorded: Sequence[Recorded]) -> list[Evidence]:
    """The evidence without its recording."""
    return [item.evidence for item in recorded]


__all__ = ["Ledger", "Listing", "from_us", "known_evidence"]
