"""The URL library against the WHATWG's own vectors.

A small hand-made set in the form of ``urltestdata.json`` ships; the whole set is run where it lies
beside the project (``../shared/data/vectors/url_vectors.tar.xz``).
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import ada_url
import pytest

SHIPPED = Path(__file__).parents[2] / "samples" / "url" / "whatwg.json"
SHARED = Path(__file__).parents[4] / "shared" / "data" / "vectors" / "url_vectors.tar.xz"
PARTS = ("href", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash")


def _faults(cases: list[Any]) -> list[str]:
    return [fault for case in cases if isinstance(case, dict) and (fault := _fault(case))]


def _fault(case: dict[str, Any]) -> str:
    try:
        url = ada_url.URL(case["input"], case["base"]) if case.get("base") else ada_url.URL(case["input"])
    except ValueError:
        return "" if case.get("failure") else f"{case['input']!r} is refused"
    if case.get("failure"):
        return f"{case['input']!r} is accepted"
    wrong = [part for part in PARTS if part in case and getattr(url, part) != case[part]]
    return f"{case['input']!r}: {wrong}" if wrong else ""


def _shared(name: str) -> list[Any]:
    with tarfile.open(SHARED) as archive:
        member = archive.extractfile(f"url_vectors/{name}")
        assert member is not None
        cases: list[Any] = json.load(member)
    return cases


def test_the_library_passes_the_shipped_vectors() -> None:
    assert _faults(json.loads(SHIPPED.read_text("utf-8"))) == []


@pytest.mark.skipif(not SHARED.exists(), reason="shared data absent")
def test_the_library_passes_all_vectors_of_the_whatwg() -> None:
    assert _faults(_shared("urltestdata.json")) == []


@pytest.mark.skipif(not SHARED.exists(), reason="shared data absent")
@pytest.mark.parametrize("name", ["toascii.json", "IdnaTestV2.json"])
def test_the_library_passes_all_idna_vectors(name: str) -> None:
    for case in _shared(name):
        if isinstance(case, str) or not case["input"]:
            continue
        try:
            host: str | None = ada_url.URL(f"https://{case['input']}/x").hostname
        except ValueError:
            host = None
        assert (host or None) == (case["output"] or None), case["input"]
