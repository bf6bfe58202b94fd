"""What the use cases answer: the objects that the API and ``--format jsonl`` print.

These names are a contract with scripts. Times are RFC 3339 in UTC; ``score`` is 100 x ``probability``
rounded; ``stages`` says what the answer rests on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from mailrisk.model.verdict import Category, Level, Reason, Target


class ShortReason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reason as scripts get it."""

    code: str
    text: str
    text_zh: str
    weight: float
    source: str = ""
    artefact: str = ""


def shorten(reasons: tuple[Reason, ...]) -> tuple[ShortReason, ...]:
    """The reasons of a verdict, heaviest first, as scripts get them."""
    return tuple(
        ShortReason(
            code=reason.code,
            text=reason.text,
            text_zh=reason.text_zh,
            weight=round(reason.weight, 2),
            source=reason.source,
            artefact=reason.artefact,
        )
        for reason in reasons
    )


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One input that could not be dealt with; the others of its batch are not affected."""

    input: str
    error: str
    field: str = ""


class UrlAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What we say about a URL."""

    input: str
    indicator: str
    level: Level
    score: int
    probability: float
    category: Category | None
    scope: str | None
    first_seen: datetime | None
    last_seen: datetime | None
    valid_until: datetime
    target: Target | None
    reasons: tuple[ShortReason, ...]
    stages: tuple[str, ...]
    via: tuple[str, ...] = ()  # wrappers that the URL went through
    missing_stages: tuple[str, ...] = ()  # asked for, and not to be had
    list_age_s: int = 0


class IpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What we say about an IP address."""

    input: str
    level: Level
    score: int
    probability: float
    category: Category | None
    first_detected: datetime | None
    last_seen: datetime | None
    valid_until: datetime
    country: str | None
    asn: int | None
    network: str | None
    known_for_s: int | None
    suggested_response: str
    suggested_for_s: int | None
    reasons: tuple[ShortReason, ...]
    stages: tuple[str, ...]
    indicator: str = ""
    as_name: str | None = None
    as_of: datetime | None = None  # the time that the verdict is about, when it is not now
    list_age_s: int = 0


class AuthDetail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One authentication result with its reason."""

    method: str
    result: str
    reason: str
    domain: str = ""
    selector: str = ""
    aligned: bool = False


class MessageUrl(msgspec.Struct, frozen=True, kw_only=True):
    """A URL in a message, where it was found, and what we say about it.

    ``level`` and ``score`` are of the URL by itself; ``blamed`` says that a rule which convicts the message points at
    it, so that it would be listed if the message were reported.
    """

    url: str
    indicator: str
    where: tuple[str, ...]
    how: str
    level: Level
    score: int
    category: Category | None
    scope: str | None
    first_seen: datetime | None
    last_seen: datetime | None
    reasons: tuple[ShortReason, ...]
    text: str = ""
    via: tuple[str, ...] = ()
    error: str | None = None
    blamed: bool = False


class FileTrait(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that a file does or is."""

    name: str
    detail: str = ""


class MessageFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the message carries, at any depth, and what was seen in it.

    ``kind`` is its type by content ('' not known), ``rules`` are the YARA rules that hold for it, ``not_opened``
    says why it was not opened ('' when it was, or nothing needs to be opened), ``defects`` what was malformed.
    """

    part: str
    path: tuple[str, ...]
    kind: str
    declared: str
    size: int
    sha256: str
    traits: tuple[FileTrait, ...]
    rules: tuple[str, ...]
    links: int
    not_opened: str
    defects: tuple[str, ...] = ()


class MessageCode(msgspec.Struct, frozen=True, kw_only=True):
    """A QR or other code in a picture or document, or drawn by the body.

    ``kind`` says what it holds ('' could not be read), ``drawn`` how it is put there. ``payload`` is left out for
    what holds a secret: second factors and wireless networks.
    """

    kind: str
    symbology: str
    drawn: str
    payload: str
    where: str


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one indicator after evidence about it was recorded."""

    indicator: str
    scope: str
    level: Level
    score: int
    category: Category | None
    state: str  # listed, exempted, absent
    change: str | None
    seq: int | None


class NotStored(msgspec.Struct, frozen=True, kw_only=True):
    """A link of a report that could not be stored without a person's address in it."""

    host: str
    reason: str


class MessageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What we say about a message. ``sample`` is its SHA-256, kept only if it was submitted."""

    input: str
    sample: str
    level: Level
    score: int
    probability: float
    category: Category | None
    categories: tuple[Category, ...]
    valid_until: datetime
    target: Target | None
    auth: dict[str, str]
    auth_details: tuple[AuthDetail, ...]
    urls: tuple[MessageUrl, ...]
    files: tuple[MessageFile, ...]
    codes: tuple[MessageCode, ...]
    reasons: tuple[ShortReason, ...]
    stages: tuple[str, ...]
    missing_stages: tuple[str, ...]
    cut: tuple[str, ...]
    defects: tuple[str, ...]
    subject: str = ""
    from_: str = msgspec.field(default="", name="from")
    in_band: bool = False  # the quick stages alone left it uncertain, so that slow ones were considered
    stored: bool = False  # true for a report: the message is kept as a sample
    indicators: tuple[Listed, ...] = ()  # what became of them, for a report
    not_stored: tuple[NotStored, ...] = ()


class EvidenceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the ledger as ``explain`` shows it."""

    id: int
    code: str
    source: str
    seen_at: datetime
    recorded_at: datetime
    value: float
    weight: float
    counts: bool
    text: str
    text_zh: str
    data: dict[str, Any]
    artefact: str = ""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why and when: the decision that was in force, and its recomputation from the evidence known then."""

    indicator: str
    kind: str
    as_of: datetime
    state: str
    level: Level
    score: int
    probability: float
    category: Category | None
    decided_at: datetime | None
    policy: str
    prior: float
    calibration: tuple[float, float]
    logit: float
    said: dict[str, Any] | None  # the stored decision
    recomputed_equal: bool | None
    reasons: tuple[ShortReason, ...]
    evidence: tuple[EvidenceLine, ...]
    covered_by: tuple[str, ...] = ()
