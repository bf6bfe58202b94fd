"""The figures of an evaluation, against cases computed by hand."""

from __future__ import annotations

import math

import pytest
from tools.evaluate.metrics import (
    Share,
    area_under_curve,
    calibration_error,
    flagged,
    percentile,
    recall_at,
    reliability,
    threshold,
    wilson,
)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (5, 10, 0.2366, 0.7634),  # Wilson 1927; Newcombe 1998, table I: 0.2366 to 0.7634.
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I, method 3.
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilsons_interval_is_that_of_the_paper(hits: int, of: int, low: float, high: float) -> None:
    assert wilson(hits, of) == pytest.approx((low, high), abs=5e-5)


def test_a_share_says_its_value_and_interval() -> None:
    assert Share(9, 10).as_json() == {"value": 0.9, "low": 0.59584, "high": 0.98212, "hits": 9, "of": 10}
    assert Share(0, 0).value == 0.0


def test_a_threshold_flags_no_more_benign_than_allowed() -> None:
    benign = [float(number) for number in range(100)]
    assert flagged(benign, threshold(benign, 0.01)) == Share(1, 100)
    assert flagged(benign, threshold(benign, 0.05)) == Share(5, 100)
    assert flagged(benign, threshold(benign, 0.0)) == Share(0, 100)
    assert threshold([1.0], 1.0) == -math.inf


def test_ties_count_against_us() -> None:
    """Ninety-nine benign scores are alike: flagging one of them flags all, so that none may be."""
    benign = [0.1] * 99 + [0.9]
    assert flagged(benign, threshold(benign, 0.05)) == Share(1, 100)
    assert recall_at([0.1, 0.1, 0.5], benign, 0.05) == Share(1, 3)


def test_recall_at_a_rate_of_false_positives() -> None:
    benign = [0.0] * 98 + [0.4, 0.6]
    assert recall_at([0.3, 0.5, 0.7], benign, 0.01) == Share(
        2, 3
    )  # Above 0.4; 0.6 is the one that may be flagged.
    assert recall_at([0.3, 0.5, 0.7], benign, 0.0) == Share(1, 3)


def test_calibration_error_of_two_bins() -> None:
    """Said 0.2 where one in ten is dangerous, and 0.8 where six in ten are: (0.1 + 0.2) / 2."""
    said = [0.2] * 10 + [0.8] * 10
    truth = [True] + [False] * 9 + [True] * 6 + [False] * 4
    assert calibration_error(said, truth, bins=2) == pytest.approx(0.15)


def test_calibration_error_counts_mails_by_their_weight() -> None:
    assert calibration_error([0.5, 0.5], [True, False], [1.0, 1.0]) == pytest.approx(0.0)
    assert calibration_error([0.5, 0.5], [True, False], [3.0, 1.0]) == pytest.approx(0.25)


def test_equal_probabilities_stay_in_one_bin() -> None:
    bins = reliability([0.1] * 50 + [0.9] * 2, [False] * 50 + [True] * 2)
    assert [(round(one.mass, 3), round(one.said, 3), one.was) for one in bins] == [
        (0.962, 0.1, 0.0),
        (0.038, 0.9, 1.0),
    ]


def test_the_area_under_the_curve_counts_ties_half() -> None:
    assert area_under_curve([2.0, 3.0], [1.0, 0.0]) == 1.0
    assert area_under_curve([1.0], [1.0]) == 0.5
    assert area_under_curve([0.0, 2.0], [1.0]) == 0.5
    assert area_under_curve([], [1.0]) == 0.0


def test_percentiles_are_nearest_ranks() -> None:
    assert percentile([float(number) for number in range(1, 101)], 0.95) == 95.0
    assert percentile([7.0], 0.5) == 7.0
    assert percentile([], 0.5) == 0.0
