"""What is known of one account's sending, in bounded memory."""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import Final

import msgspec

MAX_KNOWN: Final = 512
"""Recipients that are remembered by hash in order; more go into a bitmap."""

MAX_NETWORKS: Final = 64

_BITS: Final = 16_384


class Network(msgspec.Struct):
    """A /24 or /64 from which the account logged in or sent; ``home``: it is the account's own."""

    first_at: datetime
    home: bool = False
    sent: int = 0  # messages from there
    days: int = 1  # on which it was used
    last_at: datetime | None = None  # the latest use that began a day


class Window(msgspec.Struct):
    """What an account sent since ``start``."""

    start: datetime
    last_at: datetime
    messages: int = 0
    recipients: int = 0
    new: int = 0  # recipients never written to before
    strange_new: int = 0  # those of them written to from an unfamiliar network
    strange: int = 0  # recipients written to from an unfamiliar network
    bounced: int = 0
    networks: set[str] = set()  # unfamiliar ones that were sent from
    said: dict[str, float] = {}


class Sender(msgspec.Struct):
    """One account."""

    recipients: dict[int, None] = {}  # hashes of those written to, the latest last
    further: bytearray | None = None
    written: int = 0  # recipients ever, repeated ones too
    busiest: int = 0  # recipients in the busiest window that was not suspicious
    networks: dict[str, Network] = {}
    window: Window | None = None
    tried_at: datetime | None = None  # when a test letter was told of

    def known_s(self, at: datetime) -> float:
        """For how many seconds the account has been known."""
        return max(
            ((at - network.first_at).total_seconds() for network in self.networks.values()), default=0.0
        )

    def knows(self, recipient: str) -> bool:
        """Whether the account has written to this mailbox before; from now on it has."""
        name = zlib.crc32(recipient.encode())
        if name in self.recipients:
            self.recipients[name] = self.recipients.pop(name)
            return True
        known = self._in_bitmap(name)
        if len(self.recipients) >= MAX_KNOWN:
            oldest = next(iter(self.recipients))
            del self.recipients[oldest]
            self._to_bitmap(oldest)
        self.recipients[name] = None
        return known

    def _in_bitmap(self, name: int) -> bool:
        byte, bit = divmod(name % _BITS, 8)
        return self.further is not None and bool(self.further[byte] >> bit & 1)

    def _to_bitmap(self, name: int) -> None:
        if self.further is None:
            self.further = bytearray(_BITS // 8)
        byte, bit = divmod(name % _BITS, 8)
        self.further[byte] |= 1 << bit
