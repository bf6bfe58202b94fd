"""Changing a few bytes of a part that is encoded for transfer, and leaving the rest as it stands (RFC 2045 §6).

In 7bit, 8bit and quoted-printable everything outside the changed places stays byte for byte. Base64 has to be written
anew from the first change on, since all that follows moves; it keeps the length of its lines.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from mailrisk.collect.message.transfer import UUENCODE, decode_transfer, transfer_name, uudecode

MAX_LINE: Final = 998
"""Bytes of a line without its end (RFC 5322 §2.1.1): mail servers break longer ones, and the link with them."""

_QP_LINE: Final = 70
_QP: Final = re.compile(rb"=([0-9A-Fa-f]{2})|(=[ \t]*+\r?\n|=[ \t]*+\Z)|([^=]++|=)")
_NOT_QP: Final = re.compile(rb"[^!-<>-~]")
_B64_LINE: Final = re.compile(rb"[A-Za-z0-9+/=]++")


class Change(NamedTuple):
    """``new`` in place of the decoded bytes from ``start`` to ``end``.

    Where the line would be too long, a newline may be written at ``before`` and at ``end``.
    """

    start: int
    end: int
    new: bytes
    before: int


class Changed(NamedTuple):
    """The encoded part, and how many changes could not be made, for no line may be so long."""

    data: bytes
    left: int


def kind_of(encoding: bytes, data: bytes) -> str:
    """``identity``, ``quoted-printable``, ``base64`` or ``uuencode``; '' for one in which nothing can be changed.

    One that nobody knows is ``identity``: mail programs show such a part as it stands.
    """
    name = transfer_name(encoding.decode("latin-1"))
    if name in ("quoted-printable", "base64"):
        return name
    if name in UUENCODE:
        return "uuencode" if uudecode(data) else ""
    return "" if name == "x-yencode" else "identity"


def decoded(data: bytes, kind: str) -> bytes:
    """What was sent; the offsets of changes are offsets in it."""
    if kind == "quoted-printable":
        return b"".join(
            bytes((int(match[1], 16),)) if match[1] else match[3] or b"" for match in _QP.finditer(data)
        )
    return data if kind == "identity" else decode_transfer(data, kind)[0]


def changed(data: bytes, kind: str, changes: Sequence[Change], newline: bytes) -> Changed:
    """The encoded part with the changes, which are in order and do not overlap."""
    if kind == "quoted-printable":
        return Changed(_quoted(data, changes, newline), 0)
    if kind == "base64":
        return Changed(_base64(data, changes, newline), 0)
    if kind == "uuencode":
        return Changed(_uuencoded(data, changes, newline), 0)
    return _identity(data, changes, newline)


def _spliced(data: bytes, changes: Sequence[Change]) -> bytes:
    pieces: list[bytes] = []
    at = 0
    for one in changes:
        pieces += (data[at : one.start], one.new)
        at = one.end
    return b"".join((*pieces, data[at:]))


def _identity(data: bytes, changes: Sequence[Change], newline: bytes) -> Changed:
    out, at, left = bytearray(), 0, 0
    for number, one in enumerate(changes):
        out += data[at : one.start]
        at = one.start
        line_at = out.rfind(b"\n") + 1
        following = data.find(b"\n", one.end)
        stop = changes[number + 1].start if number + 1 < len(changes) else len(data)
        rest = min(following if following >= 0 else len(data), stop) - one.end
        lines = one.new.split(b"\n")  # More than one where the whole text is written anew.
        longest = max(map(len, lines), default=0) if len(lines) > 1 else 0
        if longest <= MAX_LINE and len(out) - line_at + len(lines[0]) + (0 if longest else rest) <= MAX_LINE:
            out += one.new
        elif not longest and len(one.new) + one.start - one.before + 2 <= MAX_LINE:
            cut = len(out) - (one.start - one.before)
            if cut > line_at:
                out[cut:cut] = newline
            out += one.new
            if data[one.end : one.end + 2].lstrip(b"\r")[:1] != b"\n":
                out += newline
        else:
            left += 1
            continue
        at = one.end
    return Changed(bytes(out + data[at:]), left)


def _quoted(data: bytes, changes: Sequence[Change], newline: bytes) -> bytes:
    """Soft line breaks stand around what is new, so that no line gets longer than it was."""
    out, at = bytearray(), 0
    for (start, end), one in zip(_quoted_places(data, changes), changes, strict=True):
        out += data[at:start]
        out += b"=" + newline if out and out[-1:] != b"\n" else b""
        new = _NOT_QP.sub(lambda match: b"=%02X" % match[0][0], one.new)
        while len(new) > _QP_LINE:
            escape = new.find(b"=", _QP_LINE - 2, _QP_LINE)
            cut = escape if escape >= 0 else _QP_LINE  # No escape is torn apart.
            out += new[:cut] + b"=" + newline
            new = new[cut:]
        out += new
        out += (
            b"=" + newline if data[end : end + 2].lstrip(b"\r")[:1] != b"\n" and data[end : end + 1] else b""
        )
        at = end
    return bytes(out + data[at:])


def _quoted_places(data: bytes, changes: Sequence[Change]) -> list[tuple[int, int]]:
    """Where the first and behind the last byte of each change stand in the encoded text."""
    wanted = [place for one in changes for place in (one.start, one.end - 1)]
    found: list[int] = []
    at = 0
    for match in _QP.finditer(data):
        length = 1 if match[1] else 0 if match[2] else match.end() - match.start()
        while len(found) < len(wanted) and wanted[len(found)] < at + length:
            inside = match.start() + (0 if match[1] else wanted[len(found)] - at)
            last = len(found) % 2
            found.append((match.end() if match[1] else inside + 1) if last else inside)
        at += length
    return list(zip(found[::2], found[1::2], strict=True))


def _uuencoded(data: bytes, changes: Sequence[Change], newline: bytes) -> bytes:
    """The first line and what follows the end stay."""
    new = _spliced(decoded(data, "uuencode"), changes)
    begin = data.find(b"\n", data.find(b"begin")) + 1
    end = re.compile(rb"^(?:end|`)[ \t]*\r?$", re.MULTILINE).search(data, begin)
    lines = [binascii.b2a_uu(new[at : at + 45])[:-1] + newline for at in range(0, len(new), 45)]
    tail = data[end.start() :] if end else b"`" + newline + b"end" + newline
    return data[:begin] + b"".join(lines) + tail


def _base64(data: bytes, changes: Sequence[Change], newline: bytes) -> bytes:
    first = _B64_LINE.search(data)
    if first is None:
        return data
    length = min(max(4, (first.end() - first.start()) // 4 * 4), 988)
    # Whole lines before the first change stay as they are, if they are as long as we would write them.
    text = binascii.b2a_base64(_spliced(decoded(data, "base64"), changes), newline=False)
    lines = [text[at : at + length] for at in range(0, len(text), length)]
    tail = data[len(data.rstrip(b"\r\n \t")) :]
    return data[: first.start()] + newline.join(lines) + tail
