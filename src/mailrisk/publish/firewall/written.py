"""A list as it goes out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Written(NamedTuple):
    """The bytes, how many listings they hold, and how many the format could not say."""

    body: bytes
    entries: int
    left_out: int = 0


def lines(texts: Iterable[str], entries: int | None = None, left_out: int = 0) -> Written:
    """Lines of UTF-8 with LF, as many entries as lines unless said otherwise."""
    all_of_them = list(texts)
    body = ("\n".join(all_of_them) + "\n").encode() if all_of_them else b""
    return Written(body, len(all_of_them) if entries is None else entries, left_out)
