"""Files stay under 300 lines and functions under 40; what is longer stands here with its reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = sorted(path for folder in ("src", "tests", "tools") for path in (ROOT / folder).rglob("*.py"))

MOST_LINES = 300
MOST_FUNCTION_LINES = 40

LONGER_FILES: dict[str, str] = {}
"""path -> why it is longer"""

LONGER_FUNCTIONS: dict[str, str] = {
    "src/mailrisk/store/migrations/versions/0001_the_first_tables.py::upgrade": (
        "a migration is one list of tables, frozen once it has run anywhere"
    ),
}
"""path::function -> why it is longer"""


def functions(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every function with the lines of its code; the docstring does not count, decorators do not either."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = ast.get_docstring(node) is not None
            first = node.body[0].end_lineno if documented else node.lineno - 1
            assert first is not None and node.end_lineno is not None
            yield node.name, node.end_lineno - first


def test_files_and_functions_are_short_or_say_why_not() -> None:
    found = []
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        source = path.read_text(encoding="utf-8")
        lines = len(source.splitlines())
        if lines > MOST_LINES and name not in LONGER_FILES:
            found.append(f"{name} has {lines} lines")
        for function, length in functions(ast.parse(source)):
            key = f"{name}::{function}"
            if length > MOST_FUNCTION_LINES and key not in LONGER_FUNCTIONS:
                found.append(f"{key} has {length} lines")
    assert not found, "\n".join(found)


def test_the_exceptions_are_still_needed() -> None:
    for name in LONGER_FILES:
        assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) > MOST_LINES, name
    for key in LONGER_FUNCTIONS:
        name, _, function = key.partition("::")
        lengths = dict(functions(ast.parse((ROOT / name).read_text(encoding="utf-8"))))
        assert lengths.get(function, 0) > MOST_FUNCTION_LINES, key
