"""Unpacking a fetched file: gzip, or a zip archive of one file, told by its first bytes.

A server may pack once for the wire and once for the file, so two layers are undone; a third is left
for the parser to refuse. Bounded against bombs: a deflate stream can grow a thousandfold.
"""

from __future__ import annotations

import gzip
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from mailrisk.model.errors import TooLarge, Unavailable

LAYERS = 2
_LOCAL_HEADER = b"PK\x03\x04"
CHUNK = 256 * 1024
FREE = 10 * 1024 * 1024
"""Bytes that may come out whatever the ratio: a short repetitive file packs well."""


def unpack(path: Path, max_bytes: int, max_ratio: int) -> Path:
    """The unpacked file, or ``path`` itself if it is not packed. A packed one is removed in any case.

    TooLarge: more than ``max_bytes``, or more than ``max_ratio`` times what was packed (beyond 10 MiB).
    Unavailable: damaged, or a zip archive that does not hold exactly one file.
    """
    for _ in range(LAYERS):
        with path.open("rb") as file:
            reader = _reader(file.read(4))
        if reader is None:
            return path
        path = _one_layer(path, reader, max_bytes, max_ratio)
    return path


def _reader(magic: bytes) -> Callable[[IO[bytes]], Iterator[bytes]] | None:
    if magic.startswith(b"\x1f\x8b"):
        return _gzip_chunks
    return _zip_chunks if magic == _LOCAL_HEADER else None


def _gzip_chunks(file: IO[bytes]) -> Iterator[bytes]:
    with gzip.open(file, "rb") as packed:
        while chunk := packed.read(CHUNK):
            yield chunk


def _zip_chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The first member, read from its local header (APPNOTE §4.3.7).

    The central directory is not read: it may claim millions of members and cost memory for each.
    """
    header = file.read(30)
    if len(header) < 30:
        raise EOFError("the archive is cut off")
    flags, method = struct.unpack_from("<HH", header, 6)
    if flags & 1 or method != 8:
        raise zlib.error("the archive is encrypted or not deflated")
    file.seek(sum(struct.unpack_from("<HH", header, 26)), 1)
    inflate = zlib.decompressobj(-15)
    while not inflate.eof:
        packed = inflate.unconsumed_tail or file.read(CHUNK)
        if not packed:
            raise EOFError("the archive is cut off")
        yield inflate.decompress(packed, CHUNK)
    after = (inflate.unused_data + file.read(32))[:32]
    if _LOCAL_HEADER in after:
        raise zlib.error("the archive holds more than one file")


def _one_layer(
    path: Path, reader: Callable[[IO[bytes]], Iterator[bytes]], max_bytes: int, max_ratio: int
) -> Path:
    most = min(max_bytes, max(FREE, path.stat().st_size * max_ratio))
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix="fetch-", delete=False) as out:
        try:
            with path.open("rb") as packed:
                _copy(reader(packed), out, most)
        except (OSError, EOFError, zlib.error) as error:
            Path(out.name).unlink(missing_ok=True)
            raise Unavailable(f"cannot be unpacked: {error}") from None
        except BaseException:
            Path(out.name).unlink(missing_ok=True)
            raise
        finally:
            path.unlink(missing_ok=True)
    return Path(out.name)


def _copy(chunks: Iterator[bytes], out: IO[bytes], most: int) -> None:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise TooLarge("body", f"unpacks to more than {most} bytes")
        out.write(chunk)
