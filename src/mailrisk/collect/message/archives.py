"""What a ZIP archive holds, read from its directory alone: nothing is unpacked.

The central directory (APPNOTE.TXT §4.3.12) lists names, sizes and the encryption bit even of archives
that need a password, and claims that a bomb makes about its size cost nothing to read.
"""

from __future__ import annotations

import struct

from mailrisk.collect.message.charset import decode

_ENTRY = struct.Struct("<4s6H3L5H2L")  # §4.3.12
_END = struct.Struct("<4s4H2LH")  # §4.3.16
_TAIL = 65_557  # longest comment and the end record


def zip_directory(data: bytes, limit: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the members (at most ``limit``) and flags of a ZIP archive; both empty if it is none.

    Flags: ``encrypted``, ``ratio:N`` (claimed unpacked size over packed size, when 20 or more),
    ``members:N`` (only when cut), ``zip64``, ``damaged``.
    """
    if not data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return (), ()
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - _TAIL))
    if at < 0 or at + _END.size > len(data):
        return (), ("damaged",)
    _, _, _, _, count, size, offset, _ = _END.unpack_from(data, at)
    flags = []
    if 0xFFFFFFFF in (size, offset) or count == 0xFFFF:
        flags.append("zip64")
        start = data.find(b"PK\x01\x02")
    else:
        start = at - size if data[at - size : at - size + 4] == b"PK\x01\x02" else offset
    names, packed, unpacked, encrypted, whole = _entries(data, max(0, start), at, limit)
    if encrypted:
        flags.append("encrypted")
    ratio = unpacked // max(1, packed)
    if ratio >= 20:
        flags.append(f"ratio:{ratio}")
    if count > len(names) and whole:
        flags.append(f"members:{count}")
    elif not whole:
        flags.append("damaged")
    return tuple(names), tuple(flags)


def _entries(data: bytes, at: int, end: int, limit: int) -> tuple[list[str], int, int, bool, bool]:
    """Names, packed and unpacked size, whether any is encrypted, whether the directory was sound."""
    names: list[str] = []
    packed = unpacked = 0
    encrypted = False
    while at + _ENTRY.size <= end and len(names) < limit:
        entry = _ENTRY.unpack_from(data, at)
        if entry[0] != b"PK\x01\x02":
            return names, packed, unpacked, encrypted, False
        bits, name_length, extra, comment = entry[3], entry[10], entry[11], entry[12]
        packed += entry[8]
        unpacked += entry[9]
        encrypted = encrypted or bool(bits & 1)
        raw = data[at + _ENTRY.size : at + _ENTRY.size + name_length]
        # §4.4.4: bit 11 says UTF-8; without it the name is in whatever the packer's system used.
        names.append(decode(raw, "utf-8" if bits & 0x800 else "")[0][:500])
        at += _ENTRY.size + name_length + extra + comment
    return names, packed, unpacked, encrypted, True
