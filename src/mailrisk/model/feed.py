"""Feeds: what is known about a source of third-party intelligence, and how its format is read.

``data/feeds.toml`` holds the shipped ones, the configuration may add more; unknown keys are errors.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from mailrisk.model.verdict import Category

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Column = str | int
"""A column of a CSV feed: its name in the header line, or its place counted from 0."""


class CsvColumns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the format ``csv`` finds what it needs. ``header``: the first line names the columns."""

    value: Column
    kind: Literal["url", "host", "ip", "file", "any"] = "any"
    seen_at: Column | None = None
    tags: Column | None = None
    brand: Column | None = None
    reference: Column | None = None
    confidence: Column | None = None  # 0..100
    tag_separator: Annotated[str, msgspec.Meta(min_length=1)] = ","
    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","
    header: bool = True
    comment: str = "#"


class FeedOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the configuration may say about how a feed is read.

    ``category`` replaces the format's own. Entries under ``min_confidence`` (0..1) are left out, as
    far as the format states a confidence.
    """

    category: Category | None = None
    min_confidence: Share = 0.0
    csv: CsvColumns | None = None


class FeedSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One feed. ``name`` is permanent: evidence names it as its source (``feed:<name>``).

    ``url`` may hold ``{key}``; with ``key_header`` the key goes into that header instead. ``weight``
    scales the rule ``feed-listed``. ``tau_days`` is how long an entry that left the feed takes to
    fade to nothing. ``redistribute = false``: what only such feeds know answers local checks and
    leaves by no list. ``default``: fetched by a fresh installation that may use the network.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")]
    title: str
    format: str
    url: str = ""
    homepage: str = ""
    key: Literal["none", "optional", "required"] = "none"
    key_header: str = ""
    licence: str
    terms: str = ""
    attribution: str = ""
    tlp: Literal["clear", "green", "amber", "amber+strict", "red"] = "clear"
    redistribute: bool = False
    default: bool = False
    weight: Share = 1.0
    tau_days: Annotated[float, msgspec.Meta(gt=0.0)] = 7.0
    refresh_s: Annotated[int, msgspec.Meta(ge=60)] = 3600
    max_bytes: Annotated[int, msgspec.Meta(ge=1)] = 256 * 1024 * 1024
    options: FeedOptions = FeedOptions()
