"""The text of .doc, .xls and .ppt streams (MS-DOC, MS-XLS, MS-PPT), and what their records tell.

Text is taken the simplest way that shows all of it: the piece table of Word, the shared strings of Excel,
the text atoms of PowerPoint.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from mailrisk.collect.files import unlock_xls, vba
from mailrisk.collect.files.container import MAGIC, packaged, streams_of
from mailrisk.collect.files.gather import Gather
from mailrisk.model.errors import BadInput

MOST_RECORDS = 200_000
MOST_PIECES = 20_000
MOST_OBJECT = 16_000_000

_DDE = re.compile(
    rb"\b(?:cmd|powershell|mshta|rundll32|regsvr32|msexcel)(?:\.exe)?[\x03|].{0,300}",
    re.IGNORECASE | re.DOTALL,
)
"""A link to a program and a topic (SupBook, MS-XLS §2.4.271), where 3 stands between both."""

_XLM_AUTO = {1: "Auto_Open", 2: "Auto_Close", 10: "Auto_Activate"}


def read(data: bytes, streams: dict[str, bytes], gather: Gather) -> None:
    """Adds the text of whichever of the three the container (``data``) is."""
    if "WordDocument" in streams:
        _word(streams, gather)
    workbook = streams.get("Workbook") or streams.get("Book")
    if workbook and _is_locked(workbook):
        workbook = unlock_xls.open_workbook(data, gather)
    if workbook:
        _excel(workbook, gather)
    if "PowerPoint Document" in streams:
        _powerpoint(streams["PowerPoint Document"], gather)
        if "EncryptedSummary" in streams:
            gather.trait("encrypted", "legacy PowerPoint")
            gather.trait("locked")


def _word(streams: dict[str, bytes], gather: Gather) -> None:
    """The pieces in their order (MS-DOC §2.4.1), by way of fcClx of the table stream that the FIB names."""
    main = streams["WordDocument"]
    if len(main) < 0x1AA:
        gather.defect("a Word stream without its header")
        return
    flags = int.from_bytes(main[0x0A:0x0C], "little")
    if flags & 0x0100:
        gather.trait("encrypted", "legacy Word")
        gather.trait("locked")
        return
    table = streams.get("1Table" if flags & 0x0200 else "0Table", b"")
    start, length = struct.unpack_from("<II", main, 0x1A2)
    for piece in _pieces(main, table[start : start + length]):
        gather.text(piece)


def _pieces(main: bytes, clx: bytes) -> Iterator[str]:
    at = 0
    while at < len(clx) and clx[at] == 1:  # Prc: formatting that stands before the piece table
        at += 3 + int.from_bytes(clx[at + 1 : at + 3], "little")
    if at + 5 > len(clx) or clx[at] != 2:
        return
    size = int.from_bytes(clx[at + 1 : at + 5], "little")
    plc = clx[at + 5 : at + 5 + size]
    count = max(0, (len(plc) - 4) // 12)  # count + 1 positions of four bytes, count descriptors of eight
    left = len(main)
    for number in range(min(count, MOST_PIECES)):
        first, last = struct.unpack_from("<II", plc, 4 * number)
        where = int.from_bytes(
            plc[4 * (len(plc) - 4) // 12 * 0 + 4 * ((len(plc) - 4) // 12 + 1) + 8 * number + 2 :][:4],
            "little",
        )
        characters = min(max(0, last - first), left)
        if where & 0x40000000:  # one byte a character, at half the offset (§2.9.73)
            start = (where & 0x3FFFFFFF) // 2
            raw = main[start : start + characters].decode("cp1252", "replace")
        else:
            start = where & 0x3FFFFFFF
            raw = main[start : start + 2 * characters].decode("utf-16-le", "replace")
        left -= len(raw)
        yield raw.replace("\r", "\n").replace("\x07", " ")


def _is_locked(workbook: bytes) -> bool:
    """Whether a FilePass record (§2.4.117) stands among the first ones."""
    at = 0
    for _ in range(10):
        kind, size = struct.unpack_from("<HH", workbook, at) if at + 4 <= len(workbook) else (0, 0)
        if kind == 0x002F:
            return True
        at += 4 + size
    return False


def _excel(data: bytes, gather: Gather) -> None:
    """Walks the records (MS-XLS §2.1.4): sheets, names, external books, shared strings."""
    at = count = 0
    while at + 4 <= len(data) and count < MOST_RECORDS:
        kind, size = struct.unpack_from("<HH", data, at)
        body = data[at + 4 : at + 4 + size]
        at += 4 + size
        count += 1
        if kind == 0x0085 and len(body) > 8 and body[5] == 1:  # BoundSheet8: a macro sheet (§2.4.28)
            hidden = ("", "hidden", "very hidden")[min(body[4] & 3, 2)]
            gather.trait("xlm-macro", f"{hidden} sheet {body[8:].decode('latin-1')}".strip())
        elif kind == 0x0018 and len(body) > 15:
            _name(body, gather)
        elif kind in (0x00FC, 0x003C):
            _strings(body, gather)
        elif kind == 0x01AE and (found := _DDE.search(body.replace(b"\x00", b""))):
            gather.trait("dde", found[0].decode("latin-1").replace("\x03", "|"))
    if count >= MOST_RECORDS:
        gather.cut(f"records: only the first {MOST_RECORDS} were read")


def _name(body: bytes, gather: Gather) -> None:
    """A defined name (§2.4.150): a built-in one may start a macro sheet by itself."""
    flags = int.from_bytes(body[:2], "little")
    if flags & 0x20 and body[3] == 1 and (started := _XLM_AUTO.get(body[15])):
        gather.trait("xlm-autoexec", started)
    elif b"auto_open" in body[14:80].replace(b"\x00", b"").lower():
        gather.trait("xlm-autoexec", "Auto_Open")


def _strings(body: bytes, gather: Gather) -> None:
    """Shared strings, read loosely: runs of the record's bytes as their flags say (§2.5.293)."""
    at = 8 if len(body) > 8 else 0
    while at + 3 <= len(body) and gather.text_left:
        length, flags = struct.unpack_from("<HB", body, at)
        at += 3
        runs = extra = 0
        if flags & 8:
            runs = int.from_bytes(body[at : at + 2], "little")
            at += 2
        if flags & 4:
            extra = int.from_bytes(body[at : at + 4], "little")
            at += 4
        wide = flags & 1
        raw = body[at : at + length * (2 if wide else 1)]
        at += length * (2 if wide else 1) + 4 * runs + extra
        gather.text(raw.decode("utf-16-le" if wide else "latin-1", "replace"))


