"""The way from a feed's bytes to its entries, with every limit that a hostile feed meets.

A feed of lines is cut by :func:`split_lines`, which never holds more than one line, and read by
:func:`each_line`, which hands each line to a format's own small function. A feed that is one JSON
value is read whole by :func:`read_document`. All three raise :class:`FeedRefused` for a feed that is
not what it was: a log-in or error page in HTML, bytes that are no UTF-8, an endless line.

One bad line costs one :class:`BadEntry`, not the feed: whoever can place one URL in a feed must not
be able to switch the feed off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec

from mailrisk.model.errors import BadInput, FeedRefused
from mailrisk.model.sighting import BadEntry, Sighting

MAX_LINE = 64 * 1024
"""Bytes. No feed known to us has a line of more than a few KiB."""

MAX_DOCUMENT = 64 * 1024 * 1024
"""Bytes. A feed that is one JSON value has to be held in memory."""

MAX_UNDECODABLE_SHARE = 0.01
UNDECODABLE_ALLOWANCE = 20
"""A feed may have this share, and this many on top of it, of lines that are no UTF-8."""

T = TypeVar("T")

Entries = Iterator[Sighting | BadEntry]
LineReader = Callable[[str], Iterable[Sighting]]
"""What a format of lines is made of. Raises BadInput for a line that it cannot use."""

_HTML = (b"<!doctype html", b"<html", b"<head", b"<body", b"<!--", b"<?xml", b"<script")


def split_lines(pieces: Iterable[bytes], limit: int = MAX_LINE) -> Iterator[bytes]:
    """Cuts pieces of any size into lines without their ends (LF, CRLF).

    Holds at most one line. Raises FeedRefused for a line of more than ``limit`` bytes.
    """
    rest = b""
    for piece in pieces:
        lines = piece.split(b"\n")
        lines[0] = rest + lines[0]
        rest = lines.pop()
        if len(rest) > limit:
            raise FeedRefused(f"a line is longer than {limit} bytes")
        for line in lines:
            if len(line) > limit:
                raise FeedRefused(f"a line is longer than {limit} bytes")
            yield line
    if rest:
        yield rest


def each_line(lines: Iterable[bytes], read: LineReader, comments: tuple[str, ...] = ("#",)) -> Entries:
    """Reads every line with ``read``; blank lines and lines that start with a comment mark are skipped.

    Raises FeedRefused as soon as the feed shows to be HTML, no UTF-8, or to have an endless line.
    """
    undecodable = 0
    opened = False
    number = 0
    for number, raw in enumerate(lines, 1):
        if len(raw) > MAX_LINE:
            raise FeedRefused(f"line {number} is longer than {MAX_LINE} bytes")
        if not opened and raw.strip():
            opened = True
            refuse_wrong_kind(raw)
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        try:
            text = raw.decode().strip()
        except UnicodeDecodeError:
            undecodable += 1
            if undecodable > UNDECODABLE_ALLOWANCE + MAX_UNDECODABLE_SHARE * number:
                raise FeedRefused(f"not UTF-8 ({undecodable} of the first {number} lines)") from None
            yield BadEntry(number, "not UTF-8")
            continue
        if not text or text.startswith(comments):
            continue
        try:
            yield from tuple(read(text))
        except FeedRefused:
            raise
        except BadInput as error:
            yield BadEntry(number, error.reason)
    if undecodable and undecodable == number:
        raise FeedRefused("not UTF-8 (no line of it is)")


def refuse_wrong_kind(start: bytes) -> None:
    """Raises FeedRefused if a feed that starts like this is HTML, UTF-16 or compressed."""
    head = start[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith(_HTML):
        raise FeedRefused("it is an HTML page, not a feed")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start[:512]:
        raise FeedRefused("not UTF-8 (it looks like UTF-16 or binary data)")
    if start.startswith((b"\x1f\x8b", b"PK\x03\x04")):
        raise FeedRefused("it is compressed; unpack it first")


def read_whole(pieces: Iterable[bytes], limit: int = MAX_DOCUMENT) -> bytes:
    """Joins the pieces. Raises FeedRefused for HTML at once, and for more than ``limit`` bytes."""
    parts: list[bytes] = []
    size = 0
    opened = False
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise FeedRefused(f"the document is larger than {limit} bytes")
        if not opened and piece.strip():
            opened = True
            refuse_wrong_kind(piece)
        parts.append(piece)
    return b"".join(parts).removeprefix(b"\xef\xbb\xbf")


def read_document(pieces: Iterable[bytes], kind: type[T], limit: int = MAX_DOCUMENT) -> T:
    """Reads a feed that is one JSON value of the given shape, or raises FeedRefused."""
    raw = read_whole(pieces, limit)
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FeedRefused(f"not the JSON document that it should be: {error}") from None


def json_of(raw: bytes | str | msgspec.Raw, kind: type[T]) -> T:
    """One entry of a JSON feed in the given shape, or BadInput: one odd entry must not cost the feed."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("entry", str(error)) from None


def each_item(items: Iterable[T], read: Callable[[T], Iterable[Sighting]]) -> Entries:
    """Reads every entry of a document with ``read``; one that fails becomes a BadEntry."""
    for number, item in enumerate(items, 1):
        try:
            yield from tuple(read(item))
        except FeedRefused:
            raise
        except BadInput as error:
            yield BadEntry(number, error.reason)
