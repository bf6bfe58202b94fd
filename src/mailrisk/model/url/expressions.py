"""Safe Browsing expressions of a URL, and their hashes.

A list entry names a host suffix and a path prefix; a client hashes every combination that could name
its URL (https://developers.google.com/safe-browsing/v4/urls-hashing, "Suffix/prefix expressions"):

* the exact host, and up to four more made from its last five labels by taking the first one off again
  and again, never the top-level label alone; an IP address only as it is;
* the exact path with query, without it, and up to four prefixes from the root, each ending in ``/``.

Google's Go client takes seven labels; the documents, Firefox and we take five.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from mailrisk.model.url.canonical import Url

MAX_SUFFIXES: Final = 5  # the exact host included
MAX_PREFIXES: Final = 4  # the root included, the exact paths not


def host_suffixes(host: str, *, is_ip: bool = False) -> tuple[str, ...]:
    """The host and its suffixes, the longest first: at most MAX_SUFFIXES."""
    if is_ip:
        return (host,)
    labels = host.split(".")
    shortest = len(labels) - 2
    first = max(1, len(labels) - MAX_SUFFIXES)
    tails = [".".join(labels[start:]) for start in range(first, shortest + 1)]
    return (host, *tails[: MAX_SUFFIXES - 1])


def path_prefixes(path_and_query: str) -> tuple[str, ...]:
    """The exact path with query, without it, then the prefixes from the root on: at most six."""
    path, mark, _ = path_and_query.partition("?")
    found = [path_and_query, path] if mark else [path]
    end = 0
    for _ in range(MAX_PREFIXES):
        end = path.find("/", end) + 1
        if not end:
            break
        if path[:end] != path:
            found.append(path[:end])
    return tuple(found)


def expressions(url: Url) -> tuple[str, ...]:
    """Every expression that may name ``url`` in a list: at most 30, the most specific host first."""
    tail = url.key[len(url.host) :]
    prefixes = path_prefixes(tail)
    return tuple(
        suffix + prefix for suffix in host_suffixes(url.host, is_ip=url.is_ip) for prefix in prefixes
    )


def full_hash(expression: str) -> bytes:
    """SHA-256 of one expression, 32 bytes; lists carry its first 4 to 32."""
    return sha256(expression.encode("ascii")).digest()


def full_hashes(url: Url) -> tuple[bytes, ...]:
    """The hashes of :func:`expressions`, in the same order."""
    return tuple(full_hash(expression) for expression in expressions(url))
