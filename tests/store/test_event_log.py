"""The event log keeps what was synced, whole, in order, and nothing that was cut."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailrisk.model.errors import TooLarge
from mailrisk.store.event_log import MAX_PAYLOAD, EventLog, Position


def test_what_was_synced_is_read_again_by_the_next_process(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    log.append(b"one")
    log.append(b"")
    log.sync()
    log.append(b"never synced")
    assert list(EventLog(tmp_path).replay()) == [b"one", b""]


def test_reading_goes_on_behind_a_position(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    log.append(b"before the checkpoint")
    checkpoint = log.sync()
    log.append(b"after it")
    log.sync()
    assert list(log.replay(checkpoint)) == [b"after it"]


@settings(max_examples=60)
@given(payloads=st.lists(st.binary(max_size=60), min_size=1, max_size=8), cut=st.integers(1, 100))
def test_a_cut_file_loses_its_end_and_nothing_before_it(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("events")
    log = EventLog(folder)
    for payload in payloads:
        log.append(payload)
    log.close()
    path = min(folder.iterdir())
    os.truncate(path, max(0, path.stat().st_size - cut))
    read = list(EventLog(folder).replay())
    assert read == payloads[: len(read)] and len(read) < len(payloads)


def test_zeros_at_the_end_are_no_events(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    log.append(b"first")
    log.close()
    path = min(tmp_path.iterdir())
    os.truncate(path, path.stat().st_size + 4096)
    assert list(EventLog(tmp_path).replay()) == [b"first"]


def test_a_flipped_bit_ends_the_segment_there(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    for payload in (b"first", b"second", b"third"):
        log.append(payload)
    log.close()
    path = min(tmp_path.iterdir())
    data = bytearray(path.read_bytes())
    data[data.index(b"second")] ^= 1
    path.write_bytes(data)
    assert list(EventLog(tmp_path).replay()) == [b"first"]


def test_full_segments_are_followed_by_new_ones_and_old_ones_are_forgotten(tmp_path: Path) -> None:
    log = EventLog(tmp_path, segment_bytes=100)
    ends = []
    for number in range(10):
        log.append(b"%d" % number * 60)
        ends.append(log.sync())
    assert [payload[:1] for payload in log.replay()] == [b"%d" % number for number in range(10)]
    assert log.forget(ends[5]) > 0
    left = [payload[:1] for payload in log.replay(ends[5])]
    assert left == [b"6", b"7", b"8", b"9"]
    assert log.forget(Position()) == 0


def test_a_full_disk_loses_nothing_that_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = EventLog(tmp_path)
    log.append(b"first")
    log.sync()
    log.append(b"second")
    real = os.fdatasync

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", full)
    with pytest.raises(OSError, match="No space"):
        log.sync()
    assert list(log.replay()) == [b"first"] and log.waiting
    monkeypatch.setattr(os, "fdatasync", real)
    log.append(b"third")
    log.sync()
    assert list(log.replay()) == [b"first", b"second", b"third"]


def test_a_payload_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        EventLog(tmp_path).append(bytes(MAX_PAYLOAD + 1))
