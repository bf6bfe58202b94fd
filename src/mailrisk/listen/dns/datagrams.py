"""Datagrams of one socket, received and answered many at a time.

A call of the kernel for each datagram and each answer, and an address made into text and back, are a third of what an
answer costs. ``recvmmsg`` and ``sendmmsg`` take 64 at once, and the askers' addresses stay what the kernel wrote. Python
has no function for them, so they are called in the C library; where it has none, it goes one by one.
"""

from __future__ import annotations

import ctypes
import socket
import sys
from collections.abc import Sequence
from typing import Any, Final, Protocol

from mailrisk.publish.dnsbl.question import MAX_QUERY

AT_ONCE: Final = 64
"""Datagrams taken together, before others get their turn."""

_QUERY: Final = MAX_QUERY + 1  # One more, so that a longer one is seen to be too long.
_REPLY: Final = 2_048  # An answer over UDP has at most 1,232 bytes.
_ADDRESS: Final = 32
_ADDRESS_LENGTHS: Final = {socket.AF_INET: 16, socket.AF_INET6: 28}


class Datagrams(Protocol):
    """What was received last, and the way back to those who sent it."""

    def receive(self) -> list[bytes]:
        """Up to AT_ONCE datagrams, longer ones cut after MAX_QUERY + 1 bytes; none when there are none."""

    def send(self, replies: Sequence[bytes | None]) -> int:
        """Sends what answers each datagram of the last ``receive``, in their order; how many could not be sent."""


def datagrams(udp: socket.socket) -> Datagrams:
    """The fastest that this system has, for a socket that does not block."""
    library: Any = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if hasattr(library, "recvmmsg") and hasattr(library, "sendmmsg") and udp.family in _ADDRESS_LENGTHS:
        return ManyAtOnce(udp, library)
    return OneByOne(udp)


class OneByOne:
    """With a call for each datagram, as any system can."""

    def __init__(self, udp: socket.socket) -> None:
        self._udp = udp
        self._askers: list[Any] = []

    def receive(self) -> list[bytes]:
        """What is there."""
        self._askers, queries = [], []
        try:
            for _ in range(AT_ONCE):
                query, asker = self._udp.recvfrom(_QUERY)
                queries.append(query)
                self._askers.append(asker)
        except OSError:
            pass  # Nothing more is there, or an answer of before came back.
        return queries

    def send(self, replies: Sequence[bytes | None]) -> int:
        """The answers."""
        failed = 0
        for reply, asker in zip(replies, self._askers, strict=True):
            if reply is not None:
                try:
                    self._udp.sendto(reply, asker)
                except OSError:
                    failed += 1
        return failed


class _Piece(ctypes.Structure):
    """``struct iovec``."""

    _fields_ = (("start", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """``struct msghdr``."""

    _fields_ = (
        ("address", ctypes.c_void_p),
        ("address_length", ctypes.c_uint32),
        ("pieces", ctypes.c_void_p),
        ("piece_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """``struct mmsghdr``."""

    _fields_ = (("header", _Header), ("length", ctypes.c_uint32))


class _Slots:
    """AT_ONCE places in memory for datagrams, described as the kernel reads it."""

    def __init__(self, size: int, addresses: Sequence[int], address_length: int) -> None:
        memory = bytearray(size * AT_ONCE)
        self.bytes = memoryview(memory)
        self._kept = (ctypes.c_char * len(memory)).from_buffer(memory)
        self.array = (_Message * AT_ONCE)()
        pieces = (_Piece * AT_ONCE)()
        self.messages, self.pieces = list(self.array), list(pieces)
        self.headers = [message.header for message in self.messages]
        start = ctypes.addressof(self._kept)
        for number, (piece, header) in enumerate(zip(self.pieces, self.headers, strict=True)):
            piece.start, piece.length = start + size * number, size
            header.address, header.address_length = addresses[number], address_length
            header.pieces, header.piece_count = ctypes.addressof(piece), 1


class ManyAtOnce:
    """With one call for all that is there, and one for all answers."""

    def __init__(self, udp: socket.socket, library: Any) -> None:
        self._udp = udp  # Its descriptor is used for as long as this lives.
        self._receive, self._send = library.recvmmsg, library.sendmmsg
        self._written = ctypes.create_string_buffer(_ADDRESS * AT_ONCE)
        first = ctypes.addressof(self._written)
        self._addresses = [first + _ADDRESS * number for number in range(AT_ONCE)]
        length = _ADDRESS_LENGTHS[socket.AddressFamily(udp.family)]
        self._in = _Slots(_QUERY, self._addresses, length)
        self._out = _Slots(_REPLY, self._addresses, length)

    def receive(self) -> list[bytes]:
        """What is there."""
        count = self._receive(self._udp.fileno(), self._in.array, AT_ONCE, socket.MSG_DONTWAIT, None)
        memory, messages, queries = self._in.bytes, self._in.messages, []
        for number in range(count):  # None when it is negative: nothing is there, or an answer came back.
            at = _QUERY * number
            queries.append(memory[at : at + messages[number].length].tobytes())
        return queries

    def send(self, replies: Sequence[bytes | None]) -> int:
        """The answers."""
        out, count, failed = self._out, 0, 0
        for reply, address in zip(replies, self._addresses, strict=False):
            if reply is None:
                continue
            size = len(reply)
            if size > _REPLY:
                failed += 1
                continue
            at = _REPLY * count
            out.bytes[at : at + size] = reply
            out.pieces[count].length = size
            out.headers[count].address = address
            count += 1
        return failed + self._send_all(count)

    def _send_all(self, count: int) -> int:
        """Sends the first slots; the kernel stops at one that fails, and goes on behind it."""
        done = failed = 0
        while done < count:
            rest = ctypes.byref(self._out.array, ctypes.sizeof(_Message) * done)
            sent = self._send(self._udp.fileno(), rest, count - done, socket.MSG_DONTWAIT)
            if sent <= 0:
                failed += 1
            done += max(1, sent)
        return failed
