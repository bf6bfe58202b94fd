"""The readers of archives by kind (magika's words): those that the standard library opens.

The others (7z, RAR, ISO 9660, CAB, ...) need a library of the system and stand in ``edge/opening``.
"""

from __future__ import annotations

import bz2
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO

from mailrisk.collect.files.archives_zip import read_zip
from mailrisk.collect.files.limits import FileBudget, Reader
from mailrisk.collect.files.unpacking import PIECE, Decompressor, Unpacking, inflated, pieces_of
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

MEMORY = 64 * 1024 * 1024
"""Bytes that an LZMA dictionary may take."""

_STREAMS = 1_000
"""Streams one behind the other in one file (RFC 1952 §2.2)."""


def read_gzip(data: bytes, budget: FileBudget) -> Contents:
    """The one file in a gzip stream (RFC 1952). Its name, when it has none, is the driver's to find."""
    return _single(data, budget, _gunzip(data), _gzip_name(data))


def _gunzip(data: bytes) -> Iterator[bytes]:
    for _ in range(_STREAMS):
        inflate = zlib.decompressobj(31)
        yield from inflated(inflate, data)
        data = inflate.unused_data
        if not data.startswith(b"\x1f\x8b"):
            return


def _gzip_name(data: bytes) -> str:
    """RFC 1952 §2.3.1: the original name, Latin-1, when bit 3 is set and no extra field comes before."""
    if len(data) < 11 or data[3] & 0b1100 != 0b1000:
        return ""
    return data[10:510].split(b"\x00", 1)[0].decode("latin-1")


def _one_stream(make: Callable[[], Decompressor]) -> Reader:
    """The reader of a format that holds one stream."""

    def read(data: bytes, budget: FileBudget) -> Contents:
        return _single(data, budget, _chained(make, data), "")

    return read


def _chained(make: Callable[[], Decompressor], data: bytes) -> Iterator[bytes]:
    for _ in range(_STREAMS):
        decompressor = make()
        yield from pieces_of(decompressor, data)
        data = decompressor.unused_data if decompressor.eof else b""
        if not data:
            return


def _single(data: bytes, budget: FileBudget, pieces: Iterator[bytes], name: str) -> Contents:
    unpacking = Unpacking(len(data), budget)
    defects: list[str] = []
    unpacking.add(name, _until_damaged(pieces, defects))
    return unpacking.contents(defects)


def _until_damaged(pieces: Iterator[bytes], defects: list[str]) -> Iterator[bytes]:
    """What comes out before the damage is looked at too."""
    try:
        yield from pieces
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
        defects.append(f"damaged: {error}"[:200])


def read_tar(data: bytes, budget: FileBudget) -> Contents:
    """The regular files of a tape archive (POSIX.1-2001 pax, GNU). BadInput: the first header is damaged."""
    unpacking = Unpacking(len(data), budget)
    try:
        archive = tarfile.TarFile(fileobj=BytesIO(data))
    except tarfile.TarError as error:
        raise BadInput("file", f"damaged tape archive: {error}") from None
    defects: list[str] = []
    for _ in range(budget.limits.files + 1_000):  # Folders and links count here too.
        try:
            member = archive.next()
        except (tarfile.TarError, ValueError, OSError, OverflowError) as error:
            defects.append(f"damaged: {error}"[:200])
            break
        if member is None:
            break
        archive.members = []  # type: ignore[attr-defined]  # It keeps all that it has seen.
        if member.issym() or member.islnk():
            unpacking.trait("link-member", f"{member.name} -> {member.linkname}")
        elif member.isfile() and (file := archive.extractfile(member)) is not None:
            unpacking.add(member.name, iter(lambda file=file: file.read(PIECE), b""), size=member.size)  # type: ignore[misc]
    else:
        unpacking.budget.cut("archive: not all members were looked at")
    return unpacking.contents(defects)


READERS: dict[str, Reader] = {
    "zip": read_zip,
    "jar": read_zip,
    "apk": read_zip,
    "appx": read_zip,
    "tar": read_tar,
    "gzip": read_gzip,
    "bzip": _one_stream(bz2.BZ2Decompressor),
    "xz": _one_stream(lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=MEMORY)),
    "lzma": _one_stream(lambda: lzma.LZMADecompressor(format=lzma.FORMAT_ALONE, memlimit=MEMORY)),
}
