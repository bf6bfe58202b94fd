"""Rows of the ledger as values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from mailrisk.model.change import Change, Listing
from mailrisk.model.evidence import Evidence, Recorded
from mailrisk.model.subject import Kind, Subject
from mailrisk.store.microseconds import from_us

_change = msgspec.json.Decoder(Change)

Row = Any
"""A SQLAlchemy row: its columns are attributes whose types the schema gives."""


class DecisionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as it was made."""

    id: int
    decided_at: datetime
    policy_hash: str
    level: str
    probability: float
    logit: float
    category: str
    state: str

    @classmethod
    def from_row(cls, row: Row) -> DecisionRow:
        """From a row of ``decision``."""
        return cls(
            id=row.id,
            decided_at=from_us(row.decided_at),
            policy_hash=row.policy_hash,
            level=row.level,
            probability=row.probability,
            logit=row.logit,
            category=row.category,
            state=row.state,
        )


class ListingRow(msgspec.Struct, frozen=True, kw_only=True):
    """The current state of an indicator and the change that led to it."""

    subject: Subject
    scheme: str
    tenant: int
    state: str
    change: Change

    @property
    def listing(self) -> Listing | None:
        """The listing; None for an exemption."""
        return self.change.listing

    @classmethod
    def from_row(cls, row: Row, change: Change | None = None) -> ListingRow:
        """From a row of ``listing_query``; ``change``: the one that led to it, if the caller has it."""
        return cls(
            subject=Subject(Kind(row.kind), row.value),
            scheme=row.scheme,
            tenant=row.tenant,
            state=row.state,
            change=_change.decode(row.body or row.change_body) if change is None else change,
        )


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """An API key; the secret itself is stored nowhere."""

    public_id: str
    tenant: int
    role: str
    secret_sha256: str
    note: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> KeyRow:
        """From a row of ``api_key``."""
        return cls(
            public_id=row.public_id,
            tenant=row.tenant,
            role=row.role,
            secret_sha256=row.secret_sha256,
            note=row.note,
            created_at=from_us(row.created_at),
            expires_at=None if row.expires_at is None else from_us(row.expires_at),
            revoked_at=None if row.revoked_at is None else from_us(row.revoked_at),
        )


class FeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a feed since its last import."""

    id: int
    name: str
    format: str
    imports: int
    entries: int
    imported_at: datetime
    content_sha256: str
    validators: str
    last_error: str
    failed_at: datetime | None
    checked_at: datetime | None = None  # when its publisher last answered, also "nothing new"
    due_at: datetime | None = None  # when to ask again
    failures: int = 0  # since it last went well

    @classmethod
    def from_row(cls, row: Row) -> FeedRow:
        """From a row of ``feed``."""
        return cls(
            id=row.id,
            name=row.name,
            format=row.format,
            imports=row.imports,
            entries=row.entries,
            imported_at=from_us(row.imported_at),
            content_sha256=row.content_sha256,
            validators=row.validators,
            last_error=row.last_error,
            failed_at=None if row.failed_at is None else from_us(row.failed_at),
            checked_at=from_us(row.checked_at) if row.checked_at else None,
            due_at=from_us(row.due_at) if row.due_at else None,
            failures=row.failures,
        )


def evidence_from(row: Row) -> Recorded:
    """Evidence joined with its subject's ``kind`` and ``subject_value``."""
    return Recorded(
        id=row.id,
        recorded_at=from_us(row.recorded_at),
        evidence=Evidence(
            code=row.code,
            subject=Subject(Kind(row.kind), row.subject_value),
            source=row.source,
            seen_at=from_us(row.seen_at),
            value=row.value,
            data=msgspec.json.decode(row.data, type=dict[str, Any]),
            artefact=row.artefact,
            category=row.category,
            ref=row.ref,
            tenant=row.tenant,
        ),
    )


FACT_COLUMNS = ("code", "source", "value", "category", "artefact", "seen_at", "data")
"""What a decision reads of a piece of evidence: not when it was recorded, nor its number."""

StoredFact = tuple[Any, ...]
"""One piece of evidence as it is stored, in the order of FACT_COLUMNS."""


def evidence_of_facts(subject: Subject, tenant: int, facts: Iterable[StoredFact]) -> list[Evidence]:
    """The evidence that the facts were stored from, without ``ref``."""
    return [
        Evidence(
            code=code,
            subject=subject,
            source=source,
            seen_at=from_us(seen_at),
            value=value,
            data=msgspec.json.decode(data, type=dict[str, Any]),
            artefact=artefact,
            category=category,
            tenant=tenant,
        )
        for code, source, value, category, artefact, seen_at, data in facts
    ]
