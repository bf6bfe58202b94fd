"""Checkpoints: written by a child process, whole or not at all, and known to be damaged when they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailrisk.model.errors import BadInput
from mailrisk.store.checkpoint import finish, forget_unfinished, fork_writer, read_parts, write_parts

PARTS = [b"head", b"", b"x" * 100_000]


def test_a_child_writes_what_was_there_when_it_began(tmp_path: Path) -> None:
    path, state = tmp_path / "checkpoint", [b"before"]
    child, new = fork_writer(path, lambda: iter(state))
    state[0] = b"after"
    assert finish(child, new, path)
    assert list(read_parts(path)) == [b"before"] and list(tmp_path.iterdir()) == [path]


def test_a_child_that_fails_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    write_parts(path, PARTS)

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError("no space")

    child, new = fork_writer(path, broken)
    assert not finish(child, new, path)
    assert list(read_parts(path)) == PARTS and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("cut", [5, 11, 14, 40, 50_000])
def test_a_checkpoint_that_is_cut_off_or_damaged_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "checkpoint"
    write_parts(path, PARTS)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    with pytest.raises(BadInput):
        list(read_parts(path))
    path.write_bytes(whole[:60] + b"?" + whole[61:])
    with pytest.raises(BadInput):
        list(read_parts(path))


def test_what_an_earlier_process_left_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.17.new").write_bytes(b"half")
    (tmp_path / "checkpoint").write_bytes(b"")
    forget_unfinished(tmp_path / "checkpoint")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]
