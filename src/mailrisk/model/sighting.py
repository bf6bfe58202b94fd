"""Sightings: an indicator was seen by a source at a time.

Feeds, reports and logs all end in these. They are kept small, and out of the garbage collector's
sight (``gc=False`` is safe: a frozen sighting can be part of no cycle), because half a million of
them are made in a few seconds when a feed is loaded.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from mailrisk.model.subject import Subject
from mailrisk.model.verdict import Category


class Sighting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One indicator as a source lists it.

    ``seen_at`` is None when the source does not say; the caller then takes the time of import.
    ``confidence`` (0..1) is the source's own trust in the entry. ``reference`` is the source's own
    id or link for it. ``below``: the source means every host below this one too (AdBlock ``||``,
    RPZ ``*.name``); whether that may become a domain-wide listing is for the scope rules to say.
    ``valid_until``: the source itself says that the entry holds no longer (STIX); the caller leaves
    out what is past it. ``gone``: the source takes the entry back (partner exchange).
    """

    subject: Subject
    scheme: str = "https"
    seen_at: datetime | None = None
    category: Category | None = None
    tags: tuple[str, ...] = ()
    brand: str = ""
    reference: str = ""
    confidence: float = 1.0
    below: bool = False
    valid_until: datetime | None = None
    gone: bool = False


class BadEntry(msgspec.Struct, frozen=True, gc=False):
    """An entry of a feed that could not be used. ``line`` counts from 1.

    In a document that is one JSON value ``line`` is the entry's place in it, counted from 1.
    """

    line: int
    reason: str
