"""The ledger's tables, in SQLAlchemy Core; SQLite and PostgreSQL share them.

Times are integers, microseconds since 1970-01-01 UTC: they compare alike in both engines and no
driver can apply a time zone to them. Evidence is append-only. Every row carries its tenant
(0 = shared). Migrations under ``migrations/`` create exactly these tables; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from mailrisk.model.errors import BadInput

REVISION = "0003"
"""The newest migration; a test compares it with the folder."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

BigId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite gives automatic numbers to INTEGER keys only."""

MAX_TENANT = 0xFFFF


def check_tenant(tenant: int) -> None:
    """BadInput for a number that no tenant can have: the index keeps two bytes for it."""
    if not 0 <= tenant <= MAX_TENANT:
        raise BadInput("tenant", f"is a number from 0 to {MAX_TENANT}")


# One row: the appender's lock, the last numbers given, the epoch of this ledger.
ledger_state = Table(
    "ledger_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("epoch", String(32), nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("last_recorded_at", BigInteger, nullable=False),
)

tenant = Table(
    "tenant",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

# Policies are immutable; policy_use says which was in force from when.
policy = Table(
    "policy",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("document", LargeBinary, nullable=False),
    Column("stored_at", BigInteger, nullable=False),
)
policy_use = Table(
    "policy_use",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("tenant", Integer, nullable=False),
    Column("policy_hash", String(64), ForeignKey("policy.hash"), nullable=False),
    Column("from_at", BigInteger, nullable=False),
)

subject = Table(
    "subject",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("tenant", Integer, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("value", Text, nullable=False),
    Column("scheme", String(10), nullable=False),
    UniqueConstraint("tenant", "kind", "value"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("tenant", Integer, nullable=False),
    Column("subject_id", BigId, ForeignKey("subject.id"), nullable=False),
    Column("code", String(60), nullable=False),
    Column("source", String(120), nullable=False),
    Column("value", Double, nullable=False),
    Column("category", String(30), nullable=False),
    Column("artefact", Text, nullable=False),
    Column("ref", String(200), nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
    UniqueConstraint("subject_id", "code", "source", "ref"),
)

# What was said, and when. Numbers only: the reasons are recomputed from the evidence.
decision = Table(
    "decision",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("tenant", Integer, nullable=False),
    Column("subject_id", BigId, ForeignKey("subject.id"), nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("policy_hash", String(64), nullable=False),
    Column("level", String(12), nullable=False),
    Column("probability", Double, nullable=False),
    Column("logit", Double, nullable=False),
    Column("category", String(30), nullable=False),
    Column("state", String(10), nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    Index(None, "subject_id", "decided_at"),
)

# The fold of the changes: one row for every indicator that is listed or exempted now.
listing = Table(
    "listing",
    metadata,
    Column("subject_id", BigId, ForeignKey("subject.id"), primary_key=True, autoincrement=False),
    Column("tenant", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the change that led here; empty: see change.seq
    # The registrable domain whose scopes this row may widen, '' where there is none (addresses, files).
    Column("site", String(255), nullable=False, server_default=""),
    Index(None, "valid_until"),
    Index(None, "site"),
)

# Wider scopes that the listings of a site justify now (decide/scope.py). The evidence says why.
widening = Table(
    "widening",
    metadata,
    Column("subject_id", BigId, ForeignKey("subject.id"), primary_key=True, autoincrement=False),
    Column("tenant", Integer, nullable=False),
    Column("site", String(255), nullable=False),
    Column("rule", String(40), nullable=False),
    Column("because", Text, nullable=False),  # JSON: what it rests on
    Index(None, "site"),
)

change = Table(
    "change",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("tenant", Integer, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

sample = Table(
    "sample",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("tenant", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("stored_at", BigInteger, nullable=False),
    Column("erased_at", BigInteger),
    UniqueConstraint("tenant", "sha256"),
)

# Feed membership is a compact table; evidence is written on entry and exit only.
feed = Table(
    "feed",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("tenant", Integer, nullable=False),
    Column("name", String(60), nullable=False),
    Column("format", String(40), nullable=False),
    Column("imports", Integer, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("imported_at", BigInteger, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("validators", Text, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("failed_at", BigInteger),
    # When its publisher was last reached, when to ask again, and how often it failed since.
    Column("checked_at", BigInteger, nullable=False, server_default="0"),
    Column("due_at", BigInteger, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    UniqueConstraint("tenant", "name"),
)
feed_entry = Table(
    "feed_entry",
    metadata,
    Column("feed_id", BigId, ForeignKey("feed.id"), primary_key=True, autoincrement=False),
    Column("subject_id", BigId, ForeignKey("subject.id"), primary_key=True, autoincrement=False),
    Column("import_no", Integer, nullable=False),
    Column("present", Integer, nullable=False),
    Index(None, "feed_id", "import_no"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("public_id", String(20), primary_key=True),
    Column("tenant", Integer, nullable=False),
    Column("role", String(20), nullable=False),
    Column("secret_sha256", String(64), nullable=False),
    Column("note", String(200), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("key", String(200), primary_key=True),
    Column("body_sha256", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("response", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# Who has written to whom, as keyed hashes.
correspondence = Table(
    "correspondence",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("key", String(32), primary_key=True),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Column("days", Integer, nullable=False),
    Index(None, "last_seen"),
)

# How far each receiver of change webhooks has been served.
webhook = Table(
    "webhook",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("epoch", String(32), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("delivered_at", BigInteger),
    Column("last_error", Text, nullable=False),
)
