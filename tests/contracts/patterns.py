"""Every regular expression of the program, how it is used, and hostile text made from its own pieces.

The text for a pattern is each of its pieces (a literal, a repeated part, everything up to a part) many times
over, with and without an end that makes a match fail: what turns a quadratic pattern slow is in it.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any, NamedTuple

import mailrisk

MOST_PUMPS = 60


class Used(NamedTuple):
    """A compiled pattern, where it stands, and the methods that are called on it."""

    where: str
    pattern: re.Pattern[Any]
    methods: frozenset[str]


def all_patterns() -> dict[str, Used]:
    """By place: patterns bound to names of a module, and those given to ``re.search`` and the like."""
    found: dict[str, Used] = {}
    for info in pkgutil.walk_packages(mailrisk.__path__, "mailrisk."):
        if ".migrations" in info.name or info.name == "mailrisk.__main__":
            continue
        module = importlib.import_module(info.name)
        if module.__file__ is None or not module.__file__.endswith(".py"):
            continue
        with open(module.__file__, encoding="utf-8") as source:
            tree = ast.parse(source.read())
        for used in (*_named(module, tree), *_direct(module, tree)):
            found[used.where] = used
    return found


def _named(module: ModuleType, tree: ast.AST) -> Iterator[Used]:
    for name, value in vars(module).items():
        if isinstance(value, re.Pattern):
            methods = {
                node.attr
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == name
            }
            if methods:
                yield Used(f"{module.__name__}.{name}", value, frozenset(methods))


def _direct(module: ModuleType, tree: ast.AST) -> Iterator[Used]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) == "re"
            and node.func.attr in ("search", "match", "fullmatch", "sub", "split", "findall", "finditer")
            and isinstance(node.args[0], ast.Constant)
        ):
            flags = re.IGNORECASE if "IGNORECASE" in ast.unparse(node) else re.NOFLAG
            text: Any = node.args[0].value
            pattern = re.compile(text, flags)
            where = f"{module.__name__}: {text}"
            yield Used(where, pattern, frozenset({node.func.attr}))


def hostile(pattern: re.Pattern[Any], length: int) -> Iterator[Any]:
    """Texts of that length, each a piece over and over."""
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    pumps: dict[tuple[str, str], None] = {}
    _pieces(parser.parse(pattern.pattern, flags), "", pumps)
    for before, piece in list(pumps)[:MOST_PUMPS]:
        for end in ("", "\0!"):
            text = before + piece * (length // len(piece)) + end
            yield text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text


def _pieces(tree: Any, before: str, pumps: dict[tuple[str, str], None]) -> None:
    """Collects (what stands before, what is repeated) from a parsed pattern."""
    for kind, value in tree:
        inner: list[Any] = []
        if kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT):
            inner = [value[2]]
        elif kind is kinds.SUBPATTERN:
            inner = [value[3]]
        elif kind is kinds.ATOMIC_GROUP:
            inner = [value]
        elif kind is kinds.BRANCH:
            inner = value[1]
        for one in inner:
            _pieces(one, before, pumps)
            _add(pumps, before, _sample(one))
            _add(pumps, "", before + _sample(one))
        before += _sample([(kind, value)])
        _add(pumps, "", _sample([(kind, value)]))
        _add(pumps, "", before)


def _add(pumps: dict[tuple[str, str], None], before: str, piece: str) -> None:
    if piece:
        pumps[before, piece] = None


def _sample(tree: Any) -> str:
    """A short text that the parsed pattern matches, more or less."""
    return "".join(_SAMPLES[kind](value) for kind, value in tree if kind in _SAMPLES)


def _of_set(items: Any) -> str:
    if items[0][0] is kinds.NEGATE:
        excluded = {value for kind, value in items if kind is kinds.LITERAL}
        return next(char for char in "a1 -/<@%z" if ord(char) not in excluded)
    kind, value = items[0]
    if kind is kinds.CATEGORY:
        return {"CATEGORY_SPACE": " ", "CATEGORY_DIGIT": "1", "CATEGORY_NOT_WORD": "-"}.get(str(value), "a")
    return chr(value if kind is kinds.LITERAL else value[0])


_SAMPLES: dict[Any, Callable[[Any], str]] = {
    kinds.LITERAL: chr,
    kinds.NOT_LITERAL: lambda value: "a" if value != ord("a") else "b",
    kinds.ANY: lambda _: "a",
    kinds.IN: _of_set,
    kinds.MAX_REPEAT: lambda value: _sample(value[2]) * max(1, min(value[0], 100)),
    kinds.MIN_REPEAT: lambda value: _sample(value[2]) * max(1, min(value[0], 100)),
    kinds.POSSESSIVE_REPEAT: lambda value: _sample(value[2]) * max(1, min(value[0], 100)),
    kinds.SUBPATTERN: lambda value: _sample(value[3]),
    kinds.ATOMIC_GROUP: lambda value: _sample(value),
    kinds.BRANCH: lambda value: _sample(value[1][0]),
}
