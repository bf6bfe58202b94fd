"""Mapping an index before it is read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mailrisk.store import index_warm
from mailrisk.store.index import LookupIndex


def test_the_whole_file_is_mapped_and_stays_readable(tmp_path: Path) -> None:
    index = LookupIndex(tmp_path / "index")
    try:
        index.fill([], [], "epoch", 3)
        expected = (tmp_path / "index" / "data.mdb").stat().st_size if sys.platform == "linux" else 0
        assert index.warm() == expected
        assert index.position() == ("epoch", 3)
    finally:
        index.close()


def test_a_file_that_nobody_mapped_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "data.mdb"
    file.write_bytes(b"x" * 8192)
    assert index_warm.warm(file) == 0


def test_an_index_too_large_for_the_machine_is_left_to_the_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = LookupIndex(tmp_path / "index")
    try:
        index.fill([], [], "epoch", 3)
        monkeypatch.setattr(index_warm, "_available", lambda: 0)
        assert index.warm() == 0
    finally:
        index.close()
