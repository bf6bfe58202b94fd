"""Collecting the members of one archive within the budget: what every archive reader shares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Protocol

from mailrisk.collect.files.limits import NAMELESS, FileBudget
from mailrisk.model.file import Contents, Member, Trait

FREE = 50_000_000
"""Unpacked bytes of one archive that are nothing odd, whatever the ratio: an empty log packs well."""

KEPT_HEAD = 262_144
"""Bytes kept of a member that is too large: enough to tell its kind. Programs are padded to hide from scanners."""

PIECE = 65_536

_OUTSIDE = re.compile(r"\A(?:[/\\]|[A-Za-z]:)|(?:\A|[/\\])\.\.(?:[/\\]|\Z)")


class Unpacking:
    """The members of one archive of ``packed`` bytes, as far as limits let them be kept.

    ``over`` is true once the archive has used up what it may: readers stop unpacking then, and only tell names.
    """

    def __init__(self, packed: int, budget: FileBudget) -> None:
        self.budget = budget
        self.over = False
        self._allowed = max(FREE, packed * budget.limits.ratio)
        self._members: list[Member] = []
        self._traits: dict[str, Trait] = {}
        self._untold = 0

    @property
    def count(self) -> int:
        """Members told so far."""
        return len(self._members)

    def trait(self, name: str, detail: str = "") -> None:
        """Notes a trait; the first detail of each name stays."""
        self._traits.setdefault(name, Trait(name, detail[:200]))

    def claims(self, size: int, packed: int) -> None:
        """Notes a directory that claims more than an honest archive unpacks to."""
        if size > max(FREE, packed * self.budget.limits.ratio):
            self.trait("archive-bomb", f"{size} bytes out of {packed}")

    def tell(self, name: str, *, size: int = 0, why: str = "") -> None:
        """A member that is not unpacked. Names beyond the limit on files are only counted."""
        self._check_name(name)
        if len(self._members) >= self.budget.limits.files:
            self._untold += 1
            return
        self._members.append(Member(name[:500], size=size, why=why))

    def add(self, name: str, pieces: Iterable[bytes], *, size: int = 0) -> None:
        """A member, unpacked piece by piece until it ends or a limit is reached."""
        if self.over or len(self._members) >= self.budget.limits.files:
            self.tell(name, size=size, why="not unpacked: the archive is over its limit" if self.over else "")
            return
        kept, length, why = self._gather(name, pieces)
        self._check_name(name)
        self._members.append(Member(name[:500], data=kept, size=max(size, length), why=why))

    def _gather(self, name: str, pieces: Iterable[bytes]) -> tuple[bytes, int, str]:
        """(bytes kept, bytes read, why not all)."""
        kept = bytearray()
        for piece in pieces:
            self._allowed -= len(piece)
            if self._allowed < 0:
                self.trait("archive-bomb", name)
                self.budget.cut(f"{name[:100] or NAMELESS}: unpacks to far more than an honest archive does")
                self.over = True
            elif not self.budget.take_unpacked(len(piece)):
                self.over = True
            if self.over or len(kept) + len(piece) > self.budget.limits.member_bytes:
                self.budget.cut(f"{name[:100] or NAMELESS}: larger than may be unpacked")
                return bytes(kept[:KEPT_HEAD]), len(kept) + len(piece), "too large"
            kept += piece
        return bytes(kept), len(kept), ""

    def _check_name(self, name: str) -> None:
        if _OUTSIDE.search(name[:1_000]):
            self.trait("path-traversal", name)

    def contents(self, defects: Iterable[str] = ()) -> Contents:
        """What the reader returns."""
        if self._untold:
            self.trait("many-members", str(len(self._members) + self._untold))
            self.budget.cut(f"archive: {self._untold} more members were not looked at")
        return Contents(
            members=tuple(self._members), traits=tuple(self._traits.values()), defects=tuple(defects)
        )


class Decompressor(Protocol):
    """What ``bz2`` and ``lzma`` have in common."""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached."""

    @property
    def needs_input(self) -> bool:
        """Whether more packed bytes are wanted."""

    @property
    def unused_data(self) -> bytes:
        """What stands behind the end."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """At most ``max_length`` unpacked bytes."""


def pieces_of(decompressor: Decompressor, data: bytes) -> Iterator[bytes]:
    """The unpacked stream in pieces of at most ``PIECE`` bytes; it may end early (the data is cut off)."""
    at = 0
    while not decompressor.eof:
        packed = b""
        if decompressor.needs_input:
            packed = data[at : at + PIECE]
            at += len(packed)
            if not packed:
                return
        piece = decompressor.decompress(packed, PIECE)
        if piece:
            yield piece


class Inflate(Protocol):
    """What ``zlib.decompressobj`` gives."""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached."""

    @property
    def unconsumed_tail(self) -> bytes:
        """Packed bytes that did not fit into what was asked for."""

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes:
        """At most ``max_length`` unpacked bytes."""


def inflated(inflate: Inflate, data: bytes) -> Iterator[bytes]:
    """As ``pieces_of``, for Deflate (RFC 1951)."""
    rest = data
    while rest and not inflate.eof:
        piece = inflate.decompress(rest, PIECE)
        rest = inflate.unconsumed_tail
        if piece:
            yield piece
        elif not rest:
            return
