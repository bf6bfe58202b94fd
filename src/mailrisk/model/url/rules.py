"""Which indicators a URL falls under, narrowest first: the order in which the index is asked."""

from __future__ import annotations

from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.canonical import Url

MAX_PREFIXES = 16
"""Path prefixes tried, the longest first, before the shortest ones; deeper paths skip the middle."""


def candidates(url: Url) -> tuple[Subject, ...]:
    """The URL with its query, without it (which covers every query), then its path prefixes.

    ``a.example/x/y?q`` gives url ``a.example/x/y?q``, url ``a.example/x/y``, path ``a.example/x/``.
    The root is no path prefix: a rule on it would be a rule on the host.
    """
    page, _, query = url.key.partition("?")
    found = [Subject(Kind.URL, url.key)]
    if query:
        found.append(Subject(Kind.URL, page))
    found.extend(Subject(Kind.PATH, prefix) for prefix in folders(page))
    return tuple(found)


def folders(page: str) -> list[str]:
    """The path prefixes above ``host/path``, the longest first."""
    host, _, path = page.partition("/")
    names = path.split("/")[:-1] if path else []
    prefixes = [f"{host}/{'/'.join(names[:depth])}/" for depth in range(len(names), 0, -1)]
    if len(prefixes) > MAX_PREFIXES:
        prefixes = prefixes[: MAX_PREFIXES // 2] + prefixes[-MAX_PREFIXES // 2 :]
    return prefixes
