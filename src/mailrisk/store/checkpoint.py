"""A large state on the disk: a row of parts, written whole or not at all, by a child process that has a copy.

``fork`` gives the child everything as it is at that moment, and the parent goes on at once: that is how a
state of a gigabyte is written while requests are answered in milliseconds. The child does nothing but encode and
write: it takes no lock that a thread of the parent may have held, and ends without cleaning up.

A part is its length (eight bytes, little-endian), its CRC-32 (four), and its bytes.
"""

from __future__ import annotations

import gc
import os
import signal
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from mailrisk.model.errors import BadInput

MAX_PART: Final = 1 << 32
"""Bytes of one part."""

_HEAD: Final = struct.Struct("<QI")

Parts = Iterable[bytes | memoryview]


def fork_writer(path: Path, parts: Callable[[], Parts]) -> tuple[int, Path]:
    """Begins to write ``path`` in a child: its process number, and the file that ``finish`` puts in place.

    OSError: there is no memory or no process for a child; ``write_parts`` still works.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        child = os.fork()
        if child == 0:
            _child(path, parts)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return child, _beside(path, child)


def _child(path: Path, parts: Callable[[], Parts]) -> None:
    """Never returns. Signals stay blocked: the parent's handlers would answer them in its name."""
    code = 1
    try:
        os.nice(10)  # Whoever waits for an answer comes first.
        gc.disable()  # A collection would touch, and so copy, every page.
        write_parts(_beside(path, os.getpid()), parts())
        code = 0
    finally:
        os._exit(code)


def finish(child: int, new: Path, path: Path) -> bool:
    """Waits for the child and puts its file in place; False if it failed: what was there before stays."""
    _, status = os.waitpid(child, 0)
    if status:
        new.unlink(missing_ok=True)
        return False
    new.replace(path)
    return True


def write_parts(path: Path, parts: Parts) -> None:
    """Writes and syncs a file. OSError: the disk is full or gone."""
    with path.open("wb", buffering=0) as file:
        for part in parts:
            view = memoryview(part)
            file.write(_HEAD.pack(view.nbytes, zlib.crc32(view)))
            while view.nbytes:
                view = view[file.write(view) :]
        os.fsync(file.fileno())


def read_parts(path: Path) -> Iterator[bytes]:
    """The parts, one by one. FileNotFoundError; BadInput: the file is cut off or damaged."""
    with path.open("rb") as file:
        while head := file.read(_HEAD.size):
            if len(head) < _HEAD.size:
                raise BadInput("checkpoint", "it is cut off")
            length, checksum = _HEAD.unpack(head)
            part = file.read(length) if length <= MAX_PART else b""
            if len(part) != length or zlib.crc32(part) != checksum:
                raise BadInput("checkpoint", "it is damaged")
            yield part


def forget_unfinished(path: Path) -> None:
    """Deletes what children of an earlier process have left."""
    for left in path.parent.glob(f"{path.name}.*.new"):
        left.unlink(missing_ok=True)


def _beside(path: Path, process: int) -> Path:
    return path.with_name(f"{path.name}.{process}.new")
