"""Of the middle of a long text that is not read: the places where something leads somewhere.

Who pads a lure from both sides hides it from whoever reads beginnings and ends. A reader scrolls to the link, so
that the text around links is what counts of the rest.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

SEARCHED: Final = 24_000_000
"""Bytes of one middle in which links are looked for."""

WIDE: Final = 60
"""Places of which the text around is kept; of later ones the link alone."""

MOST_PLACES: Final = 2_000
"""Places that are kept; ``limits.Limits.links`` is the same number."""

LONGEST_TAG: Final = 5_000
"""Bytes in which a tag ends that a stretch stops in; a longer one is left out."""

_BEFORE, _BEHIND = 600, 700
_LINK_BEFORE, _LINK_BEHIND = 60, 600
_START = re.compile(rb"[<\s]")
_PLACE = re.compile(rb"://|href\s{0,10}=|action\s{0,10}=|www\.", re.IGNORECASE)


class Passages(NamedTuple):
    """Bytes around the places, and what of the middle nobody looked at."""

    data: bytes
    unsearched: int = 0  # bytes
    left_out: int = 0  # places


def passages(middle: bytes) -> Passages:
    """The bytes around every place that may hold a link, in order, at most about 2 MB of them.

    Charsets of two bytes a character (UTF-16) are compared without their zero bytes.
    """
    searched = middle[:SEARCHED]
    if searched[:2_000].count(b"\x00") > 400:
        searched = searched.replace(b"\x00", b"")
    pieces: list[bytes] = []
    start = end = 0
    count = 0
    for match in _PLACE.finditer(searched):
        place = match.start()
        count += 1
        if count > MOST_PLACES:
            continue
        before, behind = (_BEFORE, _BEHIND) if count <= WIDE else (_LINK_BEFORE, _LINK_BEHIND)
        if place - before > end:
            pieces.append(_whole(searched, start, end))
            start = max(0, place - before)
        end = max(end, place + behind)
    pieces.append(_whole(searched, start, end))
    data = b"\n".join(filter(None, pieces))
    return Passages(data, max(0, len(middle) - SEARCHED), max(0, count - MOST_PLACES))


def _whole(text: bytes, start: int, end: int) -> bytes:
    """The stretch without a torn tag or word at its front, and to the end of the tag in which it stops."""
    end = min(end, len(text))
    opens, closes = text.find(b"<", start, end), text.find(b">", start, end)
    if start and closes >= 0 and (closes < opens or opens < 0):
        start = closes + 1
    elif start and (first := _START.search(text, start, min(end, start + 200))):
        start = first.start()
    if text.rfind(b"<", start, end) > text.rfind(b">", start, end):
        closing = text.find(b">", end, end + LONGEST_TAG)
        return text[start : closing + 1] if closing >= 0 else text[start : text.rfind(b"<", start, end)]
    last = max(text.rfind(mark, max(start, end - 200), end) for mark in (b">", b" ", b"\n")) + 1
    return text[start : last or end]
