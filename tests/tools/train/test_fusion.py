"""The fusion's training: it finds weights that are there to be found, keeps signs, and is held by those set by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from tools.train.fusion import Fusion, Row, fold, platt

from mailrisk.edge.policy_files import load_policy
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Kind, Subject

SAMPLE = Subject(Kind.SAMPLE, "0" * 64)
NOW = datetime(2026, 3, 10, tzinfo=UTC)
DOCUMENT = load_policy({}).document


def row(dangerous: bool, *codes: str) -> Row:
    evidence = tuple(Evidence(code=code, subject=SAMPLE, source="t", seen_at=NOW) for code in codes)
    return Row(evidence, dangerous, 1.0, "g")


def test_the_sum_is_that_of_the_policy_with_its_caps() -> None:
    codes = (
        "hidden-text",
        "zero-width-salt",
        "mixed-script-words",
        "direction-override",
    )  # 6.6, capped at 3.0
    fusion = Fusion(DOCUMENT, [row(True, *codes)])
    table = fusion.table([row(True, *codes), row(False)])
    assert fusion.logits(table.values, fusion.hand) == pytest.approx([-4.0 + 3.0, -4.0])


def test_what_only_dangerous_mail_has_gains_and_what_harmless_mail_has_loses() -> None:
    found = [row(True, "image-only")] * 60 + [row(False, "urgency")] * 60 + [row(False)] * 60
    fusion = Fusion(DOCUMENT, found)
    fitted = dict(zip(fusion.codes, fusion.fit(fusion.table(found), 1), strict=True))
    hand = dict(zip(fusion.codes, fusion.hand, strict=True))
    assert fitted["image-only"] > hand["image-only"]
    assert 0 < fitted["urgency"] < hand["urgency"]


def test_convicting_and_lowering_reasons_keep_their_weight() -> None:
    found = [row(False, "brand-impersonation", "authenticated-known-sender")] * 40 + [row(True)] * 40
    fusion = Fusion(DOCUMENT, found)
    assert fusion.fit(fusion.table(found), 1) == pytest.approx(fusion.hand)


def test_the_same_seed_gives_the_same_weights() -> None:
    found = [row(True, "image-only", "urgency")] * 20 + [row(False, "urgency")] * 20
    fusion = Fusion(DOCUMENT, found)
    assert np.array_equal(fusion.fit(fusion.table(found), 3), fusion.fit(fusion.table(found), 3))


def test_platt_finds_the_line_that_made_the_classes() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, 20_000)
    dangerous = (rng.random(20_000) < 1 / (1 + np.exp(-(1.7 * logits - 0.6)))).astype(float)
    fusion = Fusion(DOCUMENT, [row(True)])
    table = fusion.table([row(True), row(False)])._replace(
        values=np.zeros((20_000, 0)), dangerous=dangerous, counts=np.full(20_000, 1 / 20_000)
    )
    assert platt(logits, table) == pytest.approx((1.7, -0.6), abs=0.08)


def test_a_group_is_always_in_the_same_fold() -> None:
    folds = [fold(f"author {number}") for number in range(300)]
    assert folds == [fold(f"author {number}") for number in range(300)]
    assert 60 < sum(folds) < 140
