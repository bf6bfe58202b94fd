"""A document in Chinese says what its English one says: the same sections, the same commands, the same links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHINESE = sorted([*ROOT.glob("*.zh.md"), *(ROOT / "docs").rglob("*.zh.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s*# .*$", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6}) ", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def commands(text: str) -> list[str]:
    """What is to be typed or written; of a session the lines behind ``$``. Comments and ``--lang zh`` are left out."""
    found = []
    for kind, code in _FENCE.findall(text):
        if kind == "console":
            code = "\n".join(line for line in code.splitlines() if line.startswith("$ "))
        found.append(_COMMENT.sub("", code).replace(" --lang zh", "").strip())
    return found


def links(text: str) -> set[str]:
    """Where the links lead, with a Chinese page as good as its English one."""
    return {target.replace(".zh.md", ".md") for target in _LINK.findall(text)}


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name)
def test_a_chinese_document_has_the_sections_commands_and_links_of_the_english_one(path: Path) -> None:
    chinese = path.read_text(encoding="utf-8")
    english = path.with_name(path.name.replace(".zh.md", ".md")).read_text(encoding="utf-8")
    outside = [_FENCE.sub("", text) for text in (chinese, english)]
    assert _HEADING.findall(outside[0]) == _HEADING.findall(outside[1])
    assert commands(chinese) == commands(english)
    assert links(chinese) == links(english)


def test_there_are_some() -> None:
    assert {path.name for path in CHINESE} >= {"README.zh.md", "tutorial.zh.md"}
