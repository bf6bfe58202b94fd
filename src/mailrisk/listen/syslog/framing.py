"""Syslog messages in a stream of bytes, RFC 6587: with their length in front, or each ending with a line feed.

A sender may use either, and programs mix them up; each message is taken as it comes. A length is believed where a
priority follows it (``57 <22>...``), so that a line that begins with a number is a line.
"""

from __future__ import annotations

import re
from typing import Final

from mailrisk.collect.logs.read import MAX_LINE
from mailrisk.model.errors import BadInput

_COUNT = re.compile(rb"([1-9][0-9]{0,9}) <")  # RFC 6587 §3.4.1: MSG-LEN SP SYSLOG-MSG
_MAYBE_COUNT = re.compile(rb"[1-9][0-9]{0,9} ?")
_ENDS: Final = b"\r\n\0"  # Some senders end a counted message with a line feed or NUL as well.


class Frames:
    """The messages of one connection; holds at most one of them."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._skipping = False
        self.too_long = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The messages that are whole now. BadInput: a length over MAX_LINE; the stream cannot be followed any more."""
        self._rest += piece
        found: list[bytes] = []
        at = 0
        while (end := self._next(at, found)) > at:
            at = end
        del self._rest[:at]
        if len(self._rest) > MAX_LINE and not _COUNT.match(self._rest):
            # A line without an end: what there is of it is dropped, and the rest until it ends.
            self.too_long += not self._skipping
            self._skipping = True
            self._rest.clear()
        return found

    def finish(self) -> list[bytes]:
        """What stands at the end of the connection without a line feed."""
        rest = bytes(self._rest).strip(_ENDS)
        self._rest.clear()
        return [rest] if rest and not self._skipping and not _MAYBE_COUNT.match(rest) else []

    def _next(self, at: int, found: list[bytes]) -> int:
        """Where the message that begins at ``at`` ends; ``at`` itself while it is not whole."""
        count = None if self._skipping else _COUNT.match(self._rest, at)
        if count is not None:
            length = int(count[1])
            if length > MAX_LINE:
                raise BadInput("syslog", f"a message of {length} bytes")
            start = count.end() - 1
            if len(self._rest) < start + length:
                return at
            self._keep(self._rest[start : start + length], found)
            return start + length
        end = self._rest.find(b"\n", at)
        if end < 0:
            return at
        if self._skipping:
            self._skipping = False
        elif end - at > MAX_LINE:
            self.too_long += 1
        else:
            self._keep(self._rest[at:end], found)
        return end + 1

    @staticmethod
    def _keep(message: bytearray, found: list[bytes]) -> None:
        bare = bytes(message).strip(_ENDS)
        if bare:
            found.append(bare)
