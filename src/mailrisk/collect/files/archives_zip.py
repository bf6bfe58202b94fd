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
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import islice
from typing import Any

from mailrisk.collect.files.limits import NAMELESS, FileBudget
from mailrisk.collect.files.unpacking import PIECE, Unpacking, inflated, pieces_of
from mailrisk.collect.message.archives import zip_directory
from mailrisk.collect.message.charset import decode
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

MOST_ENTRIES = 20_000
"""Entries of a directory that is read at all; the reader keeps an object for each."""

_ENTRY = b"PK\x01\x02"
_STORED, _DEFLATED, _BZIP2, _LZMA, _AES = 0, 8, 12, 14, 99  # §4.4.5

SLOW_BYTES = 500_000
"""Packed bytes of a member in the old encryption that are unlocked without a fast library: Python takes seconds."""

TRIED_BYTES = 1_000_000
"""Bytes that a password must unlock without an error."""

Unlock = Callable[[bytes, bytes], Iterator[Iterable[bytes]]]
"""(archive, password) -> the pieces of each member in the order of the archive, folders too (without pieces)."""


def read_zip(data: bytes, budget: FileBudget, unlock: Unlock | None = None) -> Contents:
    """The members of a ZIP archive. BadInput: it has no directory that can be read."""
    unpacking = Unpacking(len(data), budget)
    if data.count(_ENTRY) > MOST_ENTRIES:
        return _names_only(data, unpacking)
    import pyzipper  # type: ignore[import-untyped]

    try:
        archive = pyzipper.AESZipFile(BytesIO(data))
    except (pyzipper.BadZipFile, ValueError, struct.error, NotImplementedError, OverflowError) as error:
        raise BadInput("file", f"damaged ZIP archive: {error}") from None
    entries = sorted(archive.infolist(), key=lambda one: int(one.header_offset))
    unpacking.claims(sum(entry.file_size for entry in entries), len(data))
    if _overlap(entries):
        unpacking.trait("overlapping-members")
    password = find_password(_Locked(data, archive, entries, unlock), unpacking)
    if password is not None and unlock is not None:
        _unlocked_by(unlock, data, password, entries, unpacking)
        return unpacking.contents()
    return unpacking.contents(_one_by_one(data, archive, entries, password, unpacking))


def _one_by_one(
    data: bytes, archive: Any, entries: list[Any], password: bytes | None, unpacking: Unpacking
) -> list[str]:
    """Unpacks member after member; returns what was wrong with some."""
    import pyzipper

    defects: list[str] = []
    ends = 0
    for entry in entries:
        name = _name(entry)
        if entry.is_dir():
            continue
        if entry.header_offset < ends:
            unpacking.tell(name, size=entry.file_size, why="overlaps another member")
            continue
        ends = entry.header_offset + 30 + entry.compress_size
        try:
            _add(data, archive, entry, name, password, unpacking)
        except (*_DAMAGED, pyzipper.BadZipFile) as error:
            defects.append(f"{name[:100]}: {error}"[:200])
            unpacking.tell(name, size=entry.file_size, why="damaged")
    return defects[:20]


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


def _add(
    data: bytes, archive: Any, entry: Any, name: str, password: bytes | None, unpacking: Unpacking
) -> None:
    if not entry.flag_bits & 1:
        unpacking.add(name, _plain(data, entry), size=entry.file_size)
        return
    unpacking.trait("encrypted", name)
    if password is None:
        unpacking.tell(name, size=entry.file_size, why="locked")
    else:
        unpacking.add(name, _unlocked(archive, entry, password), size=entry.file_size)


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
        return inflated(zlib.decompressobj(-15), packed)
    if method == _BZIP2:
        return pieces_of(bz2.BZ2Decompressor(), packed)
    if method == _LZMA:
        return pieces_of(_lzma(packed), packed[4 + struct.unpack_from("<H", packed, 2)[0] :])
    raise ValueError(f"packed by method {method}, which is not supported")


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


def _unlocked_by(
    unlock: Unlock, data: bytes, password: bytes, entries: list[Any], unpacking: Unpacking
) -> None:
    """All members by the faster way; names are those of the directory."""
    for entry, pieces in zip(entries, unlock(data, password), strict=False):
        if entry.is_dir():
            continue
        if entry.flag_bits & 1:
            unpacking.trait("encrypted", _name(entry))
        try:
            unpacking.add(_name(entry), pieces, size=entry.file_size)
        except ValueError:
            unpacking.tell(_name(entry), size=entry.file_size, why="damaged")


class _Locked:
    """A locked archive on which passwords are tried: on its smallest locked member that is no empty file."""

    def __init__(self, data: bytes, archive: Any, entries: list[Any], unlock: Unlock | None) -> None:
        self._data, self._archive, self._unlock = data, archive, unlock
        locked = [entry for entry in entries if entry.flag_bits & 1 and entry.file_size]
        self.name = ""
        if locked:
            self._entry = min(locked, key=lambda entry: int(entry.compress_size))
            self._number = entries.index(self._entry)
            self.name = _name(self._entry)
        self.hopeless = unlock is None and any(
            entry.compress_type != _AES and entry.wz_aes_version is None and entry.compress_size > SLOW_BYTES
            for entry in locked
        )

    def fits(self, password: bytes) -> bool:
        """One byte tells most wrong passwords (§6.1.6), the checksum at the end the others."""
        left = TRIED_BYTES  # Then a right start is taken for a right password.
        try:
            for piece in self._pieces(password):
                left -= len(piece)
                if left < 0:
                    break
        except Exception:  # noqa: BLE001 - a wrong password looks like any damage, to several libraries.
            return False
        return True

    def _pieces(self, password: bytes) -> Iterable[bytes]:
        if self._unlock is None:
            return _unlocked(self._archive, self._entry, password)
        return self._unlocked(self._unlock, password)

    def _unlocked(self, unlock: Unlock, password: bytes) -> Iterator[bytes]:
        members = unlock(self._data, password)  # The archive stays open as long as this name lives.
        yield from next(islice(members, self._number, None), ())


def find_password(locked: _Locked, unpacking: Unpacking) -> bytes | None:
    """The password that opens the archive, None when it is not locked or none does."""
    if not locked.name:
        return None
    if locked.hopeless:
        unpacking.budget.cut(f"{locked.name[:100] or NAMELESS}: too large to be unlocked here")
    else:
        for text in unpacking.budget.passwords:
            for password in dict.fromkeys((text.encode(), text.encode("gb18030", "replace"))):
                if locked.fits(password):
                    unpacking.trait("opened-with-password", text)
                    return password
    unpacking.trait("locked", locked.name)
    return None
