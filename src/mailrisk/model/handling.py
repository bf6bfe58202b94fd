"""What a gate does with what it was asked about: rows of a response policy, which the administrator writes."""

from __future__ import annotations

import msgspec

from mailrisk.model.verdict import Category, Level


class HandlingRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Level x category x tenant -> action; the first row that fits is taken.

    ``category`` None is any, and ``tenant`` None is any.
    """

    level: Level
    action: str
    category: Category | None = None
    tenant: int | None = None
