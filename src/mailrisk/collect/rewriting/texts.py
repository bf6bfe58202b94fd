"""A part's text as characters, and changes of characters as changes of bytes.

Mail programs do not agree about charsets: what one reads as EBCDIC or UTF-7 is Latin with links in it for the next, which does not
know that name. So a text may have several readings, and its links are those of the first one that has any.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from mailrisk.collect.message.charset import codec_of
from mailrisk.collect.rewriting.encoded import Change

FILLER: Final = "\udc80"
"""Stands in a text that is read byte by byte where a byte is no character of its own. No URL has it."""

_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SHIFT: Final = re.compile(rb"\x1b(?:\(([BJIH])|\$\(?([@ABCD])|\$\)[A-Z])|([\x0e])|([\x0f])")
"""Escape sequences of ISO 2022 (RFC 1468, RFC 1557): to one byte a character, to two."""

_MARKUP: Final = b"\t\n\r \"&'/<=>"


class Edit(NamedTuple):
    """``new`` in place of the characters from ``start`` to ``end``; see ``encoded.Change``."""

    start: int
    end: int
    new: str
    before: int


class Text(NamedTuple):
    """A text whose changes can be made in its bytes. ``whole``: it can only be written anew, all ``size`` bytes that were read.

    ``by_byte``: each character is one byte, or a FILLER.
    """

    text: str
    codec: str
    whole: bool = False
    size: int = 0
    by_byte: bool = False


def readings(data: bytes, label: str) -> list[Text]:
    """What mail programs may read: under the label first, as ASCII with foreign bytes in between last.

    Bytes that the charset does not know become lone surrogates (PEP 383), so that nothing is lost.
    """
    codec = next((name for bom, name in _BOMS if data.startswith(bom)), codec_of(label) or "utf-8")
    codec = "utf-16-le" if codec == "utf-16" else codec  # Encoding Standard §14.4: UTF-16 is this one.
    ascii_one = Text(data.decode("ascii", "surrogateescape"), "ascii")
    if codec.startswith("iso2022"):
        return [_by_byte(data, codec), ascii_one]
    if not _keeps_ascii(codec):
        found = _whole(data, codec)
        return [found, ascii_one] if found else [ascii_one]
    try:
        text = data.decode(codec, "surrogateescape")
        same = text.encode(codec, "surrogateescape") == data
    except (UnicodeError, LookupError):
        same = False
    return [Text(text, codec)] if same else [ascii_one]


@lru_cache(maxsize=200)
def _keeps_ascii(codec: str) -> bool:
    """Whether ASCII is ASCII in it, also behind any other byte: not in EBCDIC, UTF-16, UTF-7, HZ, Johab."""
    try:
        plain = bytes(range(9, 14)) + bytes(range(32, 127)) + b"+AGE-~{!!~}"
        if plain.decode(codec, "surrogateescape").encode("ascii", "replace") != plain:
            return codec == "cp932" or codec.startswith("shift_jis")  # There the backslash may be a yen sign.
        return all(
            bytes((lead, mark)).decode(codec, "surrogateescape")[-1:] == chr(mark)
            for lead in range(128, 256)
            for mark in _MARKUP
        )
    except (UnicodeError, LookupError):
        return False


def _whole(data: bytes, codec: str) -> Text | None:
    """Its encoding need not be the same again, but must say the same."""
    wide = codec.startswith(("utf-16", "utf_16"))
    errors = "surrogatepass" if wide else "strict"
    size = len(data) // 2 * 2 if wide else len(data)
    try:
        text = codecs.decode(data[:size], codec, errors)
        same = codecs.decode(codecs.encode(text, codec, errors), codec, errors) == text
    except (UnicodeError, LookupError):
        return None
    return Text(text, codec, whole=True, size=size) if same else None


def _by_byte(data: bytes, codec: str) -> Text:
    """ISO 2022 with one character for each byte; a character of two bytes is followed by a FILLER."""
    pieces: list[str] = []
    at, begin = 0, b""
    for match in _SHIFT.finditer(data):
        pieces += (_run(data[at : match.start()], begin, codec), FILLER * len(match[0]))
        if match[1] or match[4]:
            begin = match[0] if match[1] in (b"I", b"H") else b""
        elif match[2] or match[3]:
            begin = match[0] if match[2] else b"\x1b$)C\x0e"
        at = match.end()
    return Text("".join((*pieces, _run(data[at:], begin, codec))), codec, by_byte=True)


def _run(data: bytes, begin: bytes, codec: str) -> str:
    if not begin:
        return data.decode("ascii", "surrogateescape")
    try:
        text = (begin + data).decode(codec, "strict")
    except (UnicodeError, LookupError):
        return FILLER * len(data)
    pairs = "".join(
        char if char.isascii() or "\uff61" <= char <= "\uff9f" else char + FILLER for char in text
    )
    return pairs if len(pairs) == len(data) else FILLER * len(data)


def changes_of(text: Text, edits: Sequence[Edit]) -> list[Change]:
    """The same edits as changes of bytes; one change of everything where the text can only be written anew."""
    if not edits:
        return []
    if text.whole:
        return [Change(0, text.size, _anew(text, edits), 0)]
    changes: list[Change] = []
    at = byte = 0
    for one in edits:
        before = byte + _length(text, at, one.before)
        start = before + _length(text, one.before, one.start)
        byte = start + _length(text, one.start, one.end)
        at = one.end
        changes.append(Change(start, byte, one.new.encode("ascii"), before))
    return changes


def _anew(text: Text, edits: Sequence[Edit]) -> bytes:
    out: list[str] = []
    at = 0
    for one in edits:
        out += (text.text[at : one.start], one.new)
        at = one.end
    out.append(text.text[at:])
    errors = "surrogatepass" if text.codec.startswith("utf") else "strict"
    return codecs.encode("".join(out), text.codec, errors)


def _length(text: Text, start: int, end: int) -> int:
    return end - start if text.by_byte else len(text.text[start:end].encode(text.codec, "surrogateescape"))
