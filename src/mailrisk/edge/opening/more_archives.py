"""Archives that libarchive opens: 7z, RAR, ISO 9660, CAB, LHA, cpio, Zstandard, ...

libarchive is a library of the system (Debian: libarchive13). Without it these kinds have no reader, and files
of them are told as not opened. Formats and filters are named one by one, since "all" holds filters that start
programs. It knows no password of 7z: what unlocks those is ``collect/files/sevenzip.py``. Locked RAR stays locked: the
only code that decrypts and unpacks it is unRAR's, whose licence forbids much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mailrisk.collect.files import sevenzip
from mailrisk.collect.files.archives_zip import TRIED_BYTES, read_zip
from mailrisk.collect.files.limits import FileBudget, Reader
from mailrisk.collect.files.unpacking import PIECE, Unpacking
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

_FORMATS: dict[str, tuple[tuple[str, ...], str]] = {
    "sevenzip": (("7zip",), "none"),
    "rar": (("rar", "rar5"), "none"),
    "iso": (("iso9660",), "none"),
    "cab": (("cab",), "none"),
    "lha": (("lha",), "none"),
    "cpio": (("cpio",), "none"),
    "ar": (("ar",), "none"),
    "xar": (("xar",), "none"),
    "zst": (("raw",), "zstd"),
    "lz4": (("raw",), "lz4"),
    "lzip": (("raw",), "lzip"),
    "unixcompress": (("raw",), "compress"),
}
"""Kind -> (formats, filter) in libarchive's names."""


def readers() -> dict[str, Reader]:
    """The readers by kind; none when the library is not there or lacks a format."""
    try:
        from libarchive import ffi  # type: ignore[import-untyped]
    except (ImportError, OSError, TypeError, AttributeError):
        return {}
    found: dict[str, Reader] = {}
    for kind, (formats, filter_name) in _FORMATS.items():
        try:
            for name in formats:
                ffi.get_read_format_function(name)
            ffi.get_read_filter_function(filter_name)
        except ValueError:
            continue
        found[kind] = _read_sevenzip if kind == "sevenzip" else _reader(formats, filter_name)
    return {**found, **dict.fromkeys(("zip", "jar", "apk", "appx"), _read_zip)}


def _read_zip(data: bytes, budget: FileBudget) -> Contents:
    """As the reader of collect/files, with a fast way to unlock."""
    return read_zip(data, budget, _unlock_zip)


def _read_sevenzip(data: bytes, budget: FileBudget) -> Contents:
    """The members of a 7z archive, unlocked if the message holds the password."""
    unpacking = Unpacking(len(data), budget)
    formats, filter_name = _FORMATS["sevenzip"]
    if sevenzip.is_locked(data):
        for password in budget.passwords:
            plain = _unlocked_sevenzip(data, password)
            if plain:
                unpacking.trait("encrypted")
                unpacking.trait("opened-with-password", password)
                return _read(plain, unpacking, formats, filter_name)
    return _read(data, unpacking, formats, filter_name)


def _unlocked_sevenzip(data: bytes, password: str) -> bytes:
    """The archive without encryption; nothing if its first member does not unpack, up to a limit."""
    from libarchive import ffi
    from libarchive.entry import ArchiveEntry  # type: ignore[import-untyped]
    from libarchive.exception import ArchiveError  # type: ignore[import-untyped]

    archive = ffi.read_new()
    try:
        plain = sevenzip.unlocked(data, password)
        ffi.get_read_format_function("7zip")(archive)
        ffi.read_open_memory(archive, plain, len(plain))
        entry, left = ArchiveEntry(archive), TRIED_BYTES
        while left == TRIED_BYTES and ffi.read_next_header2(archive, entry._entry_p) != ffi.ARCHIVE_EOF:
            for piece in _pieces(ffi, archive, exact=True):
                left -= len(piece)
                if left < 0:
                    break
    except (ValueError, ArchiveError):
        return b""
    finally:
        ffi.read_free(archive)
    return plain


