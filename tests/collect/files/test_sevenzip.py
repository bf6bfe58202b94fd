"""Locked 7z archives as 7-Zip writes them: every way of packing comes out as the same archive without a password."""

from __future__ import annotations

import shutil
import subprocess
from base64 import b64decode
from pathlib import Path

import libarchive  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.edge.opening.test_more_archives import HIDDEN_7Z, LOCKED_7Z
from tests.made_files import PROGRAM, TEXT, archive_of

from mailrisk.collect.files.sevenzip import is_locked, unlocked

SEVEN = shutil.which("7zz") or shutil.which("7z") or shutil.which("7za")
BCJ2 = ["-m0=BCJ2", "-m1=LZMA", "-m2=LZMA", "-m3=LZMA", "-mb0:1", "-mb0s1:2", "-mb0s2:3"]


def members(data: bytes) -> dict[str, bytes]:
    with libarchive.memory_reader(data) as archive:
        return {entry.pathname: b"".join(entry.get_blocks()) for entry in archive}


@pytest.mark.parametrize("data", [LOCKED_7Z, HIDDEN_7Z])
def test_the_password_opens_it_and_another_does_not(data: str) -> None:
    raw = b64decode(data)
    assert is_locked(raw)
    assert members(unlocked(raw, "2233")) == {"bill.exe": PROGRAM}
    for wrong in ("", "2234", "密码"):
        with pytest.raises(ValueError):
            unlocked(raw, wrong)


@pytest.mark.parametrize(
    "options",
    [
        ["-mhe=off"],
        ["-mhe=on"],
        ["-mx=9"],
        ["-mx=0"],
        ["-m0=PPMd"],
        ["-m0=bzip2", "-ms=off"],
        ["-mhe=on", *BCJ2],
    ],
    ids=" ".join,
)
def test_every_way_of_packing_of_7_zip(tmp_path: Path, options: list[str]) -> None:
    assert SEVEN, "run tools/debian.sh --file requirements/debian-test.txt"
    files = {"工资表.exe": PROGRAM * 30 + bytes(range(256)) * 400, "note.txt": TEXT, "empty": b""}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    done = [SEVEN, "a", "-bd", "-pгод 2233", *options, "a.7z", *files]
    subprocess.run(done, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    raw = (tmp_path / "a.7z").read_bytes()
    assert is_locked(raw) and members(unlocked(raw, "год 2233")) == files


def test_an_open_archive_is_not_locked() -> None:
    assert not is_locked(archive_of("7zip", ("a.txt", TEXT)))


@given(st.integers(0, 300), st.binary(min_size=1, max_size=8), st.sampled_from([LOCKED_7Z, HIDDEN_7Z]))
def test_damaged_archives_are_refused(at: int, change: bytes, data: str) -> None:
    raw = bytearray(b64decode(data))
    raw[at : at + len(change)] = change
    is_locked(bytes(raw))
    try:
        unlocked(bytes(raw), "2233")
    except ValueError:
        return


@given(st.binary(max_size=400))
def test_any_bytes_are_not_locked_or_refused(data: bytes) -> None:
    is_locked(b"7z\xbc\xaf\x27\x1c" + data)
    with pytest.raises(ValueError):
        unlocked(b"7z\xbc\xaf\x27\x1c" + data, "x")
