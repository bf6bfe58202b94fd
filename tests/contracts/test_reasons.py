"""The table of reason codes is whole: texts in two languages, groups with caps, every code in use."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from mailrisk.model.policy import ReasonRule

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "mailrisk"
TABLES = sorted((SOURCE / "data" / "reasons").glob("*.toml"))
POLICY = tomllib.loads((SOURCE / "data" / "policy.toml").read_text(encoding="utf-8"))
ROWS = [
    (path.stem, code, row) for path in TABLES for code, row in tomllib.loads(path.read_text("utf-8")).items()
]
RULES = {code: msgspec.convert(row, ReasonRule) for _, code, row in ROWS}

KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def placeholders(text: str) -> set[str]:
    """The names in braces of a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_a_code_stands_once_and_is_kebab_case() -> None:
    assert [code for code, count in Counter(code for _, code, _ in ROWS).items() if count > 1] == []
    assert [code for code in RULES if not KEBAB.fullmatch(code)] == []


@pytest.mark.parametrize("code", RULES)
def test_a_reason_says_the_same_in_english_and_chinese(code: str) -> None:
    rule = RULES[code]
    assert rule.en and rule.zh
    assert CHINESE.search(rule.zh), rule.zh
    assert not CHINESE.search(rule.en), rule.en
    assert placeholders(rule.en) == placeholders(rule.zh)
    assert all(name.isidentifier() for name in placeholders(rule.en)), rule.en


@pytest.mark.parametrize("code", RULES)
def test_a_reason_belongs_to_a_group_with_a_cap(code: str) -> None:
    assert RULES[code].group in POLICY["caps"]


@pytest.mark.parametrize("code", RULES)
def test_only_what_a_sender_cannot_forge_lowers(code: str) -> None:
    rule = RULES[code]
    assert (rule.weight < 0) == rule.lowers, "a negative weight needs lowers = true, and nothing else has it"
    assert not (rule.lowers and rule.convicts)


def strings(tree: ast.AST) -> set[str]:
    """Every string constant of a module that is no docstring."""
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents
    }


def given_codes(tree: ast.AST) -> set[str]:
    """The constants handed over as ``code=...``."""
    return {
        keyword.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "code"
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, str)
    }


TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py"))}


def test_every_code_in_the_source_stands_in_the_table() -> None:
    unknown = {
        f"{path.relative_to(ROOT)}: {code}"
        for path, tree in TREES.items()
        for code in given_codes(tree)
        if code not in RULES
    }
    assert not unknown


NOT_YET_USED: set[str] = set()
"""Codes that stand in the table before the code that gives them. Empty when nothing is under way."""


def test_every_code_in_the_table_is_used() -> None:
    used = set().union(*(strings(tree) for tree in TREES.values()))
    data = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (SOURCE / "data").rglob("*.toml")
        if path.parent.name not in ("reasons", "brands", "hosts")
    )
    unused = {code for code in RULES if code not in used and f'"{code}"' not in data}
    assert unused == NOT_YET_USED


@pytest.mark.parametrize(
    "kind", ["url", "path", "host", "domain", "file", "sample", "ip", "network", "account"]
)
def test_every_kind_of_subject_has_a_prior(kind: str) -> None:
    assert POLICY["prior"][kind] < 0