def _unlock_zip(data: bytes, password: bytes) -> Iterator[Iterable[bytes]]:
    """The members of a locked ZIP archive, in the order of their headers; ValueError for a wrong password."""
    from libarchive import ffi
    from libarchive.entry import ArchiveEntry
    from libarchive.exception import ArchiveError

    archive = ffi.read_new()
    try:
        ffi.read_add_passphrase(archive, password)
        ffi.get_read_format_function("zip_seekable")(archive)
        ffi.read_open_memory(archive, data, len(data))
        entry = ArchiveEntry(archive)
        while ffi.read_next_header2(archive, entry._entry_p) != ffi.ARCHIVE_EOF:
            yield _checked(_pieces(ffi, archive))
            entry = ArchiveEntry(archive)
    except ArchiveError as error:
        raise ValueError(str(error)) from None
    finally:
        ffi.read_free(archive)


def _checked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    from libarchive.exception import ArchiveError

    try:
        yield from pieces
    except ArchiveError as error:
        raise ValueError(str(error)) from None


def _reader(formats: tuple[str, ...], filter_name: str) -> Reader:
    def read(data: bytes, budget: FileBudget) -> Contents:
        return _read(data, Unpacking(len(data), budget), formats, filter_name)

    return read


def _read(data: bytes, unpacking: Unpacking, formats: tuple[str, ...], filter_name: str) -> Contents:
    """The members of one archive. BadInput: nothing of it can be read."""
    from libarchive import ffi
    from libarchive.exception import ArchiveError

    defects: list[str] = []
    archive = ffi.read_new()
    try:
        for name in formats:
            ffi.get_read_format_function(name)(archive)
        ffi.get_read_filter_function(filter_name)(archive)
        ffi.read_open_memory(archive, data, len(data))
        _members(ffi, archive, unpacking, is_raw=formats == ("raw",))
    except ArchiveError as error:
        _damaged(str(error.msg), unpacking, defects)  # As text it names an address in memory.
    finally:
        ffi.read_free(archive)
    return unpacking.contents(defects)


def _damaged(said: str, unpacking: Unpacking, defects: list[str]) -> None:
    """A locked archive is told as such; one that gave nothing is refused, else what came before counts."""
    if "encrypt" in said.lower() or "passphrase" in said.lower() or "password" in said.lower():
        unpacking.trait("encrypted")
        unpacking.trait("locked")
    elif not unpacking.count:
        raise BadInput("file", f"damaged archive: {said}"[:200])
    else:
        defects.append(f"damaged: {said}"[:200])


def _members(ffi: Any, archive: Any, unpacking: Unpacking, *, is_raw: bool) -> None:
    from libarchive.entry import ArchiveEntry
    from libarchive.exception import ArchiveError

    for _ in range(unpacking.budget.limits.files + 1_000):  # Folders and links count here too.
        entry = ArchiveEntry(archive)
        if ffi.read_next_header2(archive, entry._entry_p) == ffi.ARCHIVE_EOF:
            return
        name = "" if is_raw else str(entry.pathname or "")
        if entry.issym or entry.islnk:
            unpacking.trait("link-member", f"{name} -> {entry.linkname}")
        elif entry.isdir:
            continue
        elif _is_locked(ffi, entry):
            unpacking.trait("encrypted", name)
            unpacking.trait("locked", name)
            unpacking.tell(name, size=entry.size or 0, why="locked")
        else:
            before = unpacking.count
            try:
                unpacking.add(name, _pieces(ffi, archive), size=entry.size or 0)
            except ArchiveError as error:
                if unpacking.count == before:
                    unpacking.tell(name, size=entry.size or 0, why="damaged")
                _damaged(str(error), unpacking, [])
                if error.retcode == ffi.ARCHIVE_FATAL:
                    raise
    unpacking.budget.cut("archive: not all members were looked at")


def _is_locked(ffi: Any, entry: Any) -> bool:
    return bool(_is_encrypted(ffi)(entry._entry_p))


def _is_encrypted(ffi: Any) -> Any:
    """``archive_entry_is_encrypted``, which the binding does not name itself."""
    known = getattr(ffi, "entry_is_encrypted", None)
    return known or ffi.ffi("entry_is_encrypted", [ffi.c_archive_entry_p], ffi.c_int)


def _pieces(ffi: Any, archive: Any, *, exact: bool = False) -> Iterator[bytes]:
    """A member in pieces. Where its checksum does not fit, it ends; ArchiveError in that case if it must be ``exact``."""
    from ctypes import create_string_buffer

    from libarchive.exception import ArchiveError

    buffer = create_string_buffer(PIECE)
    while (length := ffi.read_data(archive, buffer, PIECE)) > 0:
        yield buffer.raw[:length]
    if length < 0 and exact:
        raise ArchiveError("the checksum does not fit", retcode=length)
