"""Following logs that programs write: rotated, truncated, replaced, and over restarts of ours.

A place in a log is (device, inode, offset). A rotated file is read to its end where it went
(``mail.log.1`` beside it, found by its inode), then the new one from its beginning. A file that became
shorter was truncated and is read from its beginning. Half a line waits until its end is written. The
caller keeps the place when he is done with the lines: lines are read again after a crash, never lost.
"""

from __future__ import annotations

import io
import logging
import os
import stat
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

logger = logging.getLogger(__name__)

MAX_READ: Final = 16 * 1024 * 1024
"""Bytes of one log that are read at a time; the rest is read the next time."""

JOURNAL_S: Final = 60.0


class Place(msgspec.Struct, frozen=True):
    """How far a log was read. ``cursor`` is journald's own name of a place."""

    device: int = 0
    inode: int = 0
    offset: int = 0
    cursor: str = ""


class Lines(msgspec.Struct, frozen=True):
    """Whole lines in their order, each with its line feed; where to go on; whether there is more already."""

    lines: tuple[bytes, ...]
    place: Place
    more: bool = False


START: Final = Place()


def read_file(path: Path, place: Place, *, from_end: bool = False) -> Lines:
    """The lines that were written since. ``from_end``: a log without a place yet is begun at its end.

    OSError: it cannot be read now (missing, a directory, no right to); the place stays good.
    """
    if place == START and from_end:
        status = _regular(path)
        return Lines((), Place(status.st_dev, status.st_ino, _last_line_end(path, status.st_size)))
    for again in (True, False):
        old = _rotated(path, place)
        if old is not None:
            found = _read(old, place)
            if found.lines:
                return msgspec.structs.replace(found, more=True)
        found = _read(path, place)
        if old is not None or found.place.inode == place.inode or not (again and place.inode):
            break  # Else it was rotated since the look: what went away with it is read first.
    return found


def read_journal(
    units: Iterable[str], place: Place, *, from_end: bool = False, program: str = "journalctl"
) -> Lines:
    """The journal's entries of these units since, as JSON lines. OSError: journalctl is missing or failed."""
    since = [f"--after-cursor={place.cursor}"] if place.cursor else ["-n", "0"] if from_end else []
    command = [
        program,
        "--output=json",
        "--show-cursor",
        "--no-pager",
        *since,
        *(f"--unit={unit}" for unit in units),
    ]
    raw, more = _printed(command)
    lines = list(io.BytesIO(raw))
    cursor = place.cursor
    if more:
        cursor = _cursor_of(lines[-1]) if lines else ""
        if not cursor:
            raise OSError(f"{program} printed an entry that cannot be read")
    elif lines and lines[-1].startswith(b"-- cursor: "):
        cursor = lines.pop().split(b": ", 1)[1].strip().decode(errors="replace")
    return Lines(tuple(line for line in lines if line.startswith(b"{")), Place(cursor=cursor), more)


def _printed(command: Sequence[str]) -> tuple[bytes, bool]:
    """(whole lines that a program prints, whether there are more than MAX_READ takes). OSError: it failed."""
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as running,  # noqa: S603 - no shell.
    ):
        assert running.stdout is not None
        late = threading.Timer(JOURNAL_S, running.kill)
        late.start()
        try:
            raw = running.stdout.read(MAX_READ + 1)
            if len(raw) > MAX_READ:
                running.kill()
                return raw[: raw.rfind(b"\n") + 1], True
            code = running.wait()
        finally:
            in_time = late.is_alive()
            late.cancel()
        if not in_time:
            raise OSError(f"{command[0]} did not end within {JOURNAL_S:g} s")
        errors.seek(0)
        if code:
            raise OSError(
                errors.read(2_000).decode(errors="replace").strip()[:200] or f"{command[0]}: {code}"
            )
        return raw, False


def _cursor_of(entry: bytes) -> str:
    """journald's name of the place of an entry; '' where it has none."""
    try:
        return str(msgspec.json.decode(entry).get("__CURSOR", ""))
    except (msgspec.MsgspecError, AttributeError, RecursionError):
        return ""


def _regular(path: Path) -> os.stat_result:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{path} is no file")
    return status


def _rotated(path: Path, place: Place) -> Path | None:
    """Where the file of the place is now, when it is not at ``path`` any more; None: unread is nothing."""
    if not place.inode:
        return None
    try:
        status = path.stat()
        if (status.st_dev, status.st_ino) == (place.device, place.inode):
            return None
    except OSError:
        pass
    for other in sorted(path.parent.glob(f"{path.name}*")):
        try:
            status = other.stat()
        except OSError:
            continue
        moved = (status.st_dev, status.st_ino) == (place.device, place.inode)
        if moved and stat.S_ISREG(status.st_mode) and other.suffix != ".gz":
            return other
    logger.warning("%s was rotated away; what had not been read of it is not there", path)
    return None


def _read(path: Path, place: Place) -> Lines:
    """The lines of whatever file is there when it is opened, which may be another one than a moment ago."""
    with _opened(path) as file:
        status = os.fstat(file.fileno())
        same = (status.st_dev, status.st_ino) == (place.device, place.inode)
        if same and status.st_size < place.offset:
            logger.warning("%s was truncated: it is read from its beginning", path)
        offset = place.offset if same and status.st_size >= place.offset else 0
        place = Place(status.st_dev, status.st_ino, offset)
        file.seek(offset)
        raw = file.read(MAX_READ + 1)
    end = raw.rfind(b"\n", 0, MAX_READ) + 1
    if not end and len(raw) > MAX_READ:
        end = MAX_READ  # One endless line: the reader of lines refuses it.
    lines = tuple(
        io.BytesIO(raw[:end])
    )  # A carriage return ends no line: it may stand in a name that failed.
    return Lines(lines, Place(place.device, place.inode, place.offset + end), more=len(raw) > MAX_READ)


def _opened(path: Path) -> BinaryIO:
    """Opens a file and nothing else: a pipe in its place would be waited for without an end. OSError."""
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    file = os.fdopen(number, "rb")
    if not stat.S_ISREG(os.fstat(number).st_mode):
        file.close()
        raise OSError(f"{path} is no file")
    return file


def _last_line_end(path: Path, size: int) -> int:
    """The end of the last whole line."""
    start = max(0, size - MAX_READ)
    with _opened(path) as file:
        file.seek(start)
        return start + file.read(size - start).rfind(b"\n") + 1
