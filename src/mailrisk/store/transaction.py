"""Writing the ledger, inside one transaction that holds the appender's lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Insert, Table, delete, insert, select, update

from mailrisk.model.change import Change, KeyGrant
from mailrisk.model.evidence import Evidence
from mailrisk.model.policy import Policy
from mailrisk.model.subject import Subject
from mailrisk.model.verdict import Verdict
from mailrisk.store import schema
from mailrisk.store.bulk import among, insert_rows, upsert
from mailrisk.store.chunks import chunks
from mailrisk.store.correspondence_rows import CorrespondenceRows
from mailrisk.store.evidence_rows import EvidenceRows, Key, key_of
from mailrisk.store.feed_rows import FeedRows
from mailrisk.store.listing_query import listing_query
from mailrisk.store.microseconds import from_us, to_us
from mailrisk.store.rows import ListingRow, StoredFact
from mailrisk.store.schema import check_tenant
from mailrisk.store.site_rows import SiteRows
from mailrisk.store.webhook_rows import WebhookRows

DECISION_COLUMNS = (
    "tenant", "subject_id", "decided_at", "policy_hash", "level", "probability", "logit", "category",
    "state", "valid_until",
)  # fmt: skip
LISTING_COLUMNS = ("subject_id", "tenant", "state", "seq", "valid_until", "body", "site")


class Transaction:
    """What may be written. ``at`` is the recording time of all of it, ``last_seq`` the last number given."""

    def __init__(self, connection: Connection, epoch: str, last_seq: int, at_us: int) -> None:
        self._connection = connection
        self._evidence = EvidenceRows(connection, at_us)
        self.feeds = FeedRows(self, connection, at_us)
        self._made: dict[int, Change] = {}  # the changes that it has stored, by number
        self.sites = SiteRows(connection, self._made)
        self.webhooks = WebhookRows(connection)
        self.correspondence = CorrespondenceRows(connection)
        self._epoch = epoch
        self._at_us = at_us
        self._put: set[int] = set()  # numbers of the subjects that it has listed or exempted
        self.last_seq = last_seq
        self.at = from_us(at_us)

    # -- subjects and evidence ------------------------------------------------------------------

    def subject_ids(self, subjects: Mapping[Key, str]) -> dict[Key, int]:
        """Numbers of subjects (key -> display scheme), adding those that are new.

        BadInput for a tenant that the look-up index has no room for.
        """
        return self._evidence.subject_ids(subjects)

    def add_evidence(self, evidence: Sequence[Evidence], schemes: Mapping[Subject, str]) -> set[Key]:
        """Records evidence; what is there already (same code, source, ref) changes nothing.

        Returns the keys of subjects about which something new was recorded.
        """
        return self._evidence.add(evidence, schemes)

    def facts_of(self, keys: Iterable[Key]) -> dict[Key, tuple[StoredFact, ...]]:
        """All evidence of several subjects in the order of recording, as it is stored.

        Equal facts are decided alike; ``rows.evidence_of_facts`` makes evidence of them.
        """
        return self._evidence.facts_of(keys)

    # -- decisions, listings, changes -----------------------------------------------------------

    def listings_of(self, keys: Iterable[Key]) -> dict[Key, ListingRow]:
        """Current listings and exemptions of several subjects."""
        keys = list(keys)
        ids, found = self._evidence.look_up(keys), dict[Key, ListingRow]()
        asked = [ids[key] for key in keys if key in ids]
        for part in chunks([id_ for id_ in asked if not self._evidence.is_fresh(id_) or id_ in self._put]):
            query = listing_query().where(among(self._connection, schema.listing.c.subject_id, part))
            for row in self._connection.execute(query):
                found[row.tenant, row.kind, row.value] = ListingRow.from_row(row)
        return found

    def add_decisions(self, decisions: Sequence[tuple[Key, Verdict, str]]) -> None:
        """Stores (subject's key, verdict, state wanted). One verdict may hold for many subjects."""
        ids = self._evidence.look_up([key for key, _, _ in decisions])
        for part in chunks(decisions):
            rows = []
            of: tuple[Verdict, str] | None = None
            said: tuple[Any, ...] = ()
            for key, verdict, state in part:
                if of is None or verdict is not of[0] or state != of[1]:
                    of, said = (verdict, state), _said(verdict, state)
                rows.append((key[0], ids[key], *said))
            insert_rows(self._connection, schema.decision, DECISION_COLUMNS, rows)

    def append(self, changes: Sequence[Change]) -> list[Change]:
        """Gives each change its number, epoch and time."""
        numbered = []
        for change in changes:
            self.last_seq += 1
            numbered.append(msgspec.structs.replace(change, seq=self.last_seq, epoch=self._epoch, at=self.at))
        self._made.update((change.seq, change) for change in numbered)
        for part in chunks(numbered):
            rows = [
                (change.seq, change.tenant, str(change.kind), self._at_us, msgspec.json.encode(change))
                for change in part
            ]
            insert_rows(self._connection, schema.change, ("seq", "tenant", "kind", "at", "body"), rows)
        return numbered

    def set_listings(
        self, rows: Sequence[tuple[Key, str, datetime, Change]], sites: Mapping[Key, str] | None = None
    ) -> None:
        """Puts (key, state, valid_until, the change that led there); state ``absent`` removes the row.

        ``sites``: the site whose wider scopes a listing counts for; none for the others.
        """
        ids = self._evidence.look_up([key for key, _, _, _ in rows])
        of_site = sites or {}
        absent = [ids[key] for key, state, _, _ in rows if state == "absent"]
        for part in chunks(absent):
            listing = schema.listing
            self._connection.execute(
                delete(listing).where(among(self._connection, listing.c.subject_id, part))
            )
        values = [
            (
                ids[key], key[0], str(state), change.seq, to_us(valid_until),
                b"" if change.seq in self._made else msgspec.json.encode(change), of_site.get(key, ""),
            )
            for key, state, valid_until, change in rows
            if state != "absent"
        ]  # fmt: skip
        self._put.update(value[0] for value in values)
        for values_part in chunks(values):
            insert_rows(self._connection, schema.listing, LISTING_COLUMNS, values_part, "replace")

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
        check_tenant(grant.tenant)
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

    def forget(self, prefix: str, before: datetime) -> None:
        """Removes what was remembered before a time under names that begin so."""
        table = schema.idempotency
        old = (table.c.at < to_us(before)) & table.c.key.startswith(prefix, autoescape=True)
        self._connection.execute(delete(table).where(old))

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
        return upsert(self._connection.dialect, table).on_conflict_do_nothing()


def _said(verdict: Verdict, state: str) -> tuple[Any, ...]:
    """DECISION_COLUMNS from the third on."""
    return (
        to_us(verdict.at), verdict.policy, str(verdict.level), verdict.probability, verdict.logit,
        str(verdict.category or ""), str(state), to_us(verdict.valid_until or verdict.at),
    )  # fmt: skip


__all__ = ["Key", "Transaction", "key_of"]
