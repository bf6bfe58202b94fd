"""ZIP packages of documents (OOXML, ODF), read with limits: entries, bytes of one, bytes of all.

Only stored and deflated entries are read, as ECMA-376 Part 2 §10 (and ODF) allow no others; nothing is unpacked
in advance, and a bomb costs its first bytes.
"""

from __future__ import annotations

import io
import zipfile

from mailrisk.collect.files.gather import LIBRARY_FAILS, Gather
from mailrisk.model.errors import BadInput, TooLarge

MOST_ENTRIES = 5_000
MOST_DIRECTORY = 2_000_000  # bytes of central directory
MOST_BYTES = 40_000_000  # unpacked, all reads together
_END = b"PK\x05\x06"


class Package:
    """An opened package. Names are those of the archive, looked up in any case."""

    def __init__(self, data: bytes, gather: Gather) -> None:
        """BadInput: no ZIP archive. TooLarge: more entries than a document has."""
        self._gather = gather
        self._left = MOST_BYTES
        at = data.rfind(_END, max(0, len(data) - 65_557))
        if at < 0:
            raise BadInput("file", "a ZIP package without its end")
        if int.from_bytes(data[at + 12 : at + 16], "little") > MOST_DIRECTORY:
            raise TooLarge("file", "the package's directory is too long")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            infos = self._zip.infolist()
        except (zipfile.BadZipFile, *LIBRARY_FAILS) as error:
            raise BadInput("file", f"a broken ZIP package: {error}") from None
        if len(infos) > MOST_ENTRIES:
            raise TooLarge("file", f"{len(infos)} entries in a package, at most {MOST_ENTRIES}")
        self._entries = {info.filename.replace("\\", "/").lstrip("/").lower(): info for info in infos}
        self.names = list(self._entries)

    def size(self, name: str) -> int:
        """The unpacked size that the directory claims; 0 for no entry."""
        info = self._entries.get(name.lower())
        return info.file_size if info else 0

    def read(self, name: str, most: int = 8_000_000) -> bytes:
        """The entry's first ``most`` bytes; b'' when there is none or it cannot be read (told)."""
        info = self._entries.get(name.lower())
        if info is None:
            return b""
        most = min(most, self._left, self._gather.budget.unpacked_left)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
            self._gather.defect(f"{name}: packed in a way that documents do not use")
            return b""
        try:
            with self._zip.open(info) as entry:
                data = entry.read(most + 1)
        except (zipfile.BadZipFile, *LIBRARY_FAILS) as error:
            self._gather.defect(f"{name}: {error}")
            return b""
        if len(data) > most:
            self._gather.cut(f"{name}: only {most} of {info.file_size} bytes were read")
            data = data[:most]
        self._left -= len(data)
        self._gather.budget.take_unpacked(len(data))
        return data
