"""A ZIP archive locked with the traditional encryption (PKWARE APPNOTE §6.1), which the standard library only reads."""

from __future__ import annotations

import struct
import zlib

_DOS_DATE, _DOS_TIME = 0x5A21, 0x4800


class _Keys:
    """The three keys of APPNOTE §6.1.5."""

    def __init__(self, password: bytes) -> None:
        self.keys = [0x12345678, 0x23456789, 0x34567890]
        for byte in password:
            self.update(byte)

    def update(self, byte: int) -> None:
        keys = self.keys
        keys[0] = _crc(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = _crc(keys[2], keys[1] >> 24)

    def encrypt(self, plain: bytes) -> bytes:
        out = bytearray()
        for byte in plain:
            word = (self.keys[2] | 2) & 0xFFFF
            out.append(byte ^ ((word * (word ^ 1) >> 8) & 0xFF))
            self.update(byte)
        return bytes(out)


def _crc(value: int, byte: int) -> int:
    """One step of CRC-32 without its inversions."""
    return ~zlib.crc32(bytes([byte]), ~value & 0xFFFFFFFF) & 0xFFFFFFFF


def locked_zip(name: str, content: bytes, password: str) -> bytes:
    """An archive with one stored file that opens with the password."""
    check = zlib.crc32(content)
    head = bytes(11) + bytes([check >> 24])
    body = _Keys(password.encode()).encrypt(head + content)
    label = name.encode()
    common = struct.pack(
        "<HHHHHIIIHH", 20, 0x0801, 0, _DOS_TIME, _DOS_DATE, check, len(body), len(content), len(label), 0
    )
    local = b"PK\x03\x04" + common + label + body
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + label
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end
