"""The milter protocol on the wire, as far as a filter of whole messages needs it.

There is no RFC; Sendmail's libmilter (``include/libmilter/mfdef.h``) defines it and Postfix's
``src/milter/milter8.c`` speaks it. A packet is a length (32 bits, big-endian, of all that follows), one letter and
its data. Strings end with NUL. The mail server begins with ``O`` (version, the changes that it allows, the steps that
it can leave out) and we answer with what of it we want. Macros (``D``) come before the step that they belong to.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from mailrisk.model.errors import BadInput

MAX_PACKET: Final = 1024 * 1024 + 64
"""Bytes of one packet: the largest chunk that libmilter knows has 1 MiB."""

VERSION: Final = 6
OLDEST: Final = 2

ADD_HEADERS: Final = 0x01  # SMFIF_ADDHDRS
CHANGE_HEADERS: Final = 0x10  # SMFIF_CHGHDRS
QUARANTINE: Final = 0x20  # SMFIF_QUARANTINE
CHANGE_BODY: Final = 0x02  # SMFIF_CHGBODY
CHANGES: Final = ADD_HEADERS | CHANGE_HEADERS | QUARANTINE

BODY_CHUNK: Final = 65_535
"""Bytes of one piece of a new body (MILTER_CHUNK_SIZE)."""

NO_UNKNOWN: Final = 0x100  # SMFIP_NOUNKNOWN: unknown SMTP commands are not told of
LEADING_SPACE: Final = 0x100000  # SMFIP_HDR_LEADSPC: header values as they are, which DKIM needs
NO_REPLY: Final[dict[bytes, int]] = {
    b"L": 0x80, b"C": 0x1000, b"H": 0x2000, b"M": 0x4000, b"R": 0x8000, b"T": 0x10000, b"U": 0x20000,
    b"N": 0x40000, b"B": 0x80000,
}  # fmt: skip
"""SMFIP_NR_*: steps that we do not answer, which saves a round trip each."""

STEPS: Final = NO_UNKNOWN | LEADING_SPACE | sum(NO_REPLY.values())

CONTINUE: Final = b"c"
TEMPFAIL: Final = b"t"
PROGRESS: Final = b"p"


class Packet(NamedTuple):
    """One packet: its letter and its data."""

    command: bytes
    data: bytes


class Options(NamedTuple):
    """What both sides agree upon."""

    version: int
    changes: int
    steps: int


def packets(buffer: bytearray) -> Iterator[Packet]:
    """Takes the whole packets out of what has come so far. BadInput: a length that cannot be."""
    while len(buffer) >= 4:
        length = int.from_bytes(buffer[:4])
        if not 1 <= length <= MAX_PACKET:
            raise BadInput("packet", f"has {length} bytes")
        if len(buffer) < 4 + length:
            return
        packet = Packet(bytes(buffer[4:5]), bytes(buffer[5 : 4 + length]))
        del buffer[: 4 + length]
        yield packet


def pack(command: bytes, data: bytes = b"") -> bytes:
    """One packet for the mail server."""
    return struct.pack(">I", len(data) + 1) + command + data


def negotiate(data: bytes, wanted: int = CHANGES) -> Options:
    """What we choose of what the server offers; ``wanted`` changes. BadInput: too old, or no offer."""
    if len(data) < 12:
        raise BadInput("negotiation", "is cut off")
    version, changes, steps = struct.unpack(">III", data[:12])
    if version < OLDEST:
        raise BadInput("negotiation", f"version {version} is too old")
    return Options(min(version, VERSION), changes & wanted, steps & STEPS)


def options_packet(options: Options) -> bytes:
    """Our answer to the offer."""
    return pack(b"O", struct.pack(">III", *options))


def strings(data: bytes) -> list[bytes]:
    """The strings of a packet, each ended by NUL; one that is not ended counts too."""
    parts = data.split(b"\0")
    return parts if parts[-1] else parts[:-1]


def client_address(data: bytes) -> str:
    """The address of ``C`` (host name NUL, family, port, address NUL); '' for a local client or none."""
    _, _, rest = data.partition(b"\0")
    if rest[:1] not in (b"4", b"6") or len(rest) < 4:
        return ""
    return rest[3:].rstrip(b"\0").decode("ascii", "replace").removeprefix("IPv6:")


def add_header(name: str, value: str) -> bytes:
    """Adds a header below the others."""
    return pack(b"h", _text(name) + b"\0 " + _text(value) + b"\0")


def insert_header(name: str, value: str) -> bytes:
    """Inserts a header above the others."""
    return pack(b"i", struct.pack(">I", 0) + _text(name) + b"\0 " + _text(value) + b"\0")


def remove_header(name: bytes, number: int) -> bytes:
    """Removes the header of that name with that number, counted from 1."""
    return pack(b"m", struct.pack(">I", number) + name + b"\0\0")


def new_body(body: bytes) -> bytes:
    """Puts these bytes in place of the body (SMFIR_REPLBODY, as often as it takes)."""
    return b"".join(pack(b"b", body[at : at + BODY_CHUNK]) for at in range(0, len(body), BODY_CHUNK))


def quarantine(why: str) -> bytes:
    """Puts the message into the hold queue."""
    return pack(b"q", _text(why) + b"\0")


def reply(text: str) -> bytes:
    """The SMTP answer that ends the message: ``550 5.7.1 ...``."""
    return pack(b"y", _text(text) + b"\0")


def _text(value: str) -> bytes:
    """One line of printable ASCII: what an SMTP answer or a header may hold, whatever is in the value."""
    return "".join(one if one.isprintable() and one.isascii() else "?" for one in value).encode("ascii")
