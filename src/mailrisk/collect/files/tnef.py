"""TNEF (``winmail.dat``, MS-OXTNEF): the body and the attachments that Outlook packs for itself.

A stream of attributes: level, identifier, length, data, checksum. What follows ``attAttachRendData`` belongs to one
attachment. Message properties (MAPI) hold the HTML or RTF body.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from mailrisk.collect.files import rtf
from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.collect.files.packed_rtf import decompress
from mailrisk.collect.files.webpage import read_markup
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

MAGIC = b"\x78\x9f\x3e\x22"
MOST_ATTRIBUTES = 5_000
MOST_PROPERTIES = 2_000
MOST_VALUES = 200

_SUBJECT, _BODY, _MESSAGE_PROPERTIES = 0x8004, 0x800C, 0x9003
_ATTACH_TITLE, _ATTACH_DATA, _ATTACH_START, _ATTACH_PROPERTIES = 0x8010, 0x800F, 0x9002, 0x9005
_FIXED = {0x2: 2, 0x3: 4, 0x4: 4, 0x5: 8, 0x6: 8, 0x7: 8, 0xA: 4, 0xB: 2, 0x14: 8, 0x40: 8, 0x48: 16}
_OBJECT, _TEXT, _WIDE, _BINARY = 0xD, 0x1E, 0x1F, 0x102


def read(data: bytes, budget: FileBudget) -> Contents:
    """Reads a TNEF stream. BadInput: it is none."""
    if not data.startswith(MAGIC):
        raise BadInput("file", "no TNEF stream")
    gather = Gather(budget)
    gather.trait("wrapper", "tnef")
    name, content, attached = "", b"", False
    for identifier, value in _attributes(data, gather):
        if identifier == _ATTACH_START:
            _keep(name, content, attached, gather)
            name, content, attached = "", b"", True
        elif identifier == _ATTACH_TITLE:
            name = name or _decoded(value)
        elif identifier == _ATTACH_DATA:
            content = value
        elif identifier == _ATTACH_PROPERTIES:
            found = dict(_properties(value))
            name = _decoded(found.get(0x3707, b"")) or name or _decoded(found.get(0x3704, b""))
            content = content or found.get(0x3701, b"")[16 if 0x3701 in found else 0 :]
        elif identifier == _MESSAGE_PROPERTIES:
            _body(dict(_properties(value)), gather)
        elif identifier in (_SUBJECT, _BODY):
            text = _decoded(value)
            gather.text(text)
            gather.links_in(text, "body")
    _keep(name, content, attached, gather)
    return gather.contents()


def _keep(name: str, content: bytes, attached: bool, gather: Gather) -> None:
    if attached:
        gather.member(name or "attachment", content, "" if content else "empty, or packed as an object")


def _attributes(data: bytes, gather: Gather) -> Iterator[tuple[int, bytes]]:
    """Identifier (its lower half) and value of every attribute (§2.1.3)."""
    at, count = 6, 0
    while at + 9 <= len(data):
        if count >= MOST_ATTRIBUTES:
            gather.cut(f"attributes: only the first {MOST_ATTRIBUTES} were read")
            return
        identifier, length = struct.unpack_from("<II", data, at + 1)
        at += 9
        if at + length > len(data):
            gather.defect("an attribute runs past the end")
        yield identifier & 0xFFFF, data[at : at + length]
        at += length + 2
        count += 1


def _properties(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Identifier and first value of every MAPI property (§2.1.3.4); wide text as UTF-8."""
    if len(data) < 4:
        return
    at = 4
    for _ in range(min(int.from_bytes(data[:4], "little"), MOST_PROPERTIES)):
        if at + 4 > len(data):
            return
        kind, identifier = struct.unpack_from("<HH", data, at)
        at += 4
        if identifier >= 0x8000:  # a named property: GUID, kind, then a number or a name
            named = int.from_bytes(data[at + 16 : at + 20], "little")
            at += 20
            at += 4 if named == 0 else 4 + _padded(int.from_bytes(data[at : at + 4], "little"))
        many, kind = kind & 0x1000, kind & 0xEFFF
        count = 1
        if many or kind in (_OBJECT, _TEXT, _WIDE, _BINARY):
            count = int.from_bytes(data[at : at + 4], "little")
            at += 4
        first = b""
        for number in range(min(count, MOST_VALUES)):
            size = _FIXED.get(kind)
            if size is None:
                size = int.from_bytes(data[at : at + 4], "little")
                at += 4
            value = data[at : at + size]
            at += _padded(size)
            first = value if number == 0 else first
        if count > MOST_VALUES:
            return
        if kind == _WIDE:
            first = first.decode("utf-16-le", "replace").rstrip("\x00").encode()
        yield identifier, first


def _padded(size: int) -> int:
    """The size up to the next multiple of four."""
    return (size + 3) & ~3


def _body(found: dict[int, bytes], gather: Gather) -> None:
    """HTML (0x1013) or compressed RTF (0x1009) body."""
    html = found.get(0x1013, b"")
    if html:
        read_markup(html, gather, "body")
    elif packed := decompress(found.get(0x1009, b"")):
        try:
            gather.take(rtf.read(packed, gather.budget), "body")
        except BadInput as error:
            gather.defect(error.reason)
    elif text := _decoded(found.get(0x1000, b"")):
        gather.text(text)
        gather.links_in(text, "body")


def _decoded(value: bytes) -> str:
    """Text of a property or attribute: UTF-16, UTF-8, GB 18030 or Latin-1, whichever it can be."""
    value = value.rstrip(b"\x00") if value[1:2] != b"\x00" else value
    if value[1:2] == b"\x00":
        return value.decode("utf-16-le", "replace").rstrip("\x00")
    for codec in ("utf-8", "gb18030"):
        try:
            return value.decode(codec)
        except UnicodeDecodeError:
            continue
    return value.decode("latin-1")
