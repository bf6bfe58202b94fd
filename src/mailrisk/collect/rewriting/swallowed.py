"""Links in places that hide them from our reading of a page, and perhaps not from that of a mail program.

What is an attribute's value, or text in ``style``, for a browser of today is a link for a program that knows no foreign content,
reads XHTML, runs scripts, or sanitises with rules of its own. No reading is right for all of them. So whatever looks like a
link's attribute there is led through our page too, by replacing the inside of its value alone: quotes and tags stay, and
who reads it our way sees what he saw.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_LINK: Final = re.compile(
    r"(?<=[\s/\"'])(?:[A-Za-z][\w-]{0,20}:)?(?:href|(?:form)?action)\s*+=\s*+"
    r"(?:\"(?P<double>[^\"<>]{1,5000})|'(?P<single>[^'<>]{1,5000})|(?P<bare>[^\s\"'<>]{1,5000}))",
    re.IGNORECASE,
)
_DISPUTED: Final = re.compile(
    r"<(?:svg|math|select|template|frameset|noscript|noframes|noembed|plaintext|xmp|iframe)\b|<!\[CDATA\["
    r"|<(?:title|style|script|textarea)\b[^<>]{0,300}/>",
    re.IGNORECASE,
)
"""Where programs disagree about what follows. In a text with one of these, text and comments may hide links as well."""


class Hidden:
    """``places``: where our reading sees no tags. ``known``: where attributes of real tags have their names."""

    def __init__(self) -> None:
        self.places: list[tuple[int, int]] = []
        self.known: set[int] = set()


def swallowed(text: str, hidden: Hidden, most: int) -> Iterator[tuple[int, int, int]]:
    """(start, end, start of the name) of values of such attributes, without their quotes; at most ``most`` are looked at.

    They may lie one in the other: a value that leads nowhere may hold one that does.
    """
    places = [(0, len(text))] if _DISPUTED.search(text) else hidden.places
    looked = 0
    for at, end in places:
        while looked < most and (match := _LINK.search(text, at, end)):
            looked += 1
            at, stop = match.span(match.lastgroup or 0)
            if match.start() not in hidden.known:
                yield at, stop, match.start()
