"""Locked 7z archives made readable: decrypted, and written again as the same archive without the encryption.

The library that opens 7z (libarchive) knows all packings and no password; the one that knows both is under the LGPL. So
only what is between is done here: the headers (7zFormat.txt of the LZMA SDK, public domain) are read, every packed
stream that goes through AES-256-CBC (coder 06F10701) is decrypted, and that coder is taken out of its folder.
"""

from __future__ import annotations

import hashlib
import lzma
import struct
import zlib
from collections.abc import Callable

import msgspec

from mailrisk.collect.files.sevenzip_form import (
    AES,
    Coder,
    Folder,
    Streams,
    read_streams,
    write_archive,
    write_streams,
)

MAGIC = b"7z\xbc\xaf\x27\x1c"

MOST_CYCLES = 22
"""Binary logarithm of the rounds of SHA-256 that a key may cost; programs write 19."""

MOST_HEADER = 16_000_000
"""Bytes of a header, unpacked."""

_ROWS = 1 << 15
_COPY, _LZMA, _LZMA2 = b"\x00", b"\x03\x01\x01", b"\x21"

Key = Callable[[Coder], tuple[bytes, bytes]]
"""The key and the first block (IV) for a coder."""


def is_locked(data: bytes) -> bool:
    """Whether the names, or the content, of a 7z archive need a password; False for what cannot be read."""
    try:
        header = _header(data)
        if header[:1] == b"\x17":
            streams, _ = read_streams(header, 1)
            if _is_encrypted(streams):
                return True
        streams, _ = _main(_unpacked_header(data, header, _no_key))
        return _is_encrypted(streams)
    except (ValueError, IndexError, struct.error, lzma.LZMAError, OverflowError):
        return False


def unlocked(data: bytes, password: str) -> bytes:
    """The archive without its encryption. ValueError: the password does not fit, or the archive is damaged."""
    try:
        key = _keys(password)
        header = _unpacked_header(data, _header(data), key)
        streams, rest = _main(header)
        packs, folders, number = [], [], 0
        start = 32 + streams.pack_at
        for folder in streams.folders:
            pieces = []
            for size in streams.pack_sizes[number : number + len(folder.packed)]:
                pieces.append(data[start : start + size])
                start += size
            number += len(folder.packed)
            plain, pieces = _without_aes(folder, pieces, key)
            folders.append(plain)
            packs.extend(pieces)
        sizes = tuple(map(len, packs))
        changed = msgspec.structs.replace(streams, pack_at=0, pack_sizes=sizes, folders=tuple(folders))
        return write_archive(b"".join(packs), b"\x01\x04" + write_streams(changed) + header[rest:])
    except (IndexError, struct.error, lzma.LZMAError, OverflowError) as error:
        raise ValueError(str(error)) from None


def _header(data: bytes) -> bytes:
    """The header as it stands in the file, behind the 32 bytes of the signature header."""
    if data[:6] != MAGIC:
        raise ValueError("no 7z archive")
    at, size, crc = struct.unpack_from("<QQI", data, 12)
    header = data[32 + at : 32 + at + size]
    if not size or len(header) != size or zlib.crc32(header) != crc:
        raise ValueError("a damaged header")
    return header


def _unpacked_header(data: bytes, header: bytes, key: Key) -> bytes:
    """The header with its names: it may be packed and encrypted itself, at most four times over."""
    for _ in range(4):
        if header[:1] != b"\x17":
            return header
        streams, _ = read_streams(header, 1)
        if len(streams.folders) != 1 or len(streams.pack_sizes) != 1:
            raise ValueError("a header in several pieces")
        start = 32 + streams.pack_at
        folder, pieces = _without_aes(streams.folders[0], [data[start : start + streams.pack_sizes[0]]], key)
        header = _unpacked(folder, pieces[0])
        if streams.crcs and streams.crcs[0] is not None and zlib.crc32(header) != streams.crcs[0]:
            raise ValueError("a damaged header, or a wrong password")
    raise ValueError("a header packed too often")


def _main(header: bytes) -> tuple[Streams, int]:
    if header[:2] != b"\x01\x04":
        raise ValueError("no streams")
    return read_streams(header, 2)


