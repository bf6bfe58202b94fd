"""A kind of subject may have a calibration of its own, and policies without one keep their hash."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from mailrisk.decide.verdict import decide, sigmoid
from mailrisk.edge.policy_files import load_policy
from mailrisk.model.evidence import Evidence
from mailrisk.model.policy import Policy
from mailrisk.model.subject import Kind, Subject

NOW = datetime(2026, 3, 10, tzinfo=UTC)
SHIPPED = load_policy({"brands/x.toml": "0" * 64})


def judged(kind: Kind, policy: Policy) -> float:
    subject = Subject(kind, "0" * 64)
    evidence = [Evidence(code="image-only", subject=subject, source="t", seen_at=NOW)]
    return decide(subject, evidence, NOW, policy).probability


def test_each_kind_has_its_own_calibration() -> None:
    document = msgspec.structs.replace(SHIPPED.document, calibrations={"sample": (2.0, 1.0)})
    logit = document.prior[Kind.SAMPLE] + document.reasons["image-only"].weight
    assert judged(Kind.SAMPLE, Policy(document)) == pytest.approx(sigmoid(2.0 * logit + 1.0), abs=1e-6)
    assert judged(Kind.FILE, Policy(document)) == pytest.approx(sigmoid(logit), abs=1e-6)


def test_the_calibration_of_messages_leaves_the_border_of_suspicious_where_it_was() -> None:
    slope, offset = SHIPPED.document.calibration_of(Kind.SAMPLE)
    assert sigmoid(slope * 0.0 + offset) == SHIPPED.document.thresholds.suspicious


def test_a_policy_that_was_stored_before_the_field_keeps_its_hash() -> None:
    before = Policy(msgspec.structs.replace(SHIPPED.document, calibrations={}))
    assert b"calibrations" not in before.canonical
    assert Policy.from_json(before.canonical).hash == before.hash


def test_a_stored_policy_gives_its_calibrations_back() -> None:
    assert Policy.from_json(SHIPPED.canonical).document == SHIPPED.document
