"""The policy: weights, caps, calibration, thresholds and decay as one immutable document.

A policy is named by the SHA-256 of its canonical JSON, so that a decision that names its policy can
be recomputed for ever. It also carries the hashes of the data (brands, host lists, public suffixes)
and model files it was made with.
"""

from __future__ import annotations

import hashlib
from functools import cached_property

import msgspec

from mailrisk.model.verdict import Category


class ReasonRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one reason code means.

    ``weight`` is log-odds in nats, multiplied by the evidence's value and by its decay; groups cap
    the sum. ``convicts``: may carry a verdict to ``malicious``/``high`` (text alone never does).
    ``tau_days``/``delta`` are the decay of the MISP model, ``weight * (1 - (t/tau)^(1/delta))``
    (Iklody et al., "Decaying Indicators of Compromise", 2018); ``tau_days = 0`` never decays;
    ``floor`` is the share that is left for ever (an attacking address is never quite forgotten).
    A negative weight needs ``lowers = true``, and only facts that a sender cannot forge have it.
    ``en`` and ``zh`` are texts with ``{placeholders}`` taken from the evidence's data.
    """

    stage: str
    group: str
    weight: float
    en: str
    zh: str
    category: Category | None = None
    convicts: bool = False
    lowers: bool = False
    tau_days: float = 0.0
    delta: float = 1.0
    floor: float = 0.0


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Smallest probability of each level; ``clean`` is the largest one that still is clean."""

    malicious: float
    suspicious: float
    clean: float
    high: float
    medium: float
    low: float


class ResponseStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of the IP response policy: the first row that fits gives the action."""

    level: str
    known_under_s: int | None = None  # known for less than this; None: any time
    action: str  # none, watch, delay, challenge, block
    for_s: int | None = None


class PolicyDocument(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The content of a policy; see the fields' types for the meaning.

    What has its default is left out of the JSON, so that a field that is added later leaves old hashes as they are.
    """

    version: int
    prior: dict[str, float]  # by kind of subject, log-odds
    caps: dict[str, float]  # by group: largest sum of positive weights, in nats
    thresholds: Thresholds
    calibration: tuple[float, float]  # p = sigmoid(a * logit + b)
    valid_for_s: dict[str, int]  # by level: how long an answer holds at most
    not_convicted_below: float  # largest probability without a convicting reason
    response: tuple[ResponseStep, ...]
    reasons: dict[str, ReasonRule]
    data: dict[str, str] = {}  # name of a data or model file -> SHA-256
    calibrations: dict[str, tuple[float, float]] = {}  # by kind of subject, where it has one of its own

    def calibration_of(self, kind: str) -> tuple[float, float]:
        """(slope, offset) for a kind of subject."""
        return self.calibrations.get(kind, self.calibration)


class Policy(msgspec.Struct, frozen=True, dict=True):
    """A policy document with its name."""

    document: PolicyDocument

    @cached_property
    def hash(self) -> str:
        """SHA-256, lower-case hex, of the document's canonical JSON (keys sorted)."""
        return hashlib.sha256(self.canonical).hexdigest()

    @cached_property
    def canonical(self) -> bytes:
        """The document as JSON with sorted keys: what the hash names and the ledger stores."""
        return msgspec.json.encode(self.document, order="sorted")

    @classmethod
    def from_json(cls, raw: bytes) -> Policy:
        """Reads what ``canonical`` wrote."""
        return cls(msgspec.json.decode(raw, type=PolicyDocument))

    def rule(self, code: str) -> ReasonRule:
        """The rule of a reason code. KeyError for a code that this policy does not know."""
        return self.document.reasons[code]
