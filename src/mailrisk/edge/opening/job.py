"""What the service and the process that opens files say to one another: length, then msgpack, over a socket."""

from __future__ import annotations

import socket
import struct
import time

import msgspec

from mailrisk.collect.files.limits import DEFAULT_FILE_LIMITS, FileLimits
from mailrisk.collect.files.open import Attached
from mailrisk.collect.pictures.drawn import Body

MOST_BYTES = 256 * 1024 * 1024
"""Largest frame that is taken from the other side."""

_LENGTH = struct.Struct("<Q")


READY = b"ready"
"""What a child says when it has loaded its libraries and limited itself."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one message, what may unlock them, and bodies that seem to draw codes.

    ``cpu_s`` is the CPU time that the child may use.
    """

    attached: tuple[Attached, ...]
    passwords: tuple[str, ...] = ()
    bodies: tuple[Body, ...] = ()
    limits: FileLimits = DEFAULT_FILE_LIMITS
    cpu_s: int = 10


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What a child is told at its start. ``yara`` holds rule sources by name beside the shipped ones."""

    memory_bytes: int
    yara: dict[str, str] = {}
    prepare: bool = False  # load the model of kinds at once, not when it is first needed


class Gone(Exception):
    """The other side has closed the connection, or did not say all in time."""


def send(connection: socket.socket, frame: bytes, deadline: float | None = None) -> None:
    """Sends one frame. Gone: not taken before ``deadline`` (monotonic seconds), or nobody is there."""
    try:
        connection.settimeout(_left(deadline))
        connection.sendall(_LENGTH.pack(len(frame)))
        connection.settimeout(_left(deadline))
        connection.sendall(frame)
    except OSError as error:
        raise Gone(str(error)) from None


def receive(connection: socket.socket, deadline: float | None = None) -> bytes:
    """One frame. Gone: it did not come in time, or is larger than anything that is said here."""
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size, deadline))
    if length > MOST_BYTES:
        raise Gone(f"a frame of {length} bytes")
    return _exactly(connection, length, deadline)


def _exactly(connection: socket.socket, length: int, deadline: float | None) -> bytes:
    taken = bytearray(length)
    view = memoryview(taken)
    while view:
        try:
            connection.settimeout(_left(deadline))
            count = connection.recv_into(view)
        except OSError as error:
            raise Gone(str(error)) from None
        if not count:
            raise Gone("closed")
        view = view[count:]
    return bytes(taken)


def _left(deadline: float | None) -> float | None:
    """Seconds left; a deadline that is over is a time-out."""
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("time is up")
    return left
