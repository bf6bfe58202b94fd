"""Buffers in files without a name: large tables that can be made again, outside of the memory that only swap frees.

A file is gone as soon as nobody holds its buffer, also when the process is killed.
"""

from __future__ import annotations

import logging
import mmap
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger(__name__)


def scratch(folder: Path) -> Callable[[int], memoryview]:
    """Gives buffers of so many bytes in files of that folder; in memory where there is no room for the file."""

    def allocate(size: int) -> memoryview:
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                os.posix_fallocate(
                    file.fileno(), 0, size
                )  # Else a full disk would kill the process at a write.
                return memoryview(mmap.mmap(file.fileno(), size))
        except OSError as error:
            logger.warning(
                "a table of %d bytes is held in memory, not in a file of the data directory: %s", size, error
            )
            return memoryview(bytearray(size))

    return allocate
