"""Lists of URLs. A listing is of one page (``url``; without a query it stands for every query of it), or of all pages
whose path begins so (``path``), which most formats cannot say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mailrisk.model.subject import Kind
from mailrisk.publish.firewall.written import Written, lines
from mailrisk.publish.listing_keys import NUMBER
from mailrisk.publish.listing_table import HTTP, Snapshot

_URL: Final = NUMBER[Kind.URL]
_SPECIAL: Final = re.compile(r"[][\\.^$*+?(){}|]")
_FILTERS: Final = re.compile(r"[*|^$\s]")


def plain(chosen: Snapshot) -> Written:
    """One URL a line with the scheme that it was first seen with; prefixes of paths are left out."""
    flags = chosen.rows["flags"].tolist()
    found = [
        f"{'http' if flag & HTTP else 'https'}://{text}"
        for (text, is_page), flag in zip(_pages(chosen), flags, strict=True)
        if is_page
    ]
    return lines(found, left_out=len(chosen.texts) - len(found))


def sorted_plain(chosen: Snapshot) -> Written:
    """As ``plain``, by the alphabet: for consumers that compare files."""
    written = plain(chosen)
    return lines(sorted(written.body.decode().splitlines()), left_out=written.left_out)


def without_scheme(chosen: Snapshot) -> Written:
    """Palo Alto, FortiGate, Cisco: host and path."""
    found = [text for text, is_page in _pages(chosen) if is_page]
    return lines(found, left_out=len(chosen.texts) - len(found))


def squid(chosen: Snapshot) -> Written:
    """``url_regex``: both schemes, any port; a page with every query, a path with all below it."""

    def patterns() -> Iterator[str]:
        for text, is_page in _pages(chosen):
            host, _, path = text.partition("/")
            end = "" if not is_page else "$" if "?" in path else r"(\?|$)"
            yield rf"^https?://{_escaped(host)}(:[0-9]+)?/{_escaped(path)}{end}"

    return lines(patterns())


def adblock(chosen: Snapshot) -> Written:
    """Filters of AdBlock for pages, in both schemes; what holds a character of the filter language is left out."""
    found = [text for text, is_page in _pages(chosen) if is_page and not _FILTERS.search(text)]

    def filters() -> Iterator[str]:
        for text in found:
            for scheme in ("http", "https"):
                yield f"|{scheme}://{text}|"
                if "?" not in text:
                    yield f"|{scheme}://{text}?"

    return lines(filters(), entries=len(found), left_out=len(chosen.texts) - len(found))


def _pages(chosen: Snapshot) -> Iterator[tuple[str, bool]]:
    """(host and path, whether it is one page and not all below it)."""
    for text, kind in zip(chosen.texts, chosen.rows["kind"].tolist(), strict=True):
        yield text[1:], kind == _URL


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)
