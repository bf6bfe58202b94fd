"""The shipped YARA rules: each says what it means, and sees what it was made for."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from tests.edge.opening.harmful import HARMFUL, HARMLESS

from mailrisk.edge.opening import rules
from mailrisk.edge.opening.configured import openers
from mailrisk.model.errors import ConfigError
from mailrisk.model.file import RuleMatch
from mailrisk.model.verdict import Category

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@cache
def compiled() -> object:
    made, wrong = rules.compile_rules(rules.shipped_sources())
    assert wrong == []
    return made


def matches(data: bytes) -> dict[str, RuleMatch]:
    return {match.rule: match for match in rules.matcher(compiled())(data)}


def test_every_rule_says_what_it_saw_in_both_languages_and_how_strong_it_is() -> None:
    for rule in compiled():  # type: ignore[attr-defined]
        meta = dict(rule.metadata)
        assert set(meta) == {"en", "zh", "category", "strength"}, rule.identifier
        assert CHINESE.search(meta["zh"]) and not CHINESE.search(meta["en"])
        assert meta["category"] in set(Category) and meta["strength"] in rules.STRENGTHS


def test_every_rule_has_a_sample() -> None:
    assert {rule.identifier for rule in compiled()} == set(HARMFUL)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", HARMFUL)
def test_a_rule_sees_what_it_was_made_for(name: str) -> None:
    assert name in matches(HARMFUL[name])


@pytest.mark.parametrize("name", HARMLESS)
def test_honest_files_hold_nothing(name: str) -> None:
    assert matches(HARMLESS[name]) == {}


def test_rules_of_others_count_as_suspicious_and_are_told_by_their_description() -> None:
    source = 'rule theirs { meta: description = "bad thing" category = "no such" strings: $a = "evil" condition: $a }'
    made, wrong = rules.compile_rules({"theirs.yar": source})
    assert wrong == []
    (match,) = rules.matcher(made)(b"evil")
    assert (match.reason, match.reason_zh, match.strength, match.category) == (
        "bad thing", "bad thing", "suspicious", "",
    )  # fmt: skip


def test_a_rule_that_does_not_compile_is_told_and_the_others_work() -> None:
    made, wrong = rules.compile_rules(
        {"a.yar": "rule a { condition: x }", "b.yar": "rule b { condition: true }"}
    )
    assert len(wrong) == 1 and wrong[0].startswith("a.yar: ")
    assert [match.rule for match in rules.matcher(made)(b"x")] == ["b"]


class _Settings:
    children, time_s, memory_mb = 1, 1.0, 512

    def __init__(self, folder: Path) -> None:
        self.yara_rules = str(folder)


def test_a_broken_rule_of_the_administrator_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "broken.yar").write_text("rule a { condition: x }")
    with pytest.raises(ConfigError, match=r"broken\.yar"):
        openers(_Settings(tmp_path))
    with pytest.raises(ConfigError, match="cannot be read"):
        openers(_Settings(tmp_path / "missing"))
