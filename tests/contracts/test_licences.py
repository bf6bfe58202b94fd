"""What the service installs may be shipped with it: permissive or file-level copyleft, never GPL or AGPL."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ALLOWED = re.compile(
    r"MIT|BSD|Apache|ISC|Python Software Foundation|PSF|Mozilla Public License|MPL-2\.0|OLDAP|OpenLDAP|zlib"
    r"|Unlicense|CC0|Public Domain|Zope",
    re.IGNORECASE,
)
REFUSED = re.compile(r"\bA?GPL|GNU (Affero )?General Public", re.IGNORECASE)

REFUSED_NAMES = {
    "extract-msg": "GPL-3.0",
    "geoip2fast": "ships GeoLite2, whose licence does not permit it",
    "pymupdf": "AGPL-3.0",
    "fitz": "another name of PyMuPDF",
}

WITHOUT_A_LICENCE_FIELD = {"dkimpy": "BSD-like, says its LICENSE file; the classifier says DFSG approved"}
"""Distributions whose metadata names no known licence: what a person read in their files."""


def locked(name: str) -> list[str]:
    """The normalised names in a lock file that apply to this platform."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    found = []
    for project, marker in re.findall(r"^([A-Za-z0-9._-]+)==[^ ;\\]+\s*(;[^\\]*)?", text, re.MULTILINE):
        if "win32" not in marker:
            found.append(re.sub(r"[-_.]+", "-", project).lower())
    return found


def licences(found: Distribution) -> list[str]:
    """Everything the metadata says about the licence, each statement shortened to its first line."""
    metadata = found.metadata
    stated = metadata.get_all("License-Expression", []) + metadata.get_all("License", [])
    stated += [item for item in metadata.get_all("Classifier", []) if item.startswith("License ::")]
    return [item.partition("\n")[0] for item in stated if item != "UNKNOWN"]


@pytest.mark.parametrize("name", locked("run.txt"))
def test_a_run_time_distribution_has_a_licence_that_may_be_shipped(name: str) -> None:
    try:
        stated = licences(distribution(name))
    except PackageNotFoundError:
        pytest.fail(f"{name} is locked but not installed: make test installs it")
    assert not any(REFUSED.search(item) and not re.search(r"LGPL|Lesser", item) for item in stated), stated
    assert name in WITHOUT_A_LICENCE_FIELD or any(ALLOWED.search(item) for item in stated), stated


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt"])
def test_refused_distributions_are_not_locked(lock: str) -> None:
    assert not set(locked(lock)) & set(REFUSED_NAMES)


def test_no_run_time_distribution_is_lgpl() -> None:
    for name in locked("run.txt"):
        assert not any(re.search(r"LGPL|Lesser General", item) for item in licences(distribution(name))), name
