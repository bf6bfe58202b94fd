"""A small value kept as JSON in a file of the data directory: what may be a few seconds old after a crash."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

logger = logging.getLogger(__name__)

T = TypeVar("T")

WRITE_EVERY_S: Final = 2.0
MAX_FILE: Final = 8 * 1024 * 1024


class SmallFile(Generic[T]):
    """One value of one type. ``what`` names it for people. Used by one thread at a time."""

    def __init__(self, path: Path | None, type_: type[T], what: str) -> None:
        """Without a path nothing is read or written."""
        self._path, self._type, self._what = path, type_, what
        self._written_at = float("-inf")

    def read(self) -> T | None:
        """What was written last; None where there is nothing, or it is damaged, which is logged."""
        try:
            if self._path is None:
                return None
            return msgspec.json.decode(self._path.read_bytes()[:MAX_FILE], type=self._type)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            logger.warning("%s cannot be read and start anew: %s", self._what, error)
            return None

    def write(self, value: T) -> None:
        """Writes it in one step, unless that was done within WRITE_EVERY_S. A failure is logged."""
        if self._path is None or time.monotonic() - self._written_at < WRITE_EVERY_S:
            return
        self._written_at = time.monotonic()
        beside = self._path.with_suffix(".new")
        try:
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(value))
            beside.replace(self._path)
        except OSError as error:
            logger.warning("%s cannot be written: %s", self._what, error.strerror)
