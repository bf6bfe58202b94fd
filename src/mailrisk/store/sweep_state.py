"""What an agent remembers over restarts: how far each log was read, who is blocked, and the day's counts."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from mailrisk.model.block import Block, Deed
from mailrisk.model.errors import Unavailable

MAX_FAILED: Final = 100_000
"""Addresses that failed lately and are asked about again; the one that failed first is forgotten first."""

MAX_TOLD: Final = 1_000
"""Deeds of a day that the report names; all are counted."""


class Told(msgspec.Struct, frozen=True):
    """A deed of the day."""

    at: datetime
    deed: Deed
    ip: str
    why: str


class Day(msgspec.Struct):
    """Counts since midnight UTC of ``date`` (ISO 8601)."""

    date: str = ""
    lines: int = 0
    bad_lines: int = 0
    failures: int = 0
    successes: int = 0
    failing: dict[str, int] = {}  # address -> failures, at most MAX_FAILED
    deeds: dict[str, int] = {}
    told: list[Told] = []
    errors: dict[str, int] = {}


class SweepState(msgspec.Struct):
    """All of it. ``places``: log -> how far it was read; ``failed``: address -> when it failed last."""

    places: dict[str, msgspec.Raw] = {}
    blocks: dict[str, Block] = {}
    failed: dict[str, datetime] = {}
    day: Day = msgspec.field(default_factory=Day)


def load(path: Path) -> SweepState:
    """The state of a file; a new one where there is none. Unavailable: it cannot be read, or is damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=SweepState)
    except FileNotFoundError:
        return SweepState()
    except (OSError, msgspec.MsgspecError) as error:
        raise Unavailable(f"the agent's state {path} cannot be read: {error}") from None


def save(path: Path, state: SweepState) -> None:
    """Writes the file in one step; a crash leaves the old one. Unavailable: it cannot be written."""
    beside = path.with_suffix(".new")
    try:
        beside.unlink(missing_ok=True)  # Whatever is there, it is not written through: it may be a link.
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(state))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise Unavailable(f"the agent's state {path} cannot be written: {error.strerror}") from None
