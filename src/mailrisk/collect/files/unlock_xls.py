"""Encrypted .xls workbooks (MS-XLS §2.2.10): XOR, RC4 and RC4 CryptoAPI, with Excel's own password and the message's.

The library's own ``decrypt`` writes a temporary file: here its ciphers are used, and the records put together in
memory. Headers of records and some whole records are not encrypted, but take part in the key stream.
"""

from __future__ import annotations

import io
import struct
from typing import Any

from mailrisk.collect.files.gather import LIBRARY_FAILS, Gather
from mailrisk.collect.files.unlock import EXCELS_OWN

MOST_BYTES = 3_000_000
_PLAIN = frozenset(
    (0x0809, 0x0193, 0x0195, 0x00E1, 0x0196, 0x0138)
)  # BOF, UsrExcl, FileLock, InterfaceHdr, RRD...
_FILE_PASS, _SHEET = 0x002F, 0x0085


def open_workbook(data: bytes, gather: Gather) -> bytes:
    """The workbook stream in plain; b'' when no password fits. Tells ``encrypted`` and how it was opened."""
    gather.trait("encrypted", "legacy Excel")
    if len(data) <= MOST_BYTES:
        for password in dict.fromkeys((EXCELS_OWN, *gather.budget.passwords)):
            opened = _try(data, password)
            if opened:
                by_itself = password == EXCELS_OWN
                gather.trait("opened-by-itself" if by_itself else "opened-with-password", password)
                return opened
    gather.trait("locked")
    return b""


def _try(data: bytes, password: str) -> bytes:
    from msoffcrypto import exceptions  # type: ignore[import-untyped]
    from msoffcrypto.format.xls97 import Xls97File  # type: ignore[import-untyped]

    try:
        file = Xls97File(io.BytesIO(data))
        file.load_key(password=password)
        return _plain(file, file.ole.openstream("Workbook").read())
    except (
        exceptions.DecryptionError,
        exceptions.FileFormatError,
        exceptions.InvalidKeyError,
        exceptions.ParseError,
        *LIBRARY_FAILS,
    ):
        return b""


def _plain(file: Any, workbook: bytes) -> bytes:
    """The stream with its encrypted bytes replaced. ``mask`` has a byte for each: -1 encrypted, -2 in a sheet's record."""
    mask: list[int] = []
    packed = bytearray(workbook)
    at = 0
    while at + 4 <= len(workbook):
        kind, size = struct.unpack_from("<HH", workbook, at)
        end = min(at + 4 + size, len(workbook))
        shown = end if kind in _PLAIN or kind == _FILE_PASS else at + (8 if kind == _SHEET else 4)
        shown = min(shown, end)
        mask += workbook[at:shown]
        mask += [-2 if kind == _SHEET else -1] * (end - shown)
        packed[at:shown] = bytes(shown - at)
        if (
            kind == _FILE_PASS
        ):  # a record that nobody knows, so that the plain stream says no more that it is locked
            mask[at : at + 2] = [0, 0]
        at = end
    opened = _decrypted(file, io.BytesIO(bytes(packed[:at])), mask)
    return bytes(opened[n] if value < 0 else value for n, value in enumerate(mask))


def _decrypted(file: Any, packed: io.BytesIO, mask: list[int]) -> bytes:
    """The whole stream through the cipher that the file names."""
    from msoffcrypto.method.rc4 import DocumentRC4  # type: ignore[import-untyped]
    from msoffcrypto.method.rc4_cryptoapi import DocumentRC4CryptoAPI  # type: ignore[import-untyped]
    from msoffcrypto.method.xor_obfuscation import DocumentXOR  # type: ignore[import-untyped]

    if file.type == "rc4":
        out = DocumentRC4.decrypt(file.key, file.salt, packed, blocksize=1024)
    elif file.type == "rc4_cryptoapi":
        out = DocumentRC4CryptoAPI.decrypt(file.key, file.salt, file.keySize, packed, blocksize=1024)
    else:
        out = DocumentXOR.decrypt(file.key, packed, mask, [], 10)
    return bytes(out.read())
