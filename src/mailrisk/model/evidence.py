"""Evidence: one observed fact about a subject.

Evidence holds raw values, never a weight: the weight comes from the policy, so that a verdict can
be recomputed under the policy that was in force at any time. ``seen_at`` is event time (windows,
decay), ``recorded_at`` is set by the ledger at commit (history: "what did you know at T?").
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from mailrisk.model.subject import Subject

SHARED = 0
"""The tenant whose evidence everybody sees."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One fact: ``code`` (a key of the policy's reason table) holds for ``subject``.

    ``source`` names who says so (``feed:openphish``, ``analyser:login``, ``analyst:4f2a``,
    ``message:<sha256>``). ``value`` scales the rule's weight: 1.0 for a plain fact, a model's
    calibrated log-odds, a share between 0 and 1. ``data`` holds what shows the fact and fills the
    placeholders of the reason's text; JSON types only. ``ref`` makes recording idempotent: the
    ledger keeps one row per (tenant, subject, code, source, ref).
    """

    code: str
    subject: Subject
    source: str
    seen_at: datetime
    value: float = 1.0
    data: dict[str, Any] = {}
    artefact: str = ""  # pointer into the sample: "part 1.2, link 3", "header From"
    category: str = ""  # a Category value when the source knows better than the rule
    ref: str = ""
    tenant: int = SHARED


class Recorded(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Evidence as the ledger holds it."""

    id: int
    evidence: Evidence
    recorded_at: datetime
