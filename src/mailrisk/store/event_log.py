"""The log of accepted events: appended in memory, written and synced in groups, read again after a crash.

A folder of segments named by their number. A segment is a row of frames: length and CRC-32 of the
payload (four bytes each, little-endian), then the payload. Whoever appends is answered at once; the
group is on the disk when ``sync`` has returned. A frame that the end of power cut is found by its
checksum: everything before it counts, and nothing after it, for it was written later.
"""

from __future__ import annotations

import os
import re
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from mailrisk.model.errors import TooLarge, Unavailable

SEGMENT_BYTES: Final = 64 * 1024 * 1024
MAX_PAYLOAD: Final = 16 * 1024 * 1024
"""Bytes of one payload."""

_HEAD: Final = struct.Struct("<II")
_NAME: Final = re.compile(r"[0-9]{10}\.events")


class Position(msgspec.Struct, frozen=True, order=True):
    """A place between two frames: the segment's number, and bytes from its beginning."""

    segment: int = 0
    offset: int = 0


class EventLog:
    """One writer, one folder. Appending and syncing may happen in different threads."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Opens the folder and begins a segment of its own. Unavailable: it cannot be written."""
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._lock = threading.Lock()  # the pending group
        self._file_lock = threading.Lock()  # the open segment
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            numbers = self._segments()
            self._number = numbers[-1] if numbers else 0
            self._begin_segment()
        except OSError as error:
            raise Unavailable(f"events cannot be kept in {folder}: {error.strerror}") from None

    def append(self, payload: bytes) -> None:
        """Takes one payload into the next group. TooLarge: over MAX_PAYLOAD bytes."""
        if len(payload) > MAX_PAYLOAD:
            raise TooLarge("events", f"more than {MAX_PAYLOAD} bytes in one piece")
        head = _HEAD.pack(len(payload), _checksum(payload))
        with self._lock:
            self._pending += (head, payload)
            self._pending_bytes += _HEAD.size + len(payload)

    @property
    def waiting(self) -> int:
        """Bytes that are not on the disk yet."""
        return self._pending_bytes

    def sync(self) -> Position:
        """Puts the group on the disk and says where it ends. OSError: the disk is full or gone; nothing is lost."""
        with self._file_lock:
            with self._lock:
                group, self._pending, self._pending_bytes = self._pending, [], 0
            if group:
                self._write(b"".join(group), group)
            end = Position(self._number, self._offset)
            if self._offset >= self._segment_bytes:
                self._file.close()
                self._begin_segment()
            return end

    def _write(self, data: bytes, group: list[bytes]) -> None:
        try:
            self._file.write(data)
            os.fdatasync(self._file.fileno())
        except OSError:
            # Half a group may stand there; the segment ends where the last whole one did.
            os.ftruncate(self._file.fileno(), self._offset)
            self._file.seek(self._offset)
            with self._lock:
                self._pending = [*group, *self._pending]
                self._pending_bytes += len(data)
            raise
        self._offset += len(data)

    def replay(self, after: Position = Position()) -> Iterator[bytes]:  # noqa: B008  a frozen value
        """Every whole payload behind a position, oldest first. A position in a segment that is gone: from the next."""
        for number in self._segments():
            if number >= after.segment:
                yield from self._frames(number, after.offset if number == after.segment else 0)

    def forget(self, before: Position) -> int:
        """Deletes the segments that lie wholly before a position; returns how many."""
        gone = [number for number in self._segments() if number < before.segment and number != self._number]
        for number in gone:
            self._path(number).unlink(missing_ok=True)
        return len(gone)

    def close(self) -> None:
        """Writes what is pending and closes."""
        self.sync()
        with self._file_lock:
            self._file.close()

    def _frames(self, number: int, offset: int) -> Iterator[bytes]:
        with self._path(number).open("rb") as file:
            file.seek(offset)
            while len(head := file.read(_HEAD.size)) == _HEAD.size:
                length, checksum = _HEAD.unpack(head)
                if length > MAX_PAYLOAD:
                    return
                payload = file.read(length)
                if len(payload) < length or _checksum(payload) != checksum:
                    return
                yield payload

    def _begin_segment(self) -> None:
        self._number += 1
        # Unbuffered: after a failed write nothing is left over that a later one would bring.
        self._file = self._path(self._number).open("xb", buffering=0)
        self._offset = 0
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)  # The name of the segment, too, survives the end of power.
        finally:
            os.close(folder)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:010}.events"

    def _segments(self) -> list[int]:
        names = (path.name for path in self._folder.iterdir())
        return sorted(int(name[:10]) for name in names if _NAME.fullmatch(name))


def _checksum(payload: bytes) -> int:
    # Zeros, which a file system may leave behind at the end of power, are no empty frame.
    return zlib.crc32(payload, 1)