def _is_encrypted(streams: Streams) -> bool:
    return any(coder.method == AES for folder in streams.folders for coder in folder.coders)


def _without_aes(folder: Folder, pieces: list[bytes], key: Key) -> tuple[Folder, list[bytes]]:
    """The folder and its packed streams without the coders that decrypt."""
    while (number := next((n for n, one in enumerate(folder.coders) if one.method == AES), -1)) >= 0:
        coder = folder.coders[number]
        into = sum(one.ins for one in folder.coders[:number])
        out = sum(one.outs for one in folder.coders[:number])
        stream = folder.packed.index(into)
        pieces[stream] = _decrypted(pieces[stream], folder.sizes[out], *key(coder))
        folder = folder.without(number, into, out)
    return folder, pieces


def _decrypted(data: bytes, size: int, key: bytes, first: bytes) -> bytes:
    from Cryptodome.Cipher import AES as Cipher

    if len(data) % 16 or not data or size > len(data):
        raise ValueError("an encrypted stream of odd length")
    plain = Cipher.new(key, Cipher.MODE_CBC, first).decrypt(data)
    if any(plain[size:]):  # The last block is filled with zeros: most wrong passwords end here.
        raise ValueError("a wrong password")
    return plain[:size]


def _no_key(coder: Coder) -> tuple[bytes, bytes]:
    raise ValueError("locked")


def _keys(password: str) -> Key:
    """The keys of one password, each made once."""
    known: dict[tuple[int, bytes], bytes] = {}

    def key(coder: Coder) -> tuple[bytes, bytes]:
        first, second = coder.properties[0], (coder.properties[1:2] or b"\x00")[0]
        salt_size = ((first >> 7) & 1) + (second >> 4)
        iv_size = ((first >> 6) & 1) + (second & 15)
        salt = coder.properties[2 : 2 + salt_size]
        iv = coder.properties[2 + salt_size : 2 + salt_size + iv_size]
        asked = (first & 63, salt)
        if asked not in known:
            known[asked] = _key(password, *asked)
        return known[asked], iv.ljust(16, b"\x00")

    return key


def _key(password: str, cycles: int, salt: bytes) -> bytes:
    """SHA-256 over salt, password in UTF-16 and a counter, 2^cycles times; in large pieces, which costs 50 ms."""
    import numpy as np

    start = salt + password.encode("utf-16-le")
    if cycles == 63:
        return start.ljust(32, b"\x00")[:32]
    if cycles > MOST_CYCLES:
        raise ValueError(f"a key of 2^{cycles} rounds")
    rounds = 1 << cycles
    rows = np.empty((min(_ROWS, rounds), len(start) + 8), np.uint8)
    rows[:, : len(start)] = np.frombuffer(start, np.uint8)
    digest = hashlib.sha256()
    for at in range(0, rounds, len(rows)):
        counters = np.arange(at, at + len(rows), dtype="<u8")
        rows[:, len(start) :] = counters.view(np.uint8).reshape(-1, 8)
        digest.update(rows.tobytes())
    return digest.digest()


def _unpacked(folder: Folder, data: bytes) -> bytes:
    """What one packed stream holds: headers are stored, LZMA or LZMA2."""
    if len(folder.coders) != 1 or folder.sizes[0] > MOST_HEADER:
        raise ValueError("a header packed in an odd way")
    coder = folder.coders[0]
    if coder.method == _COPY:
        return data[: folder.sizes[0]]
    if coder.method == _LZMA:
        first, dictionary = struct.unpack("<BI", coder.properties[:5])
        choice = {
            "id": lzma.FILTER_LZMA1,
            "lc": first % 9,
            "lp": first // 9 % 5,
            "pb": first // 45,
            "dict_size": min(max(dictionary, 4_096), MOST_HEADER),
        }
    elif coder.method == _LZMA2:
        choice = {"id": lzma.FILTER_LZMA2, "dict_size": MOST_HEADER}
    else:
        raise ValueError("a header packed in an odd way")
    return lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=[choice]).decompress(data, folder.sizes[0])
