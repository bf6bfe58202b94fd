"""Pure packages touch no socket, file, subprocess, clock, chance, environment or log.

Proved twice: by reading their source (imports of submodules that the import contract cannot name, and
calls), and by running them under an audit hook in a process of their own, first importing everything,
then exercising the representative functions of ``pure_work.py``.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
PURE = ("model", "collect", "analyse", "decide", "publish", "chinese")
FILES = sorted(path for name in PURE for path in (SOURCE / "mailrisk" / name).rglob("*.py"))

ONLY_THESE_PARTS = {
    "dns": {"name", "reversename", "exception", "rdatatype", "rdataclass", "rdata", "rrset", "wire", "zone"},
    "urllib": {"parse"},
    "importlib": set[str](),
    "email": {
        "message", "parser", "policy", "header", "headerregistry", "errors", "charset", "contentmanager",
        "quoprimime", "base64mime", "feedparser", "generator", "_header_value_parser", "utils",
    },
}  # fmt: skip
"""Packages of which pure code may import these submodules and no others."""

NOT_FROM = {
    ("email.utils", "localtime"),
    ("email.utils", "make_msgid"),
    ("email.utils", "formatdate"),
    ("io", "open"),
    ("io", "FileIO"),
    ("sys", "argv"),
    ("sys", "stdin"),
    ("sys", "stdout"),
    ("sys", "stderr"),
}

NOT_CALLED = {
    "open",
    "input",
    "print",
    "exec",
    "eval",
    "compile",
    "__import__",
    "breakpoint",
    "globals",
    "id",
}
"""Built-ins that read or write outside, run text as code, or give another answer in each process."""

NOT_ASKED = {
    *(f"datetime.{name}" for name in ("now", "utcnow", "today")),
    *(f"date.{name}" for name in ("now", "today")),
    *(f"sys.{name}" for name in ("argv", "stdin", "stdout", "stderr", "setrecursionlimit")),
    *("io.open", "io.FileIO", "gzip.open", "bz2.open", "lzma.open", "codecs.open", "zipfile.main"),
}
"""Attributes that are a clock, a stream or a file, as the last two names of ``a.b.c``."""


def offences(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of everything in a module that pure code must not do."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from ((node.lineno, text) for text in _import(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield from ((node.lineno, text) for text in _import_from(node.module, alias.name))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NOT_CALLED:
            yield node.lineno, f"calls {node.func.id}()"
        elif isinstance(node, ast.Attribute) and _tail(node) in NOT_ASKED:
            yield node.lineno, f"uses {_tail(node)}"


def _import(name: str) -> Iterator[str]:
    top, _, rest = name.partition(".")
    if top in ONLY_THESE_PARTS and rest.partition(".")[0] not in ONLY_THESE_PARTS[top]:
        yield f"imports {name}"


def _import_from(module: str, name: str) -> Iterator[str]:
    if module in ONLY_THESE_PARTS:
        yield from _import(f"{module}.{name}")
    else:
        yield from _import(module)
    if (module, name) in NOT_FROM:
        yield f"imports {name} from {module}"


def _tail(node: ast.Attribute) -> str:
    owner = node.value
    last = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    return f"{last}.{node.attr}"


def test_pure_source_asks_for_nothing_outside() -> None:
    found = []
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [f"{name}:{line}: {text}" for line, text in offences(tree)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\ndatetime.now()",
        "import datetime as d\nd.datetime.utcnow()",
        "open('x')",
        "import dns.resolver",
        "from dns import asyncresolver",
        "import urllib.request",
        "from importlib import resources",
        "from importlib.resources import files",
        "import io\nio.open('x')",
        "print(1)",
    ],
)
def test_the_scan_finds_what_it_looks_for(source: str) -> None:
    assert list(offences(ast.parse(source)))


def test_pure_code_runs_without_leaving_the_process() -> None:
    script = Path(__file__).with_name("pure_work.py")
    run = subprocess.run(
        [sys.executable, "-B", str(script)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    report = json.loads(run.stdout)
    assert report["events"] == []
    assert set(report["exercised"]) >= {
        "decide",
        "feeds",
        "files",
        "login",
        "logs",
        "message",
        "pictures",
        "publish",
        "url",
    }
