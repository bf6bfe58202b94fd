"""Bare URLs in running text, cut where a reader's mail program would cut them.

English text ends a URL at white space and then drops closing punctuation; Chinese text often goes on
without a space, so that a URL also ends at CJK characters and full-width punctuation, except in a
host that is itself written in Chinese.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

# CJK symbols, kana, ideographs, Hangul and full-width forms: they end a URL's ASCII run.
_CJK = "\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
_QUOTES = "\u2018\u2019\u201c\u201d\u00ab\u00bb\u2026\u200b-\u200f\u2028-\u202e\u2060\ufeff\u00a0"
_TAIL = rf"[^\s<>\"`{{}}\\^{_CJK}{_QUOTES}\x00-\x20]"
_URL = re.compile(
    rf"""
    (?: (?<![A-Za-z0-9])(?:https?|ftp|hxxps?)(?::|\[:\])[/\\]{{1,4}} | (?<![A-Za-z0-9@./_-])www(?=[.]) )
    (?: {_TAIL}{{1,4096}}                                     # the usual case
      | [^\W_][\w-]{{0,62}}(?:[.\u3002][\w-]{{1,63}}){{1,8}}(?:[/:?]{_TAIL}{{0,4096}})?   # an IDN host
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ANGLE = re.compile(r"<((?:URL:)?(?:https?|ftp)://[^<>\"]{1,4000})>", re.IGNORECASE)
_CLOSERS = {")": "(", "]": "[", "}": "{", ">": "<"}
_TRAILING = ".,;:!?'\"*_|~"


def find_urls(text: str) -> Iterator[str]:
    """Every URL of the text in order, as it stands there (``www.`` ones without a scheme)."""
    if "://" not in text and "www." not in text.lower() and ":/" not in text and "[:]" not in text:
        return
    for url, _ in _found(_join_angles(text)):
        yield url


def placed_urls(text: str) -> Iterator[tuple[str, int, int]]:
    """(URL, start, end) of every URL of the text, in order; one in angle brackets has lost the space within it."""
    at = 0
    for match in _ANGLE.finditer(text):
        yield from ((url, start, start + len(url)) for url, start in _found(text, at, match.start()))
        inner = match[1].removeprefix("URL:")
        start = match.end() - 1 - len(inner)
        yield "".join(inner.split()), start, start + len(inner)
        at = match.end()
    yield from ((url, start, start + len(url)) for url, start in _found(text, at, len(text)))


def _found(text: str, start: int = 0, end: int = sys.maxsize) -> Iterator[tuple[str, int]]:
    for match in _URL.finditer(text, start, end):
        url = trim(match[0])
        if len(url) > 8 or url.lower().startswith("www."):
            yield url, match.start()


def _join_angles(text: str) -> str:
    """Takes the white space out of ``<http://...>``, which may span lines (RFC 3986 Appendix C)."""
    if "<" not in text:
        return text
    return _ANGLE.sub(lambda match: f" {''.join(match[1].removeprefix('URL:').split())} ", text)


def trim(url: str) -> str:
    """The URL without punctuation that belongs to the sentence around it."""
    surplus = {closer: url.count(closer) - url.count(opener) for closer, opener in _CLOSERS.items()}
    end = len(url)
    while end:
        last = url[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return url[:end]
