"""The repository names no machine and no package registry: it builds from whatever is configured."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Every pattern is written so that it does not find itself in this file.
MACHINE_PATHS = re.compile(
    r"(?<![\w.:/)-])/(?:root|work|home/[a-z]+|Users/[A-Za-z]+|opt/(?:wheels|pypi))(?:/|\b)"
)
REGISTRIES = re.compile(
    r"\b(?:pypi[.]org|pythonhosted[.]org|registry[.]npmjs|deb[.]debian[.]org)\b", re.IGNORECASE
)
INDEX_OPTIONS = re.compile(r"-{2}(?:extra-index|index-url|find-links)[ =]")

DATA = ("src/mailrisk/data/", "tests/samples/")
"""Lists of hosts and log lines of other people's machines: the names in them are data."""


def tracked() -> list[Path]:
    """The text files under version control."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize(
    "pattern", [MACHINE_PATHS, REGISTRIES, INDEX_OPTIONS], ids=["machine", "registry", "index"]
)
def test_no_tracked_file_names_a_machine_or_a_registry(pattern: re.Pattern[str]) -> None:
    found = []
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(DATA):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{name}:{number}: {line.strip()[:120]}")
    assert not found, "\n".join(found)
