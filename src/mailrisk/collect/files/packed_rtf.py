"""Compressed RTF, the form in which Outlook keeps bodies (MS-OXRTFCP)."""

from __future__ import annotations

import struct

_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def decompress(packed: bytes, most: int = 8_000_000) -> bytes:
    """Compressed RTF of Outlook (MS-OXRTFCP §2.2): LZ77 over a ring of 4,096 bytes; b'' if it is none."""
    if len(packed) < 16:
        return b""
    raw_size, kind = struct.unpack_from("<I4s", packed, 4)
    if kind == b"MELA":
        return packed[16 : 16 + raw_size]
    if kind != b"LZFu":
        return b""
    ring = bytearray(_DICTIONARY.ljust(4_096, b"\x00"))
    write, at = len(_DICTIONARY), 16
    out = bytearray()
    raw_size = min(raw_size, most)
    while at < len(packed) and len(out) < raw_size:
        control = packed[at]
        at += 1
        for bit in range(8):
            if at >= len(packed):
                break
            if not control >> bit & 1:
                out.append(packed[at])
                ring[write] = packed[at]
                write = (write + 1) & 0xFFF
                at += 1
                continue
            token = int.from_bytes(packed[at : at + 2], "big")
            at += 2
            offset, length = token >> 4, (token & 0xF) + 2
            if offset == write:
                return bytes(out)
            for step in range(length):
                byte = ring[(offset + step) & 0xFFF]
                out.append(byte)
                ring[write] = byte
                write = (write + 1) & 0xFFF
    return bytes(out[:raw_size])
