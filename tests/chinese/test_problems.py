"""Every error of the program is told in Chinese too: its words are found where ``model/errors.py`` is raised."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

import mailrisk
from mailrisk.chinese import inputs, problems
from mailrisk.chinese.sentences import problem
from mailrisk.model import errors

SOURCE = Path(mailrisk.__file__).parent
RAISED = {name for name in vars(errors) if name[0].isupper()} | {"UsageError", "BadParameter"}
GOOGLES_OWN = "listen/http/google"
"""Errors there are worded as Google words them, for its clients."""
VALUE = "17"
CHINESE = re.compile("[\u4e00-\u9fff]")


def templates(node: ast.expr) -> list[str]:
    """The sentences, with ``{}`` for values; none for what is put together elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)]
    if isinstance(node, ast.IfExp):
        return templates(node.body) + templates(node.orelse)
    if isinstance(node, ast.BinOp):
        return [left + right for left, right in product(templates(node.left), templates(node.right))]
    return templates(node.value) if isinstance(node, ast.Subscript) else []


def raised() -> Iterator[str]:
    for file in sorted(SOURCE.rglob("*.py")):
        if GOOGLES_OWN in file.as_posix():
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                if name in RAISED:
                    yield from templates(node.args[-1])


def worded(english: str) -> bool:
    return any(letter.islower() for letter in english.replace("{}", ""))


@pytest.mark.parametrize("english", sorted({one for one in raised() if worded(one)}))
def test_what_is_raised_is_told_in_chinese(english: str) -> None:
    said = problem(english.replace("{}", VALUE), "zh")
    assert CHINESE.search(said), "add it to src/mailrisk/chinese"
    assert said.count(VALUE) == english.count("{}")


TABLES = [
    problems.COMMANDS, problems.DONE, problems.CONFIGURATION, problems.API, problems.TITLES,
    inputs.LINES, inputs.FEEDS, inputs.ADDRESSES, inputs.OTHERS, inputs.WIRE,
]  # fmt: skip


@pytest.mark.parametrize("english", [one for table in TABLES for one in table])
def test_a_translation_keeps_every_value(english: str) -> None:
    values = [f"x{1_000 + number}" for number in range(english.count("{}"))]
    said = english
    for value in values:
        said = said.replace("{}", value, 1)
    assert all(problem(said, "zh").count(value) == 1 for value in values)
    assert problem(said, "en") == said


def test_fields_files_and_values_keep_their_names() -> None:
    assert problem("config: x.toml: Expected `str`, got `int` - at `$.server.listen`", "zh") == (
        "config：x.toml：应为 `str`，实为 `int`（位置 `$.server.listen`）"
    )
    assert problem("name: is empty", "zh") == "name：为空"
    assert problem("no webhook target is configured", "zh") == "未配置名为 target 的 webhook"
    assert problem("nobody: knows this", "zh") == "nobody：knows this"


def test_long_hostile_texts_take_little_time() -> None:
    for text in ("no feed " * 5_000, ": " * 20_000, "{} is {} " * 5_000, "is one of " * 5_000 + "{0}"):
        assert problem(text, "zh")


def test_a_field_before_a_sentence_is_no_value_of_it() -> None:
    assert problem("file: cannot be read: Permission denied", "zh") == "file：无法读取：权限不够"
    assert (
        problem("config: x.toml cannot be read: Permission denied", "zh")
        == "config：x.toml 无法读取：权限不够"
    )
