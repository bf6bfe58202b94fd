"""Maps the pages of an index before a look-up asks for them.

A mapped page costs nothing to read; the first read of one that is not mapped yet is a page fault, which
costs more than the whole look-up (``make bench-lookup`` shows both). Linux 5.14 and later map a range at
once, MADV_POPULATE_READ in madvise(2); elsewhere this does nothing.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Final

MADV_POPULATE_READ: Final = 22
STEP: Final = 64 * 1024 * 1024
"""Bytes mapped in one call, so that nothing else in the process waits long for its memory map."""

SHARE: Final = 0.5
"""Share of the memory that is free for it which an index may take; a larger one is left to the faults."""


def warm(file: Path) -> int:
    """Maps the file where the process has it mapped already; returns the bytes that are mapped then.

    Reads from the disk what is not in the page cache. 0: it is too large for this machine, nobody has
    mapped it, or the system cannot. Lets other threads run.
    """
    size = file.stat().st_size
    if not sys.platform.startswith("linux") or size > SHARE * _available():
        return 0
    start = _mapped_at(file)
    if start is None:
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for offset in range(0, size, STEP):
        if libc.madvise(start + offset, min(STEP, size - offset), MADV_POPULATE_READ):
            return offset
    return size


def _available() -> int:
    """Bytes of memory that may be had without swapping."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def _mapped_at(file: Path) -> int | None:
    """The address of the file's first byte in this process."""
    status = file.stat()
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, _, offset, device, inode = line.split(maxsplit=5)[:5]
        major, minor = (int(part, 16) for part in device.split(":"))
        if int(inode) == status.st_ino and os.makedev(major, minor) == status.st_dev and int(offset, 16) == 0:
            return int(span.partition("-")[0], 16)
    return None
