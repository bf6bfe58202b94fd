"""Verdicts: what all evidence together says about a subject at a time."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from mailrisk.model.subject import Subject


class Level(StrEnum):
    """The grade. URLs, messages and files use the first row, IP addresses the second.

    ``unknown`` belongs to both: no evidence, or a source that could not answer. It is never safe.
    """

    MALICIOUS = "malicious"
    SUSPICIOUS = "suspicious"
    CLEAN = "clean"

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"

    UNKNOWN = "unknown"


SEVERITY: dict[str, int] = {
    Level.UNKNOWN: -1,
    Level.CLEAN: 0, Level.NONE: 0,
    Level.LOW: 1,
    Level.SUSPICIOUS: 2, Level.MEDIUM: 2,
    Level.MALICIOUS: 3, Level.HIGH: 3,
}  # fmt: skip
"""Order of levels across both rows, for ``--fail-on`` and for lists; ``unknown`` reaches nothing."""


class Category(StrEnum):
    """What kind of danger (product.md M2; IP categories from M3 and M10)."""

    CREDENTIAL_PHISHING = "credential-phishing"
    IMAGE_TEXT_LURE = "image-text-lure"
    DOCUMENT_LURE = "document-lure"
    MALWARE_FILE = "malware-file"
    PAYMENT_FRAUD = "payment-fraud"
    CALLBACK_SCAM = "callback-scam"
    EXTORTION = "extortion"
    GAMBLING_PORN_SPAM = "gambling-porn-spam"
    OTHER_SCAM = "other-scam"

    BRUTE_FORCE = "brute-force"
    PASSWORD_SPRAY = "password-spray"
    CREDENTIAL_STUFFING = "credential-stuffing"
    SPAM_SOURCE = "spam-source"
    PHISHING_SOURCE = "phishing-source"
    PHISHING_HOST = "phishing-host"
    LISTED = "listed"


class Reason(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why: one line of a verdict. ``weight`` is what it added to the log-odds, in nats."""

    code: str
    text: str
    text_zh: str
    weight: float
    source: str = ""
    artefact: str = ""
    seen_at: datetime | None = None
    count: int = 1


class Target(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who is impersonated."""

    brand: str
    official_domains: tuple[str, ...]


class Verdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What all evidence together says about ``subject`` at ``at`` under ``policy``.

    ``probability`` is in 0..1; ``logit`` is its argument before calibration, so that the sum of
    the reasons' weights and the prior can be checked by hand. ``valid_until`` is when decay or
    expiry changes the level, at the latest when the policy wants the subject looked at again.
    """

    subject: Subject
    level: Level
    probability: float
    logit: float
    at: datetime
    policy: str
    category: Category | None = None
    categories: tuple[Category, ...] = ()
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    valid_until: datetime | None = None
    target: Target | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def score(self) -> int:
        """0..100, 100 x probability rounded."""
        return round(100 * self.probability)
