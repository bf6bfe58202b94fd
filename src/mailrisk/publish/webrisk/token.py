"""Version tokens: which list of which ledger a client has, up to which change, and how much of it.

``m`` | list (1 byte) | epoch (8 bytes of its SHA-256) | seq (8) | bound (5), big-endian. ``bound`` is the
first prefix that the client has not been sent yet (2**32: it has all), for clients that set a limit.
Anything else that a client sends, such as the token of another server, is no version of ours.
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import Final

import msgspec

ALL: Final = 1 << 32
"""The bound of a complete list."""

MAX_TOKEN: Final = 1024
"""Longest token that is read, in bytes; a longer one is an error of the caller."""

_FORM = struct.Struct(">cB8sQBI")


class Version(msgspec.Struct, frozen=True):
    """What a client has: the prefixes below ``bound`` of the list as it was after change ``seq``."""

    seq: int
    bound: int = ALL


def make_token(version: Version, list_number: int, epoch: str) -> bytes:
    """The token that names a version of a list."""
    return _FORM.pack(
        b"m", list_number, _short(epoch), version.seq, version.bound >> 32, version.bound & (ALL - 1)
    )


def read_token(token: bytes, list_number: int, epoch: str) -> Version | None:
    """The version that a token names; None for one of another list, another epoch or another server."""
    if len(token) != _FORM.size:
        return None
    form, number, short, seq, high, low = _FORM.unpack(token)
    bound = high << 32 | low
    if (form, number, short) != (b"m", list_number, _short(epoch)) or bound > ALL:
        return None
    return Version(seq, bound)


def _short(epoch: str) -> bytes:
    return sha256(epoch.encode()).digest()[:8]
