"""Changes: the numbered feed that is the only way out.

Every surface (API look-up, lists, Web Risk diffs, RPZ, CrowdSec stream, webhooks, a second node's
index) is a fold of these. ``seq`` is given at commit by one locked appender and has no gaps;
``epoch`` changes when a ledger is restored, and then every follower starts again.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from mailrisk.model.evidence import SHARED
from mailrisk.model.subject import Kind
from mailrisk.model.verdict import Category, Level, Reason, Target


class ChangeKind(StrEnum):
    """What happened to the listing of an indicator."""

    LISTED = "listed"
    UPDATED = "updated"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    EXEMPTED = "exempted"
    KEY_ISSUED = "key-issued"  # an API key: followed by our own nodes, never shown outside
    KEY_REVOKED = "key-revoked"


class Listing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Everything that a look-up answers about one listed indicator."""

    kind: Kind
    value: str
    scheme: str = "https"
    level: Level
    probability: float
    category: Category | None = None
    categories: tuple[Category, ...] = ()
    first_seen: datetime
    last_seen: datetime
    valid_until: datetime
    target: Target | None = None
    reasons: tuple[Reason, ...] = ()
    redistribute: bool = True  # false: known only from feeds that forbid passing it on
    local: bool = False  # seen by our own analysis, logs or reports, not by feeds alone
    decision: int = 0
    # What we would say without what partners told us; None: they told us nothing. Partners get this.
    own_level: Level | None = None
    own_probability: float = 0.0


class KeyGrant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An API key as every node needs it: never the secret, only its SHA-256 (lower-case hex)."""

    public_id: str
    secret_sha256: str = ""
    role: str = ""
    tenant: int = SHARED
    expires_at: datetime | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One numbered change. ``listing`` is set for ``listed`` and ``updated``."""

    seq: int
    epoch: str
    at: datetime
    kind: ChangeKind
    indicator_kind: Kind | None = None  # None for changes of keys
    indicator: str = ""  # canonical value, as Subject.value
    scheme: str = "https"
    tenant: int = SHARED
    listing: Listing | None = None
    reason: str = ""
    redistribute: bool = True  # false: the listing it puts or removes may not be passed on
    key: KeyGrant | None = None
