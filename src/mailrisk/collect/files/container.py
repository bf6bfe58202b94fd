"""OLE containers (MS-CFB): their streams, with limits on their number and bytes."""

from __future__ import annotations

import io
from typing import Any

from mailrisk.collect.files.gather import LIBRARY_FAILS, Gather
from mailrisk.model.errors import BadInput

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MOST_STREAMS = 2_000
MOST_BYTES = 40_000_000  # of all streams of one container together
MOST_STREAM = 16_000_000

EQUATION_CLASSES = {
    "0002ce02-0000-0000-c000-000000000046": "Equation.3",
    "0002ce03-0000-0000-c000-000000000046": "MathType",
    "0004a6b0-0000-0000-c000-000000000046": "Equation.2",
}
"""Class identifiers of the equation editors whose overflows documents exploit (CVE-2017-11882, CVE-2018-0802)."""


def streams_of(data: bytes, gather: Gather) -> dict[str, bytes]:
    """Path ('/' between the names) -> content of every stream. BadInput: no container.

    What is over the limits is left out and told; the class of an equation editor is a trait.
    """
    import olefile  # type: ignore[import-untyped]

    try:
        ole = olefile.OleFileIO(io.BytesIO(data))
        paths = ole.listdir(streams=True, storages=False)
        _equations(ole, gather)
    except LIBRARY_FAILS as error:
        raise BadInput("file", f"a broken OLE container: {error}") from None
    found: dict[str, bytes] = {}
    left = min(MOST_BYTES, gather.budget.unpacked_left, 4 * len(data))  # streams that share sectors multiply
    for path in paths[:MOST_STREAMS]:
        name = "/".join(path)
        try:
            if ole.get_size(path) > min(left, MOST_STREAM):
                gather.cut(f"stream {name!r} was not read: too long")
                continue
            content = ole.openstream(path).read()
        except LIBRARY_FAILS as error:
            gather.defect(f"stream {name!r}: {error}")
            continue
        found[name] = content
        left -= len(content)
    if len(paths) > MOST_STREAMS:
        gather.cut(f"streams: only the first {MOST_STREAMS} were read")
    return found


def _equations(ole: Any, gather: Gather) -> None:
    for entry in ole.direntries[:MOST_STREAMS]:
        editor = EQUATION_CLASSES.get(str(getattr(entry, "clsid", "") or "").lower())
        if editor:
            gather.trait("equation-editor", editor)


def packaged(native: bytes) -> tuple[str, bytes]:
    """File name and content of an ``Ole10Native`` stream or an OLE1 package; ('', b'') if it is none.

    Layout: total size, 2, label, source path, 0, 3, length and temporary path, length and content.
    """
    if len(native) < 12:
        return "", b""
    at = 4 if int.from_bytes(native[:4], "little") <= len(native) else 0
    at += 2
    label, at = _zero_ended(native, at)
    source, at = _zero_ended(native, at)
    at += 4
    length = int.from_bytes(native[at : at + 4], "little")
    at += 4
    if length > 4_096:
        return "", b""
    temporary = native[at : at + length].rstrip(b"\x00")
    at += length
    size = int.from_bytes(native[at : at + 4], "little")
    content = native[at + 4 : at + 4 + size]
    if not content or size > len(native):
        return "", b""
    name = label or source or temporary
    return name.decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2], content


def _zero_ended(data: bytes, at: int) -> tuple[bytes, int]:
    """The text up to the next zero byte (at most 4,096), and the offset after it."""
    end = data.find(b"\x00", at, at + 4_096)
    return (b"", at) if end < 0 else (data[at:end], end + 1)
