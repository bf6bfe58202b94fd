"""Files that hold a secret."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mailrisk.edge.secret_file import make_once, replace


def test_of_many_who_make_a_file_at_once_the_first_wins_and_nothing_is_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.key"

    def made(number: int) -> bytes:
        make_once(path, b"%04d" % number)
        return path.read_bytes()

    with ThreadPoolExecutor(8) as threads:
        seen = set(threads.map(made, range(200)))
    assert len(seen) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_only_the_owner_reads_it_before_and_after_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    make_once(path, b"one")
    assert path.stat().st_mode & 0o777 == 0o600
    replace(path, b"two")
    assert path.read_bytes() == b"two" and path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
