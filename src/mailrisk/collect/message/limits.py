"""Limits on one message, and the budget that counts them down while it is read."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one message may cost. Bytes, characters or counts; all shared with nested messages."""

    total_bytes: int = 64 * 1024 * 1024  # larger messages are refused (TooLarge), never read in part
    parts: int = 1_000
    nesting: int = 20  # levels of multipart and message/rfc822 together
    links: int = 2_000
    link_chars: int = 65_536  # a longer link is left out and named
    text_bytes: int = 2_000_000  # body text (HTML source and plain text) that is analysed
    decoded_bytes: int = 60_000_000  # decoded payloads kept, all parts together
    header_block_bytes: int = 1_000_000  # of the message, and of each part
    header_bytes: int = 100_000  # one header with its continuation lines
    headers: int = 1_000
    addresses: int = 500  # of one address header
    zip_members: int = 1_000  # names listed of one archive


DEFAULT_LIMITS = Limits()


class _Left:
    """The counters that a message and everything nested in it share."""

    def __init__(self, limits: Limits) -> None:
        self.parts = limits.parts
        self.links = 0
        self.text = limits.text_bytes
        self.decoded = limits.decoded_bytes


class Budget:
    """What is left of the limits, with the notes on what was cut and what was malformed.

    Nested messages count on the same counters (nesting multiplies nothing) and keep notes of their own.
    """

    def __init__(self, limits: Limits, left: _Left | None = None) -> None:
        self.limits = limits
        self._left = left or _Left(limits)
        self._cuts: dict[str, None] = {}
        self._defects: dict[str, None] = {}
        self._links_over = 0

    def inner(self) -> Budget:
        """The budget of a nested message."""
        return Budget(self.limits, self._left)

    def cut(self, what: str) -> None:
        """Notes that something was left out; the same note once, at most 100 notes."""
        if len(self._cuts) < 100:
            self._cuts[what] = None

    def defect(self, what: str) -> None:
        """Notes that something was malformed; the same note once, at most 100 notes."""
        if len(self._defects) < 100:
            self._defects[what] = None

    @property
    def parts_left(self) -> int:
        """How many more parts may be read."""
        return self._left.parts

    def take_part(self) -> bool:
        """True while one more part may be read."""
        if self._left.parts <= 0:
            self.cut(f"parts: only the first {self.limits.parts} were read")
            return False
        self._left.parts -= 1
        return True

    def take_link(self) -> bool:
        """True while one more link may be kept."""
        if self._left.links >= self.limits.links:
            self._links_over += 1
            return False
        self._left.links += 1
        return True

    def skip_links(self, count: int) -> None:
        """Notes links that were left out unread."""
        self._links_over += count

    def take_payload(self, size: int, where: str) -> bool:
        """True if a decoded payload of this many bytes may be kept."""
        if size > self._left.decoded:
            self.cut(f"{where}: payload of {size} bytes not kept")
            return False
        self._left.decoded -= size
        return True

    def take_text(self, size: int, where: str) -> int:
        """How many of so many bytes of text may still be analysed; a quarter is left for the parts that follow."""
        taken = min(size, self._left.text - self._left.text // 4)
        if taken < size:
            self.cut(f"{where}: {size - taken} of {size} bytes of text were not read")
        self._left.text -= taken
        return taken

    @property
    def cuts(self) -> tuple[str, ...]:
        """What was left out, in words."""
        cuts = list(self._cuts)
        if self._links_over:
            found = self.limits.links + self._links_over
            cuts.append(f"links: {found} found, the first {self.limits.links} were kept")
        return tuple(cuts)

    @property
    def defects(self) -> tuple[str, ...]:
        """What was malformed, in words."""
        return tuple(self._defects)
