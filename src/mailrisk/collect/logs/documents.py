"""Exports in one JSON document: each record of it becomes a line.

Admin consoles and APIs give sign-ins as one array, as ``{"value": [...]}`` (Microsoft Graph),
``{"items": [...]}`` (Google) or ``{"records": [...]}`` (Azure Monitor), on one line or indented over many. A log
of lines begins with anything else, also one whose lines are JSON objects.

Only the marks of JSON are looked at here (brackets outside of strings), one piece at a time; a record
beyond the limit is cut like a line that is too long, and is then refused like one. The depth is
counted, not followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final

MAX_HEAD: Final = 64 * 1024
"""Bytes of the beginning that are looked at to tell a document from lines."""

_ARRAY = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,99}\[\s{0,99}\{")
_OBJECT = re.compile(
    rb'(?:\xef\xbb\xbf)?\s{0,99}\{\s{0,99}(?:"(?:@odata\.[a-zA-Z.]{1,40}|kind|etag|nextPageToken)"\s{0,9}:\s{0,9}"[^"\\]{0,2000}"'
    rb'\s{0,99},\s{0,99}){0,5}"(?:value|items|records)"\s{0,9}:\s{0,9}\['
)
_INDENTED = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,99}\{[ \t\r]{0,99}\n")
_MARK = re.compile(rb'["\\{}\[\]]')


def records(
    pieces: Iterable[bytes], lines: Callable[[Iterable[bytes]], Iterator[bytes]], limit: int
) -> Iterator[bytes]:
    """The records of a document, each without line ends inside and with one behind it; else what ``lines`` gives.

    A record longer than ``limit`` bytes is yielded as its first ``limit + 1``.
    """
    source = iter(pieces)
    head = b""
    for piece in source:
        head += piece
        if len(head) >= MAX_HEAD or _decided(head):
            break
    rest = chain((head,), source)
    depth = 2 if _ARRAY.match(head) else 3 if _OBJECT.match(head) else 1 if _INDENTED.match(head) else 0
    return _records(rest, depth, limit) if depth else lines(rest)


def _decided(head: bytes) -> bool:
    """Whether more of the beginning would tell nothing: a log that grows slowly is not to be waited for."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] == b"[":
        return bool(text[1:].strip())
    if text[:1] == b"{":
        first, end, _ = text.partition(b"\n")
        return bool(end) and first.strip() != b"{"
    return bool(text)


def _records(pieces: Iterable[bytes], at: int, limit: int) -> Iterator[bytes]:
    """The objects that stand ``at`` brackets deep, the outermost counting 1."""
    depth, in_string, escaped = 0, False, False
    record = bytearray()
    for piece in pieces:
        start = 0 if depth >= at else len(piece)
        position = 0
        while (found := _MARK.search(piece, position)) is not None:
            begin, position = found.start(), found.end()
            mark = found[0]
            if escaped and begin == 0:
                escaped = False
                continue
            escaped = False
            if in_string:
                if mark == b"\\":
                    position += 1
                    escaped = position > len(piece)
                elif mark == b'"':
                    in_string = False
            elif mark == b'"':
                in_string = True
            elif mark in b"{[":
                depth += 1
                if depth == at:
                    start = begin
            elif mark in b"}]":
                depth -= 1
                if depth == at - 1:
                    record += piece[start:position]
                    if record[:1] == b"{":
                        yield _line(record, limit)
                    record = bytearray()
                    start = len(piece)
        escaped = escaped and position > len(piece)
        if len(record) <= limit:
            record += piece[start:]
    if record:
        yield bytes(record[: limit + 1]).replace(b"\n", b" ").replace(b"\r", b" ")


def _line(record: bytearray, limit: int) -> bytes:
    flat = bytes(record[: limit + 1]).replace(b"\n", b" ").replace(b"\r", b" ")
    return flat + b"\n" if len(record) <= limit else flat
