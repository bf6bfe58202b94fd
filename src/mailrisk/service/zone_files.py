"""Data files of rbldnsd, kept current in a directory: each is replaced in one step, and never half written."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final

from mailrisk.publish.dnsbl.data_files import FILES, WRITTEN_AGAIN_S, Head, data_file
from mailrisk.service.context import Context
from mailrisk.service.zones import ZoneReader

SHARE: Final = 0.1
"""Of the time at most is spent with writing: a list of a million that changes all the time is not written all the time."""

LINES: Final = 5_000


class ZoneFiles:
    """The files of one directory. ``names`` are (name server, contact)."""

    def __init__(self, context: Context, zones: ZoneReader, folder: Path, names: tuple[str, str]) -> None:
        self._context, self._zones, self._folder, self._names = context, zones, folder, names
        self._written = ("", -1)
        self._written_s = 0.0
        self._not_before = 0.0

    def step(self) -> bool:
        """Writes what has changed, if anything has and it is time; whether it did. OSError: the directory."""
        now = time.monotonic()
        with self._zones.store.reading() as rows:
            stand = self._zones.stand()
            old = now - self._written_s > WRITTEN_AGAIN_S
            if now < self._not_before or self._zones.stale(rows):
                return False
            if stand.position == self._written and not old:
                return False
            head = Head(
                nameserver=self._names[0],
                contact=self._names[1],
                serial=stand.position[1],
                written_at=self._context.clock(),
            )
            if not self._folder.exists():
                self._folder.mkdir(parents=True)
                self._folder.chmod(0o755)  # rbldnsd reads as a user of its own.
            for name in FILES:
                write_whole(self._folder / name, data_file(name, rows, head))
        self._written, self._written_s = stand.position, now
        self._not_before = now + (time.monotonic() - now) / SHARE
        return True


def write_whole(path: Path, lines: Iterable[str]) -> None:
    """Writes a file beside its place and puts it there at once: a reader sees the old one or the new one."""
    beside = path.with_name(f".{path.name}.new")
    stream = iter(lines)
    try:
        with beside.open("w", encoding="ascii") as file:
            while block := "".join(islice(stream, LINES)):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(0o644)
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
