"""Subjects and what is recorded about them, inside one write transaction.

Most of what a feed brings is new to the ledger. What this transaction has added itself is kept in mind: nothing of it
needs to be looked up or read back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Table, func, select

from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Subject
from mailrisk.store import schema
from mailrisk.store.bulk import among, insert_rows
from mailrisk.store.chunks import chunks
from mailrisk.store.microseconds import to_us
from mailrisk.store.rows import FACT_COLUMNS, StoredFact
from mailrisk.store.schema import check_tenant

Key = tuple[int, str, str]
"""(tenant, kind, value): what names a subject."""


def key_of(tenant: int, subject: Subject) -> Key:
    """The natural key of a subject."""
    return tenant, subject.kind._value_, subject.value  # ``value`` of an enum is slow, and this is hot


EVIDENCE_COLUMNS = (
    "tenant", "subject_id", "code", "source", "value", "category", "artefact", "ref", "seen_at",
    "recorded_at", "data",
)  # fmt: skip


class EvidenceRows:
    """The tables of subjects and evidence inside one write transaction."""

    def __init__(self, connection: Connection, at_us: int) -> None:
        self._connection = connection
        self._at_us = at_us
        self._ids: dict[Key, int] = {}  # of the subjects that this transaction has met
        # Number of each subject that it has added -> what was recorded about it, by code, source and ref.
        self._fresh: dict[int, dict[tuple[str, str, str], StoredFact]] = {}

    def is_fresh(self, id_: int) -> bool:
        """Whether this transaction has added the subject of that number."""
        return id_ in self._fresh

    def subject_ids(self, subjects: Mapping[Key, str]) -> dict[Key, int]:
        """Numbers of subjects (key -> display scheme), adding those that are new.

        BadInput for a tenant that the look-up index has no room for.
        """
        ids = self._known(subjects)
        return {key: ids[key] for key in subjects}

    def _known(self, subjects: Mapping[Key, str]) -> dict[Key, int]:
        """Numbers of all subjects that this transaction has met, these among them."""
        for tenant in {key[0] for key in subjects}:
            check_tenant(tenant)
        ids = self.look_up(subjects)
        if new := [key for key in subjects if key not in ids]:
            self._add_subjects(new, subjects)
        return ids

    def _add_subjects(self, new: Sequence[Key], schemes: Mapping[Key, str]) -> None:
        before = self._last_id(schema.subject)
        rows = [(*key, schemes[key]) for key in new]
        for part in chunks(rows):
            insert_rows(self._connection, schema.subject, ("tenant", "kind", "value", "scheme"), part)
        # Nobody else adds subjects meanwhile, and each row takes the next number.
        query = select(schema.subject.c.id).where(schema.subject.c.id > before).order_by(schema.subject.c.id)
        added = [id_ for (id_,) in self._all(query)]
        self._ids.update(zip(new, added, strict=True))
        self._fresh.update((id_, {}) for id_ in added)

    def look_up(self, keys: Iterable[Key]) -> dict[Key, int]:
        """Numbers of all subjects that this transaction has met, these among them if they are known."""
        ids = self._ids
        grouped: dict[tuple[int, str], list[str]] = defaultdict(list)
        for key in keys:
            if key not in ids:
                grouped[key[:2]].append(key[2])
        table = schema.subject
        for (tenant, kind), values in grouped.items():
            for part in chunks(values):
                query = select(table.c.value, table.c.id).where(
                    table.c.tenant == tenant,
                    table.c.kind == kind,
                    among(self._connection, table.c.value, part),
                )
                ids.update(((tenant, kind, value), id_) for value, id_ in self._all(query))
        return ids

    def _all(self, query: Select[Any]) -> Sequence[Any]:
        return self._connection.execute(query).all()

    def _last_id(self, table: Table) -> int:
        return int(self._connection.execute(select(func.max(table.c.id))).scalar_one_or_none() or 0)

    def add(self, evidence: Sequence[Evidence], schemes: Mapping[Subject, str]) -> set[Key]:
        """Records evidence; what is there already (same code, source, ref) changes nothing.

        Returns the keys of subjects about which something new was recorded.
        """
        wanted = {key_of(item.tenant, item.subject): schemes.get(item.subject, "https") for item in evidence}
        ids = self._known(wanted)
        before = self._last_id(schema.evidence)
        touched: set[Key] = set()
        for part in chunks(evidence):
            rows = self._evidence_rows(part, ids, touched)
            insert_rows(self._connection, schema.evidence, EVIDENCE_COLUMNS, rows, "ignore")
        others = {ids[key]: key for key in wanted if ids[key] not in self._fresh}
        if others:
            query = select(schema.evidence.c.subject_id).where(schema.evidence.c.id > before)
            touched.update(others[id_] for (id_,) in self._all(query) if id_ in others)
        return touched

    def _evidence_rows(
        self, evidence: Iterable[Evidence], ids: Mapping[Key, int], touched: set[Key]
    ) -> list[tuple[Any, ...]]:
        """In the order of EVIDENCE_COLUMNS. What is new about fresh subjects is kept in mind, and its keys told."""
        rows = []
        data: object = None
        text = ""
        for item in evidence:
            if item.data is not data:  # Many entries of a feed share theirs.
                data, text = item.data, msgspec.json.encode(item.data).decode()
            key, source, ref = key_of(item.tenant, item.subject), item.source[:120], item.ref[:200]
            id_ = ids[key]
            fact = (
                item.code, source, item.value, str(item.category), item.artefact, to_us(item.seen_at), text,
            )  # fmt: skip
            if (told := self._fresh.get(id_)) is not None:
                if told.setdefault((item.code, source, ref), fact) is not fact:
                    continue
                touched.add(key)
            rows.append((item.tenant, id_, *fact[:5], ref, fact[5], self._at_us, text))
        return rows

    def facts_of(self, keys: Iterable[Key]) -> dict[Key, tuple[StoredFact, ...]]:
        """All evidence of several subjects in the order of recording, as it is stored.

        Equal facts are decided alike; ``rows.evidence_of_facts`` makes evidence of them.
        """
        keys = list(keys)
        known = self.look_up(keys)
        ids = {key: known[key] for key in keys if key in known}
        found: dict[int, list[StoredFact]] = {id_: [] for id_ in ids.values() if id_ not in self._fresh}
        table = schema.evidence.c
        for part in chunks(list(found)):
            query = (
                select(table.subject_id, *(table[name] for name in FACT_COLUMNS))
                .where(among(self._connection, table.subject_id, part))
                .order_by(table.id)
            )
            for subject_id, *fact in self._all(query):
                found[subject_id].append(tuple(fact))
        return {
            key: tuple(found[id_] if id_ in found else self._fresh[id_].values()) for key, id_ in ids.items()
        }