def _powerpoint(data: bytes, gather: Gather) -> None:
    """The text atoms (MS-PPT §2.9.42, §2.9.43) and link targets of all records."""
    at = count = 0
    while at + 8 <= len(data) and count < MOST_RECORDS:
        version, kind, size = struct.unpack_from("<HHI", data, at)
        at += 8
        count += 1
        if version & 0xF == 0xF:  # a container: its records follow
            continue
        body = data[at : at + size]
        at += size
        if kind == 0x0FA0:
            gather.text(body.decode("utf-16-le", "replace").replace("\r", "\n"))
        elif kind == 0x0FA8:
            gather.text(body.decode("latin-1").replace("\r", "\n"))
        elif kind == 0x1011:
            _object(body, version >> 4 == 1, gather)


def _object(body: bytes, packed: bool, gather: Gather) -> None:
    """An object or the macros (MS-PPT §2.10.34): an OLE container, deflated behind its size or plain."""
    try:
        container = zlib.decompressobj().decompress(body[4:], MOST_OBJECT) if packed else body
        streams = streams_of(container, gather) if container.startswith(MAGIC) else {}
    except (zlib.error, BadInput) as error:
        gather.defect(f"object: {error}")
        return
    for name, content in streams.items():
        if name.lower().endswith("vba/dir"):
            vba.read_project(streams, name[: -len("VBA/dir")], gather)
        elif name.rpartition("/")[2].lower() == "\x01ole10native":
            inner, inside = packaged(content)
            if inside:
                gather.trait("ole-package", inner)
                gather.member(inner, inside)
