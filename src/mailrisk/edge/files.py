"""Reading the files that people name on the command line: messages, logs, feeds."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from mailrisk.model.errors import BadInput, TooLarge

MAX_MESSAGE = 64 * 1024 * 1024
"""Largest message file that is read, in bytes."""

PIECE = 256 * 1024


def read_message_file(name: str) -> bytes:
    """The bytes of a message; ``-`` is standard input. BadInput: it cannot be read. TooLarge."""
    with _opened(name) as file:
        raw = file.read(MAX_MESSAGE + 1)
    if len(raw) > MAX_MESSAGE:
        raise TooLarge("file", f"larger than {MAX_MESSAGE // 1024 // 1024} MiB")
    return raw


def read_pieces(name: str) -> Iterator[bytes]:
    """A file in pieces, gzip undone; ``-`` is standard input. BadInput: it cannot be read."""
    with _opened(name) as file:
        head = file.read(PIECE)
        if head[:2] != b"\x1f\x8b":
            while head:
                yield head
                head = file.read(PIECE)
            return
    if name == "-":
        raise BadInput("file", "standard input is compressed; unpack it first: zcat FILE | mailrisk ...")
    try:
        with gzip.open(name) as unpacked:
            while piece := unpacked.read(PIECE):
                yield piece
    except (OSError, EOFError) as error:
        raise BadInput("file", f"damaged gzip: {error}") from None


def size_of(name: str) -> int:
    """Size on disk in bytes, 0 when there is none to tell (standard input, a pipe)."""
    path = Path(name)
    return path.stat().st_size if name != "-" and path.is_file() else 0


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        file = cast(BinaryIO, open(name, "rb"))  # noqa: SIM115 - closed below.
    except OSError as error:
        raise BadInput("file", f"cannot be read: {error.strerror}") from None
    try:
        yield file
    except IsADirectoryError:
        raise BadInput("file", "is a directory") from None
    finally:
        file.close()
