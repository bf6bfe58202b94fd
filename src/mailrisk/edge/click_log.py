"""Who clicked what when: a line of JSON for each click on a rewritten link, in a file of the data directory.

No address and no URL stands in it: hosts in clear, pages and recipients as hashes. The file before the last one is
kept, older ones go.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

NAME: Final = "clicks.jsonl"
MAX_BYTES: Final = 32 * 1024 * 1024
"""Of one file, about 150,000 clicks."""


class ClickRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One click. ``page``: SHA-256 of the canonical URL, 32 digits; ``at``: seconds since 1970."""

    at: float
    tenant: int
    host: str
    page: str
    message: str
    recipient: str
    level: str
    action: str


class ClickLog:
    """The log of one data directory; one process writes, others may read."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / NAME
        self._before = data_dir / (NAME + ".1")

    def append(self, click: ClickRecord) -> None:
        """Writes one line. OSError: the disk is full or gone."""
        line = msgspec.json.encode(click) + b"\n"
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line)
            size = os.fstat(file).st_size
        finally:
            os.close(file)
        if size > MAX_BYTES:
            self._path.replace(self._before)

    def read(self) -> Iterator[ClickRecord]:
        """Every click that is kept, oldest first; a line that was cut off is passed over."""
        decoder = msgspec.json.Decoder(ClickRecord)
        for path in (self._before, self._path):
            if not path.exists():
                continue
            with path.open("rb") as lines:
                for line in lines:
                    try:
                        yield decoder.decode(line)
                    except msgspec.MsgspecError:
                        continue
