"""MIME structure: where headers and parts begin and end in one buffer.

RFC 2045 and 2046 in short: a *part* is a header block, an empty line and a body; the body of a
``multipart/*`` is cut by lines ``--boundary`` into parts, and ends at ``--boundary--``. Parts are kept
as offsets into the message, so that twenty nested levels of 50 MB still are one buffer, and an outer
boundary always ends what is inside it (RFC 2046 §5.1.2), however broken that is.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from mailrisk.collect.message.limits import Budget

_HEADER = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_WHOLE = re.compile(_HEADER.pattern + rb"([^\n]*+\n(?:[ \t][^\n]*+\n)*+)(?![ \t])")
"""A header with its continuation lines, all of which end with a newline: nearly every one, read in one go."""

_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n|\A[ \t]*\r?\n")
_GUESS = re.compile(rb"(?:\A|\n)--([^\s-][^\r\n]{0,69}?)[ \t]*\r?\n")
_AFTER = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
_BOUNDARY_HITS = 20_000  # lines that may look like a boundary at one level


class RawHeader(NamedTuple):
    """One header as it stands: name, and value bytes with folds."""

    name: str
    value: bytes


def read_headers(raw: bytes, start: int, end: int, budget: Budget) -> tuple[list[RawHeader], int]:
    """The headers of a part and the offset at which its body begins.

    Lines of the block that are neither header nor continuation end it (the body begins there), as
    mail servers have it; ``>From `` and ``From `` lines of mailbox files are passed over.
    """
    limits = budget.limits
    headers: list[RawHeader] = []
    at = start
    while at < end:
        match = _WHOLE.match(raw, at, end)
        if match is not None:
            value, line_end = match[2], match.end()
        else:
            line_end = raw.find(b"\n", at, end) + 1 or end
            if raw[at] == 10 or raw.startswith(b"\r\n", at):
                return headers, line_end  # RFC 5322 §2.1: an empty line ends the headers
            match = _HEADER.match(raw, at, line_end)
            if match is None:
                if raw.startswith((b"From ", b">From "), at):
                    at = line_end
                    continue
                budget.defect("headers end without an empty line")
                return headers, at
            while line_end < end and raw[line_end] in b" \t":  # §2.2.3, blank lines with spaces too
                line_end = raw.find(b"\n", line_end, end) + 1 or end
            value = raw[match.end() : line_end]
        if at - start > limits.header_block_bytes or len(headers) >= limits.headers:
            budget.cut(f"headers: only the first {len(headers)} were read")
            blank = _BLANK.search(raw, at, end)
            return headers, blank.end() if blank else end
        if len(value) > limits.header_bytes:
            budget.cut(
                f"header {match[1].decode('ascii')[:40]}: {len(value)} bytes, the first {limits.header_bytes} were read"
            )
            value = value[: limits.header_bytes]
        headers.append(RawHeader(match[1].decode("ascii"), value))
        at = line_end
    return headers, end


def split_multipart(
    raw: bytes, start: int, end: int, boundary: bytes, budget: Budget
) -> list[tuple[int, int]]:
    """The (start, end) offsets of the parts of a multipart body; preamble and epilogue left out."""
    parts: list[tuple[int, int]] = []
    needle = b"--" + boundary
    opened = -1
    at = start
    for _ in range(_BOUNDARY_HITS):
        hit = raw.find(needle, at, end)
        if hit < 0:
            break
        at = hit + len(needle)
        after = _AFTER.match(raw, at, end)
        if after is None or not (hit == start or raw[hit - 1] == 10):
            continue
        if opened >= 0:
            parts.append((opened, _before_newline(raw, opened, hit)))
            if len(parts) > budget.parts_left:
                budget.cut(f"parts: only the first {budget.limits.parts} were read")
                return parts
        opened = after.end()
        if after[1]:
            return parts
        at = max(at, opened)
    else:
        budget.cut(f"parts: over {_BOUNDARY_HITS} lines look like a boundary")
    if opened >= 0:
        budget.defect("multipart without an end")
        parts.append((opened, end))
    else:
        budget.defect("multipart whose boundary does not occur")
    return parts


def _before_newline(raw: bytes, start: int, hit: int) -> int:
    """The newline before a boundary belongs to the boundary (RFC 2046 §5.1.1)."""
    if hit - 1 >= start and raw[hit - 1] == 10:
        hit -= 1
    if hit - 1 >= start and raw[hit - 1] == 13:
        hit -= 1
    return max(start, hit)


def guess_boundary(raw: bytes, start: int, end: int) -> bytes:
    """The first line of the form ``--text``, for a multipart that names no boundary; b'' if none."""
    match = _GUESS.search(raw, start, min(end, start + 10_000))
    return match[1] if match else b""
