"""Everything that tables say is said in Chinese too: sentences of the parsers are found in their source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import mailrisk
from mailrisk.chinese.notes import CUTS, DEFECTS, OPENED, REFUSALS, TABLES
from mailrisk.chinese.sentences import note, opened, stage
from mailrisk.cli import output
from mailrisk.model.change import ChangeKind
from mailrisk.model.verdict import Category, Level
from mailrisk.service.slow_stages import STAGES

SOURCE = Path(mailrisk.__file__).parent
TELLING = {"cut", "defect", "BadInput", "BadUrl", "TooLarge"}
LISTS = {"cuts", "defects", "told"}
READ_BY_PEOPLE = ["collect/message", "collect/files", "collect/pictures", "edge/opening", "edge/files.py", "model/url",
                  "service/link_budget.py", "service/envelope.py", "service/slow_stages.py", "service/deepen.py"]  # fmt: skip
VALUE = "17"


def template(node: ast.expr) -> str:
    """A sentence with ``{}`` for values; '' for what is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(piece.value) if isinstance(piece, ast.Constant) else "{}" for piece in node.values)
    return template(node.value) if isinstance(node, ast.Subscript) else ""


def told(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        of = (
            called.value.id
            if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name)
            else ""
        )
        if name in TELLING or (name == "append" and of in LISTS):
            yield template(node.args[-1])


def sentences() -> list[str]:
    files = [
        file
        for place in READ_BY_PEOPLE
        for file in ([SOURCE / place] if place.endswith(".py") else sorted((SOURCE / place).rglob("*.py")))
    ]
    found = {text for file in files for text in told(ast.parse(file.read_text("utf-8")))}
    return sorted(text for text in found if any(letter.isalpha() for letter in text.replace("{}", "")))


@pytest.mark.parametrize("english", sentences())
def test_what_parsers_tell_is_told_in_chinese(english: str) -> None:
    said = note(english.replace("{}", VALUE), "zh")
    left = said.replace(VALUE, "")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in left), english


@pytest.mark.parametrize("english", [*CUTS, *DEFECTS, *REFUSALS, *TABLES])
def test_a_translation_keeps_every_value(english: str) -> None:
    values = [str(1_000 + number) for number in range(english.count("{}"))]
    assert all(note(english.format(*values), "zh").count(value) == 1 for value in values)
    assert note(english.format(*values), "en") == english.format(*values)


def test_places_before_a_sentence_and_sentences_in_a_sentence_are_translated_too() -> None:
    assert (
        note("part 2, a.zip: archive: not all members were looked at", "zh")
        == "部分 2，a.zip：压缩包：未检查全部成员"
    )
    assert note("part 3: link of 70000 characters left out", "zh") == "部分 3：略去一个长 70000 字符的链接"
    assert note("unlock: not done: the network is switched off", "zh") == "解密附件：未执行：网络已关闭"
    assert note("a thing: that nobody knows", "zh") == "a thing：that nobody knows"


def test_hostile_texts_are_left_alone() -> None:
    text = ": " * 50_000
    assert len(note(text, "zh")) <= len(text)


def test_stages_traits_levels_and_categories_have_chinese_names() -> None:
    named = [
        "intelligence",
        "url",
        "message",
        "intent",
        "files",
        "auth",
        "domain",
        *(one.name for one in STAGES),
    ]
    assert not [name for name in named if stage(name, "zh") == name]
    assert not [name for name in OPENED if opened(name, "zh") == name]
    words = [
        *Level,
        *Category,
        ChangeKind.UPDATED,
        ChangeKind.WITHDRAWN,
        ChangeKind.EXPIRED,
        "listed",
        "exempted",
        "absent",
    ]
    assert not [word for word in words if str(word) not in output.WORDS]


def test_every_heading_of_a_table_is_translated() -> None:
    headings = set()
    for file in (SOURCE / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("table", "heading")
            ):
                headings |= {one.value for one in node.args if isinstance(one, ast.Constant)}
    assert headings and not {one for one in headings if isinstance(one, str)} - output.HEADINGS.keys() - {
        "en",
        "zh",
    }
