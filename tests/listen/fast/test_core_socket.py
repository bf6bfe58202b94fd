"""One core a data directory: a dead one is succeeded, a living one is not joined."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

import pytest

from mailrisk.listen.fast.core_socket import CoreSocket, another_core, answers
from mailrisk.model.errors import Unavailable


def test_it_listens_for_its_owner_alone_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with contextlib.closing(CoreSocket(tmp_path / "data")) as core:
        assert answers(core.path) and not core.after_crash
        assert stat.S_IMODE(core.path.stat().st_mode) == 0o600
    assert not list((tmp_path / "data").iterdir())


def test_a_core_that_was_killed_is_succeeded(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(tmp_path / "core.1.sock"))  # Nobody listens on it.
    with contextlib.closing(CoreSocket(tmp_path)) as core:
        assert core.after_crash and not (tmp_path / "core.1.sock").exists()
        assert another_core(tmp_path / "core.1.sock"), "its workers see that they are to go"
        assert not another_core(core.path)


def test_beside_a_core_that_lives_no_second_one_starts_and_its_socket_stays(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as first:
        first.bind(str(tmp_path / "core.4711.sock"))
        first.listen()
        with pytest.raises(Unavailable, match=r"runs in the data directory .* already, as process 4711"):
            CoreSocket(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["core.4711.sock"]


def test_a_path_too_long_for_a_socket_works(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 120)
    with contextlib.closing(CoreSocket(folder)):
        assert [path.name for path in folder.iterdir()] == [f"core.{os.getpid()}.sock"]
    assert not list(folder.iterdir())


@pytest.mark.parametrize("folder", ["/proc/self", "/dev/null/data", "/proc/nothing/data"])
def test_a_folder_in_which_no_socket_can_be_is_unavailable(folder: str) -> None:
    with pytest.raises(Unavailable, match=f"cannot run in the data directory {folder}: "):
        CoreSocket(Path(folder))
