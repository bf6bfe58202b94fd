"""Writing the ledger, inside one transaction that holds the appender's lock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Insert, Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from mailrisk.model.change import Change, KeyGrant
from mailrisk.model.evidence import Evidence, Recorded
from mailrisk.model.policy import Policy
from mailrisk.model.subject import Subject
from mailrisk.model.verdict import Verdict
from mailrisk.store import schema
from mailrisk.store.chunks import chunks
from mailrisk.store.feed_rows import FeedRows
from mailrisk.store.rows import ListingRow, evidence_from
from mailrisk.store.schema import from_us, to_us

Key = tuple[int, str, str]
"""(tenant, kind, value): what names a subject."""


def key_of(tenant: int, subject: Subject) -> Key:
    """The natural key of a subject."""
    return tenant, subject.kind.value, subject.value


class Transaction:
    """What may be written. ``at`` is the recording time of all of it, ``last_seq`` the last number given."""

    def __init__(self, connection: Connection, epoch: str, last_seq: int, at_us: int) -> None:
        self._connection = connection
        self.feeds = FeedRows(self, connection, at_us)
        self._epoch = epoch
        self._at_us = at_us
        self.last_seq = last_seq
        self.at = from_us(at_us)

    # -- subjects and evidence ------------------------------------------------------------------

    def subject_ids(self, subjects: Mapping[Key, str]) -> dict[Key, int]:
        """Numbers of subjects (key -> display scheme), adding those that are new."""
        keys = list(subjects)
        for part in chunks(keys):
            rows = [
                {"tenant": key[0], "kind": key[1], "value": key[2], "scheme": subjects[key]} for key in part
            ]
            self._connection.execute(self.insert_new(schema.subject), rows)
        return self._known_ids(keys)

    def _known_ids(self, keys: Sequence[Key]) -> dict[Key, int]:
        grouped: dict[tuple[int, str], list[str]] = defaultdict(list)
        for tenant, kind, value in keys:
            grouped[tenant, kind].append(value)
        found: dict[Key, int] = {}
        table = schema.subject
        for (tenant, kind), values in grouped.items():
            for part in chunks(values):
                query = select(table.c.id, table.c.value).where(
                    table.c.tenant == tenant, table.c.kind == kind, table.c.value.in_(part)
                )
                found.update(((tenant, kind, value), id_) for id_, value in self._connection.execute(query))
        return found

    def add_evidence(self, evidence: Sequence[Evidence], schemes: Mapping[Subject, str]) -> set[Key]:
        """Records evidence; what is there already (same code, source, ref) changes nothing.

        Returns the keys of subjects about which something new was recorded.
        """
        wanted = {key_of(item.tenant, item.subject): schemes.get(item.subject, "https") for item in evidence}
        ids = self.subject_ids(wanted)
        keys = {id_: key for key, id_ in ids.items()}
        before = self._last_evidence_id()
        for part in chunks(evidence):
            rows = [self._evidence_row(item, ids[key_of(item.tenant, item.subject)]) for item in part]
            self._connection.execute(self.insert_new(schema.evidence), rows)
        query = select(schema.evidence.c.subject_id).where(schema.evidence.c.id > before).distinct()
        return {keys[id_] for (id_,) in self._connection.execute(query)}

    def _last_evidence_id(self) -> int:
        query = select(schema.evidence.c.id).order_by(schema.evidence.c.id.desc()).limit(1)
        return int(self._connection.execute(query).scalar_one_or_none() or 0)

    def _evidence_row(self, item: Evidence, subject_id: int) -> dict[str, Any]:
        return {
            "tenant": item.tenant,
            "subject_id": subject_id,
            "code": item.code,
            "source": item.source[:120],
            "value": item.value,
            "category": item.category,
            "artefact": item.artefact,
            "ref": item.ref[:200],
            "seen_at": to_us(item.seen_at),
            "recorded_at": self._at_us,
            "data": msgspec.json.encode(item.data).decode(),
        }

    def evidence_of(self, keys: Iterable[Key]) -> dict[Key, list[Recorded]]:
        """All evidence of several subjects, in the order of recording."""
        ids = self._known_ids(list(keys))
        found: dict[Key, list[Recorded]] = {key: [] for key in ids}
        about = schema.subject
        for part in chunks(list(ids.values())):
            query = (
                select(schema.evidence, about.c.kind, about.c.value.label("subject_value"))
                .join(about, about.c.id == schema.evidence.c.subject_id)
                .where(schema.evidence.c.subject_id.in_(part))
                .order_by(schema.evidence.c.id)
            )
            for row in self._connection.execute(query):
                found[row.tenant, row.kind, row.subject_value].append(evidence_from(row))
        return found

    # -- decisions, listings, changes -----------------------------------------------------------

    def listings_of(self, keys: Iterable[Key]) -> dict[Key, ListingRow]:
        """Current listings and exemptions of several subjects."""
        found: dict[Key, ListingRow] = {}
        about = schema.subject
        for part in chunks(list(self._known_ids(list(keys)).values())):
            query = (
                select(schema.listing, about.c.kind, about.c.value, about.c.scheme)
                .join(about, about.c.id == schema.listing.c.subject_id)
                .where(schema.listing.c.subject_id.in_(part))
            )
            for row in self._connection.execute(query):
                found[row.tenant, row.kind, row.value] = ListingRow.from_row(row)
        return found

    def add_decisions(self, decisions: Sequence[tuple[int, Verdict, str]]) -> None:
        """Stores (tenant, verdict, state wanted)."""
        ids = self._known_ids([key_of(tenant, verdict.subject) for tenant, verdict, _ in decisions])
        for part in chunks(decisions):
            rows = [
                {
                    "tenant": tenant,
                    "subject_id": ids[key_of(tenant, verdict.subject)],
                    "decided_at": to_us(verdict.at),
                    "policy_hash": verdict.policy,
                    "level": verdict.level,
                    "probability": verdict.probability,
                    "logit": verdict.logit,
                    "category": verdict.category or "",
                    "state": state,
                    "valid_until": to_us(verdict.valid_until or verdict.at),
                }
                for tenant, verdict, state in part
            ]
            self._connection.execute(insert(schema.decision), rows)

    def append(self, changes: Sequence[Change]) -> list[Change]:
        """Gives each change its number, epoch and time, and folds it into the listings."""
        numbered = []
        for change in changes:
            self.last_seq += 1
            numbered.append(msgspec.structs.replace(change, seq=self.last_seq, epoch=self._epoch, at=self.at))
        for part in chunks(numbered):
            rows = [
                {
                    "seq": change.seq,
                    "tenant": change.tenant,
                    "kind": change.kind,
                    "at": self._at_us,
                    "body": msgspec.json.encode(change),
                }
                for change in part
            ]
            self._connection.execute(insert(schema.change), rows)
        return numbered

    def set_listings(self, rows: Sequence[tuple[Key, str, datetime, Change]]) -> None:
        """Puts (key, state, valid_until, the change that led there); state ``absent`` removes the row."""
        ids = self._known_ids([key for key, *_ in rows])
        for part in chunks(rows):
            self._connection.execute(
                delete(schema.listing).where(schema.listing.c.subject_id.in_([ids[key] for key, *_ in part]))
            )
            values = [
                {
                    "subject_id": ids[key],
                    "tenant": key[0],
                    "state": state,
                    "seq": change.seq,
                    "valid_until": to_us(valid_until),
                    "body": msgspec.json.encode(change),
                }
                for key, state, valid_until, change in part
                if state != "absent"
            ]
            if values:
                self._connection.execute(insert(schema.listing), values)

    # -- the rest -------------------------------------------------------------------------------

    def use_policy(self, policy: Policy, tenant: int) -> None:
        """Stores a policy and notes that it is in force from now on, if it is not already."""
        row = {"hash": policy.hash, "document": policy.canonical, "stored_at": self._at_us}
        self._connection.execute(self.insert_new(schema.policy), [row])
        used = schema.policy_use
        query = select(used.c.policy_hash).where(used.c.tenant == tenant).order_by(used.c.id.desc()).limit(1)
        if self._connection.execute(query).scalar_one_or_none() != policy.hash:
            self._connection.execute(
                insert(used).values(tenant=tenant, policy_hash=policy.hash, from_at=self._at_us)
            )

    def add_sample(self, tenant: int, sha256: str, media_type: str, size: int) -> None:
        """Notes that a sample is in the sample store."""
        row = {
            "tenant": tenant,
            "sha256": sha256,
            "media_type": media_type,
            "size": size,
            "stored_at": self._at_us,
        }
        self._connection.execute(self.insert_new(schema.sample), [row])

    def add_key(self, grant: KeyGrant, note: str) -> None:
        """Stores an API key (its hash only)."""
        self._connection.execute(
            insert(schema.api_key).values(
                public_id=grant.public_id,
                tenant=grant.tenant,
                role=grant.role,
                secret_sha256=grant.secret_sha256,
                note=note,
                created_at=self._at_us,
                expires_at=None if grant.expires_at is None else to_us(grant.expires_at),
            )
        )

    def revoke_key(self, public_id: str) -> bool:
        """Revokes a key; False when there is no such key in force."""
        table = schema.api_key
        query = update(table).where(table.c.public_id == public_id, table.c.revoked_at.is_(None))
        return self._connection.execute(query.values(revoked_at=self._at_us)).rowcount == 1

    def remember(self, tenant: int, key: str, body_sha256: str, status: int, response: bytes) -> None:
        """Stores the response under an idempotency key."""
        row = {
            "tenant": tenant,
            "key": key,
            "body_sha256": body_sha256,
            "status": status,
            "response": response,
            "at": self._at_us,
        }
        self._connection.execute(self.insert_new(schema.idempotency), [row])

    def insert_new(self, table: Table) -> Insert:
        """INSERT that passes over rows that are there already."""
        if self._connection.dialect.name == "postgresql":
            return postgresql.insert(table).on_conflict_do_nothing()
        return sqlite.insert(table).on_conflict_do_nothing()
