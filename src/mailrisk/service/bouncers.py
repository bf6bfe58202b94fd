"""How far each bouncer has heard, kept on the disk."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final, NamedTuple

from mailrisk.publish.crowdsec import Position
from mailrisk.store.small_file import SmallFile

MOST: Final = 10_000
"""Bouncers that are remembered; the one that was silent longest is forgotten, and starts anew."""


class Heard(NamedTuple):
    """The end of the last answer but one, which may be lost, and that of the last one."""

    sure: Position
    last: Position


class Bouncers:
    """Positions by bouncer. Safe between threads."""

    def __init__(self, path: Path | None = None) -> None:
        """Reads what is there; a file that is damaged is none: bouncers then hear everything."""
        self._lock = threading.Lock()
        # A position that was not written repeats what was told, which does no harm.
        self._file = SmallFile(path, dict[str, Heard], "positions of bouncers")
        self._heard = self._file.read() or {}

    def __len__(self) -> int:
        return len(self._heard)

    def asked(self) -> list[tuple[str, int]]:
        """(key@address, when it asked last in Unix seconds) of each."""
        newest: dict[str, int] = {}
        for bouncer, heard in self._heard.items():
            name = bouncer.partition("|")[0]
            newest[name] = max(newest.get(name, 0), heard.last.at)
        return sorted(newest.items())

    def get(self, bouncer: str, epoch: str) -> Position | None:
        """Where the next delta for a bouncer begins; None when it must hear everything."""
        heard = self._heard.get(bouncer)
        return heard.sure if heard is not None and heard.sure.epoch == epoch else None

    def restart(self, bouncer: str, position: Position) -> None:
        """A bouncer has been told everything."""
        self._put(bouncer, Heard(position, position))

    def advance(self, bouncer: str, position: Position) -> None:
        """A bouncer has been told what changed up to ``position``; what it was told before is certain now."""
        heard = self._heard.get(bouncer)
        self._put(bouncer, Heard(heard.last if heard else position, position))

    def _put(self, bouncer: str, heard: Heard) -> None:
        with self._lock:
            self._heard.pop(bouncer, None)  # So that the order is that of the last words.
            self._heard[bouncer] = heard
            while len(self._heard) > MOST:
                del self._heard[next(iter(self._heard))]
            self._file.write(self._heard)
