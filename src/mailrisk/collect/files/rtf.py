"""Rich text (RTF 1.9.1): text, fields, pictures, and the objects that exploits hide in it.

One pass over tokens with an explicit stack of groups. Objects (``\\objdata``) are hexadecimal OLE1 data, which
writers of malware break up with groups, white space and control words: whatever stands between the digits is skipped.
"""

from __future__ import annotations

import binascii
import re
import struct

from mailrisk.collect.files.container import EQUATION_CLASSES, MAGIC, packaged, streams_of
from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

MOST_TOKENS = 400_000
MOST_DEPTH = 1_000
MOST_OBJECTS = 30
MOST_DIGITS = 30_000_000

_TOKEN = re.compile(
    rb"\\'([0-9a-fA-F]{2})|\\([a-zA-Z]{1,32})(-?[0-9]{1,10})?[ ]?|\\([^a-zA-Z])|([{}])|([^\\{}]+)", re.DOTALL
)
_NOT_HEX = bytes(byte for byte in range(256) if chr(byte) not in "0123456789abcdefABCDEF")
_SKIPPED = frozenset(
    b"fonttbl colortbl stylesheet info listtable listoverridetable rsidtbl generator xmlnstbl themedata "
    b"colorschememapping latentstyles datastore pntext".split()
)
_TARGET = re.compile(r'HYPERLINK\s{1,20}(?:\\[a-z]\s{1,20})?"?([^"\s]{3,2000})')
_OUTSIDE = re.compile(
    r'\b(?:INCLUDEPICTURE|INCLUDETEXT|IMPORT|LINK)\s[^\n]{0,100}?"?((?:https?|file|ftp):[^"\s]{3,2000}|\\\\[^"\s]{3,500})'
)
_PROGRAM_FIELD = re.compile(r"\bDDE(?:AUTO)?\s[^\n]{1,200}")
_CODE_PAGES = {936: "gb18030", 950: "big5", 932: "cp932", 949: "cp949", 65001: "utf-8", 10000: "mac-roman"}


class _Group:
    """What the innermost open group is: skipped, a field's instruction, an object's or a picture's digits."""

    __slots__ = ("kind", "started", "unicode_skip")

    def __init__(self, kind: str, unicode_skip: int) -> None:
        self.kind = kind
        self.unicode_skip = unicode_skip
        self.started = False


def read(data: bytes, budget: FileBudget) -> Contents:
    """Reads an RTF document. BadInput: it does not begin like one."""
    if not data.lstrip()[:5].lower().startswith(b"{\\rt"):
        raise BadInput("file", "no RTF document")
    gather = Gather(budget)
    _Reader(gather).run(data)
    return gather.contents()


