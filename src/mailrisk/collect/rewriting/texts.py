"""A part's text as characters, and changes of characters as changes of bytes."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import Final, NamedTuple

from mailrisk.collect.message.charset import codec_of
from mailrisk.collect.rewriting.encoded import Change

_NOT_ASCII: Final = ("utf-16", "utf-32", "utf_16", "utf_32", "utf-7", "utf_7", "hz", "iso2022")
"""Codecs in which ASCII bytes may be something else, or that have states."""

_TELL_TALE: Final = (b"\0", b"\x1b", b"~{", b"+")


class Edit(NamedTuple):
    """``new`` in place of the characters from ``start`` to ``end``; see ``encoded.Change``."""

    start: int
    end: int
    new: str
    before: int


class Text(NamedTuple):
    """A text that is turned back into exactly the bytes it came from. ``whole``: it can only be written anew."""

    text: str
    codec: str
    whole: bool


def read_text(data: bytes, label: str) -> Text | None:
    """The text under its label, or as ASCII with foreign bytes in between; None: it cannot be written back unchanged.

    Bytes that the charset does not know become lone surrogates (PEP 383), so that nothing is lost.
    """
    codec = codec_of(label) or "utf-8"
    if codec.startswith(_NOT_ASCII) and any(mark in data for mark in _TELL_TALE):
        return _exact(data, codec, "strict", whole=True)
    if codec.startswith(_NOT_ASCII):
        codec = "ascii"
    return _exact(data, codec, "surrogateescape", whole=False) or _exact(
        data, "ascii", "surrogateescape", whole=False
    )


def _exact(data: bytes, codec: str, errors: str, *, whole: bool) -> Text | None:
    try:
        text = codecs.decode(data, codec, errors)
        same = codecs.encode(text, codec, errors) == data
    except (UnicodeError, LookupError):
        return None
    return Text(text, codec, whole) if same else None


def changes_of(text: Text, edits: Sequence[Edit], size: int) -> list[Change]:
    """The same edits as changes of ``size`` bytes; one change of everything where the codec has states."""
    if not edits:
        return []
    if text.whole:
        out: list[str] = []
        at = 0
        for one in edits:
            out += (text.text[at : one.start], one.new)
            at = one.end
        out.append(text.text[at:])
        return [Change(0, size, "".join(out).encode(text.codec), 0)]
    changes: list[Change] = []
    at = byte = 0
    for one in edits:
        before = byte + _length(text, at, one.before)
        start = before + _length(text, one.before, one.start)
        byte = start + _length(text, one.start, one.end)
        at = one.end
        changes.append(Change(start, byte, one.new.encode("ascii"), before))
    return changes


def _length(text: Text, start: int, end: int) -> int:
    return len(text.text[start:end].encode(text.codec, "surrogateescape"))
