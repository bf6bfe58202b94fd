"""Buffers in files without a name."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from mailrisk.store.scratch import scratch


def test_a_buffer_is_writable_and_leaves_no_file(tmp_path: Path) -> None:
    buffer = scratch(tmp_path)(10_000)
    buffer[9_990:] = b"0123456789"
    assert len(buffer) == 10_000 and bytes(buffer[9_990:]) == b"0123456789" and not any(buffer[:9_990])
    assert not list(tmp_path.iterdir())


def test_without_room_for_a_file_the_buffer_is_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        buffer = scratch(tmp_path / "missing")(100)
    buffer[0] = 1
    assert len(buffer) == 100 and "held in memory" in caplog.text