class _Reader:
    """One pass over one document."""

    def __init__(self, gather: Gather) -> None:
        self._gather = gather
        self._groups = [_Group("", 1)]
        self._codec = "cp1252"
        self._skip = 0  # characters that stand for a Unicode one and are not shown
        self._shown = bytearray()
        self._text: list[str] = []
        self._field: list[str] = []
        self._digits = bytearray()
        self._objects = 0
        self._fields = 0

    def run(self, data: bytes) -> None:
        """Reads all tokens, and what the groups left when the document ends."""
        for number, token in enumerate(_TOKEN.finditer(data)):
            if number >= MOST_TOKENS:
                self._gather.cut(f"only the first {MOST_TOKENS} tokens were read")
                break
            if token[6] is not None:
                self._characters(token[6])
            elif token[2] is not None:
                self._word(token[2].lower(), int(token[3]) if token[3] else None)
            elif token[1] is not None:
                self._characters(binascii.unhexlify(token[1]), quoted=True)
            elif token[5] is not None:
                self._brace(token[5])
            elif token[4] == b"*":
                self._groups[-1].started = True
            elif token[4] in (b"~", b"_"):
                self._characters(b" " if token[4] == b"~" else b"-", quoted=True)
        while len(self._groups) > 1:
            self._brace(b"}")
        self._flush()
        self._gather.text("".join(self._text))
        self._gather.links_in("".join(self._text), "text")

    def _brace(self, brace: bytes) -> None:
        self._flush()
        if brace == b"{":
            if len(self._groups) >= MOST_DEPTH:
                self._gather.defect(f"groups nested deeper than {MOST_DEPTH} levels")
                return
            self._groups.append(_Group(self._groups[-1].kind, self._groups[-1].unicode_skip))
            return
        if len(self._groups) == 1:
            return
        group = self._groups.pop()
        if group.kind != self._groups[-1].kind:
            self._closed(group.kind)

    def _closed(self, kind: str) -> None:
        """Ends a destination: what was gathered in it is looked at."""
        if kind == "field":
            self._end_field("".join(self._field))
            self._field.clear()
        elif kind in ("object", "picture"):
            digits = bytes(self._digits).translate(None, _NOT_HEX)[:MOST_DIGITS]
            self._digits.clear()
            raw = binascii.unhexlify(digits[: len(digits) & ~1])
            self._end_object(raw) if kind == "object" else self._end_picture(raw)
        elif kind == "class":
            self._object_class("".join(self._field).strip())
            self._field.clear()
        elif kind == "template":
            target = "".join(self._field).strip()
            if target.lower().startswith(("http", "ftp", "\\\\", "//", "file://")):
                self._gather.trait("remote-template", target)
                self._gather.link(target, "template")
            self._field.clear()

    def _word(self, word: bytes, number: int | None) -> None:
        """A control word: a destination, a character, or the code page."""
        group = self._groups[-1]
        kind = _DESTINATIONS.get(word)
        if kind is not None:
            self._flush()
            group.kind = kind
        elif word in _SKIPPED:
            self._flush()
            group.kind = "skip"
        elif word in (b"par", b"line", b"row", b"sect", b"page", b"cell", b"tab"):
            self._characters(b" " if word in (b"cell", b"tab") else b"\n", quoted=True)
        elif word == b"u" and number is not None:
            self._flush()
            self._put(chr(number & 0xFFFF) if not 0xD800 <= number & 0xFFFF <= 0xDFFF else "")
            self._skip = group.unicode_skip
        elif word == b"uc":
            group.unicode_skip = min(max(number or 0, 0), 4)
        elif word == b"ansicpg" and number is not None:
            self._codec = _codec(number)
        elif word == b"bin":
            self._gather.trait("rtf-binary")
        elif word in (b"objupdate", b"objautlink", b"objlink"):
            self._gather.trait(f"rtf-{word.decode()}")

    def _characters(self, raw: bytes, *, quoted: bool = False) -> None:
        """Text, or the digits of an object or picture."""
        kind = self._groups[-1].kind
        if kind in ("object", "picture"):
            if not quoted and len(self._digits) < MOST_DIGITS:
                self._digits += raw
            return
        if kind == "skip":
            return
        if not quoted:
            raw = raw.replace(b"\r", b"").replace(b"\n", b"")
        if self._skip:
            taken = min(self._skip, len(raw))
            self._skip -= taken
            raw = raw[taken:]
        self._shown += raw

    def _flush(self) -> None:
        """Decodes what was read as bytes: double-byte characters come in pairs of tokens."""
        if self._shown:
            self._put(self._shown.decode(self._codec, "replace"))
            self._shown.clear()

    def _put(self, text: str) -> None:
        (self._field if self._groups[-1].kind in ("field", "class", "template") else self._text).append(text)

    def _end_field(self, instruction: str) -> None:
        self._fields += 1
        if found := _TARGET.search(instruction):
            self._gather.link(found[1], f"field {self._fields}")
        if found := _OUTSIDE.search(instruction):
            self._gather.trait("external-link", found[1])
            self._gather.link(found[1], f"field {self._fields}")
        if found := _PROGRAM_FIELD.search(instruction):
            self._gather.trait("dde", found[0])

    def _object_class(self, name: str) -> None:
        if "equation" in name.lower():
            self._gather.trait("equation-editor", name)

    def _end_object(self, raw: bytes) -> None:
        """OLE1 (MS-OLEDS §2.2): version, format 2 (embedded) or 1 (linked), class, topic, item, data."""
        self._objects += 1
        if self._objects > MOST_OBJECTS:
            self._gather.cut(f"objects: only the first {MOST_OBJECTS} were read")
            return
        name, content = _ole1(raw)
        self._gather.trait("objdata", name or f"{len(raw)} bytes")
        self._object_class(name)
        at = raw.find(MAGIC)
        if at >= 0:
            self._container(raw[at:])
        elif name.lower().startswith("package"):
            self._package(content)
        if any(_class_bytes(identifier) in raw for identifier in EQUATION_CLASSES):
            self._gather.trait("equation-editor", "class identifier")

    def _container(self, data: bytes) -> None:
        try:
            streams = streams_of(data, self._gather)
        except BadInput as error:
            self._gather.defect(error.reason)
            return
        for path, content in streams.items():
            last = path.rpartition("/")[2].lower()
            if last == "\x01ole10native":
                self._package(content)
            elif last == "equation native":
                self._gather.trait("equation-editor", "Equation Native")
        if "WordDocument" in streams or "Workbook" in streams or "EncryptedPackage" in streams:
            self._gather.member(f"object {self._objects}", data)

    def _package(self, content: bytes) -> None:
        inner, inside = packaged(content)
        if inside:
            self._gather.trait("ole-package", inner)
            self._gather.member(inner, inside)

    def _end_picture(self, raw: bytes) -> None:
        if raw.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
            self._gather.picture(raw, "picture")


_DESTINATIONS = {
    b"fldinst": "field",
    b"fldrslt": "",
    b"objdata": "object",
    b"objclass": "class",
    b"template": "template",
    b"pict": "picture",
    b"nonshppict": "skip",
    b"shppict": "",
    b"result": "",
}


def _codec(page: int) -> str:
    """The codec of a Windows code page."""
    known = _CODE_PAGES.get(page)
    if known:
        return known
    return f"cp{page}" if page in (437, 850, 852, 866, 874, *range(1250, 1259)) else "cp1252"


def _class_bytes(identifier: str) -> bytes:
    """A class identifier as it stands in a container (MS-DTYP §2.3.4)."""
    first, second, third, fourth, fifth = identifier.split("-")
    head = struct.pack("<IHH", int(first, 16), int(second, 16), int(third, 16))
    return head + binascii.unhexlify(fourth + fifth)


def _ole1(raw: bytes) -> tuple[str, bytes]:
    """Class name and native data of an OLE1 object; ('', b'') if it is none."""
    if len(raw) < 12:
        return "", b""
    length = int.from_bytes(raw[8:12], "little")
    if length > 200 or 12 + length > len(raw):
        return "", b""
    name = raw[12 : 12 + length].rstrip(b"\x00").decode("latin-1")
    at = 12 + length
    for _ in range(2):  # topic and item
        size = int.from_bytes(raw[at : at + 4], "little")
        at += 4 + min(size, len(raw))
    return name, raw[at + 4 :]
