"""No regular expression can be made to stall by text from outside."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.contracts.patterns import Used, all_patterns, hostile
from tests.stalling import Stalled, at_most

LENGTH = 8_000
CPU_S = 0.2  # a linear pattern takes a hundredth of it, a quadratic one ten times as much

PATTERNS = all_patterns()


def _use(used: Used, text: Any) -> None:
    for method in used.methods & {"match", "fullmatch"}:
        getattr(used.pattern, method)(text)
    if used.methods - {"match", "fullmatch"}:
        for _ in used.pattern.finditer(text):
            pass


@pytest.mark.parametrize("where", sorted(PATTERNS))
def test_a_pattern_reads_text_made_of_its_own_pieces_in_linear_time(where: str) -> None:
    used = PATTERNS[where]
    for text in hostile(used.pattern, LENGTH):
        with at_most(CPU_S):
            _use(used, text)


def test_the_check_sees_a_quadratic_pattern() -> None:
    bad = Used("here", re.compile(r"(?:^|[&?;])+adurl=(.+)"), frozenset({"search"}))
    with pytest.raises(Stalled):
        for text in hostile(bad.pattern, LENGTH):
            with at_most(CPU_S):
                _use(bad, text)
