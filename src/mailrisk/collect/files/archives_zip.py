"""ZIP archives, locked ones too.

APPNOTE.TXT 6.3.10. The directory is read by the standard library's reader (through pyzipper, which adds the
AES of WinZip); streams are unpacked here, because that reader unpacks bzip2 and LZMA without a bound on memory.
"""

from __future__ import annotations

import bz2
import contextlib
import lzma
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from mailrisk.collect.files.limits import FileBudget
from mailrisk.collect.files.unpacking import PIECE, Unpacking, pieces_of
from mailrisk.collect.message.archives import zip_directory
from mailrisk.collect.message.charset import decode
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

MOST_ENTRIES = 20_000
"""Entries of a directory that is read at all; the reader keeps an object for each."""

_ENTRY = b"PK\x01\x02"
_STORED, _DEFLATED, _BZIP2, _LZMA = 0, 8, 12, 14  # §4.4.5


def read_zip(data: bytes, budget: FileBudget) -> Contents:
    """The members of a ZIP archive. BadInput: it has no directory that can be read."""
    unpacking = Unpacking(len(data), budget)
    if data.count(_ENTRY) > MOST_ENTRIES:
        return _names_only(data, unpacking)
    import pyzipper  # type: ignore[import-untyped]

    try:
        archive = pyzipper.AESZipFile(BytesIO(data))
    except (pyzipper.BadZipFile, ValueError, struct.error, NotImplementedError, OverflowError) as error:
        raise BadInput("file", f"damaged ZIP archive: {error}") from None
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    unpacking.claims(sum(entry.file_size for entry in entries), len(data))
    if _overlap(entries):
        unpacking.trait("overlapping-members")
    defects: list[str] = []
    password = _Password(archive, entries, unpacking)
    ends = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        name = _name(entry)
        if entry.header_offset < ends:
            unpacking.tell(name, size=entry.file_size, why="overlaps another member")
            continue
        ends = entry.header_offset + 30 + entry.compress_size
        try:
            _add(data, archive, entry, name, password, unpacking)
        except (*_DAMAGED, pyzipper.BadZipFile) as error:
            defects.append(f"{name[:100]}: {error}"[:200])
            unpacking.tell(name, size=entry.file_size, why="damaged")
    return unpacking.contents(defects[:20])


_DAMAGED = (
    zlib.error, lzma.LZMAError, OSError, EOFError, struct.error, ValueError, RuntimeError, NotImplementedError,
)  # fmt: skip


def _names_only(data: bytes, unpacking: Unpacking) -> Contents:
    names, _ = zip_directory(data, unpacking.budget.limits.files)
    unpacking.trait("many-members", str(data.count(_ENTRY)))
    unpacking.budget.cut(f"archive: {data.count(_ENTRY)} members, none was unpacked")
    for name in names:
        unpacking.tell(name, why="not unpacked: too many members")
    return unpacking.contents()


def _name(entry: Any) -> str:
    """§4.4.4: without bit 11 the name is in whatever the packer's system used, which the reader took for cp437."""
    name = str(entry.orig_filename)
    if not entry.flag_bits & 0x800 and not name.isascii():
        with contextlib.suppress(UnicodeEncodeError):
            name = decode(name.encode("cp437"), "")[0]
    return name.replace("\x00", "")


def _overlap(entries: list[Any]) -> bool:
    """Whether two members share packed bytes, as the densest bombs do (Fifield, WOOT 2019)."""
    ends = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset < ends:
            return True
        ends = entry.header_offset + 30 + entry.compress_size
    return False


def _add(data: bytes, archive: Any, entry: Any, name: str, password: _Password, unpacking: Unpacking) -> None:
    if not entry.flag_bits & 1:
        unpacking.add(name, _plain(data, entry), size=entry.file_size)
        return
    unpacking.trait("encrypted", name)
    if password.found is None:
        unpacking.tell(name, size=entry.file_size, why="locked")
    else:
        unpacking.add(name, _unlocked(archive, entry, password.found), size=entry.file_size)


def _plain(data: bytes, entry: Any) -> Iterator[bytes]:
    """The pieces of a member that is not locked; ValueError for a method that nobody unpacks here."""
    start = entry.header_offset
    if data[start : start + 4] != b"PK\x03\x04":
        raise ValueError("no local header")
    name_length, extra_length = struct.unpack_from("<HH", data, start + 26)  # §4.3.7
    start += 30 + name_length + extra_length
    packed = data[start : start + entry.compress_size]
    method = entry.compress_type
    if method == _STORED:
        return (packed[at : at + PIECE] for at in range(0, len(packed), PIECE))
    if method == _DEFLATED:
        return _inflated(packed)
    if method == _BZIP2:
        return pieces_of(bz2.BZ2Decompressor(), packed)
    if method == _LZMA:
        return pieces_of(_lzma(packed), packed[4 + struct.unpack_from("<H", packed, 2)[0] :])
    raise ValueError(f"packed by method {method}, which is not supported")


def _inflated(packed: bytes) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-15)
    rest = packed
    while rest and not inflate.eof:
        piece = inflate.decompress(rest, PIECE)
        rest = inflate.unconsumed_tail
        if piece:
            yield piece
        elif not rest:
            return


def _lzma(packed: bytes) -> lzma.LZMADecompressor:
    """§5.8.8: two bytes of version, two of size, then the properties: one byte lc/lp/pb, four dictionary size."""
    size = struct.unpack_from("<H", packed, 2)[0]
    first, dictionary = struct.unpack("<BI", packed[4 : 4 + size][:5])
    lc, rest = first % 9, first // 9
    filters = [
        {
            "id": lzma.FILTER_LZMA1,
            "dict_size": min(dictionary, 64 * 1024 * 1024),
            "lc": lc,
            "lp": rest % 5,
            "pb": rest // 5,
        }
    ]
    return lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=filters)


def _unlocked(archive: Any, entry: Any, password: bytes) -> Iterator[bytes]:
    """Pieces of a locked member. Small reads, since the library unpacks all that one read takes."""
    with archive.open(entry, pwd=password) as member:
        while piece := member.read(4_096):
            yield piece


class _Password:
    """The password of the archive, looked for once, on its smallest locked member that is no empty file."""

    def __init__(self, archive: Any, entries: list[Any], unpacking: Unpacking) -> None:
        self.found: bytes | None = None
        locked = [entry for entry in entries if entry.flag_bits & 1 and entry.file_size]
        if not locked:
            return
        smallest = min(locked, key=lambda entry: int(entry.compress_size))
        for text in unpacking.budget.passwords:
            for password in dict.fromkeys((text.encode(), text.encode("gb18030", "replace"))):
                if self._fits(archive, smallest, password):
                    self.found = password
                    unpacking.trait("opened-with-password", text)
                    return
        unpacking.trait("locked", str(smallest.filename))

    @staticmethod
    def _fits(archive: Any, entry: Any, password: bytes) -> bool:
        """One byte tells most wrong passwords (§6.1.6), the checksum at the end the others."""
        left = 4_000_000  # Then a right start is taken for a right password.
        try:
            for piece in _unlocked(archive, entry, password):
                left -= len(piece)
                if left < 0:
                    break
        except Exception:  # noqa: BLE001 - a wrong password looks like any damage, to several libraries.
            return False
        return True
