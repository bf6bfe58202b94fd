"""HTTP/1.1 connections that wait for their clients, but not for ever, and listen to them, but not to everything.

uvicorn waits without end for the first byte, the rest of a header and the rest of a body; a few thousand
clients that send one byte a minute would hold every connection there is. And it keeps a header of any length,
complete or not: one client that sends without end would take all the memory.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

IDLE_S: Final = 30.0
"""An idle connection is closed after this long."""

SLOW_S: Final = 60.0
"""A request whose header takes longer than this to arrive is given up."""

BODY_S: Final = 300.0
"""A request whose body takes longer than this to arrive is given up."""

MAX_HEAD: Final = 64 * 1024
"""Bytes of a request's target and headers, and of trailers behind its body; browsers and proxies send a tenth at most.
As many may arrive without any sense: a line that does not end, empty lines before a request."""

_TOO_LONG: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
)
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class HeadTooLong(Exception):
    """Stops the parser in the middle of what it was given."""


class PatientProtocol(HttpToolsProtocol):
    """One connection, which notes since when it waits for its client, and for what."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._arriving = False  # a request has begun and is not complete
        self._header_read = False  # of the request that is arriving
        self._since = self.loop.time()  # when it began, or when the connection became idle
        self._head_left = MAX_HEAD  # bytes that the target and headers of this request may still have
        self._senseless = 0  # bytes since the parser last made something of them
        self._made = False  # it made something of what arrives now

    def data_received(self, data: bytes) -> None:
        """Parses what arrives; the parser itself keeps a line without end, however long it grows."""
        self._made = False
        super().data_received(data)
        if self._made:
            self._senseless = 0
            return
        self._senseless += len(data)
        if self._senseless > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response("")

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer behind the body."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def _count(self, size: int) -> None:
        self._made = True
        self._head_left -= size
        if self._head_left < 0:
            raise HeadTooLong

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._made = True
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Says what is wrong, if it may still be said, and closes."""
        if self._head_left >= 0 and self._senseless <= MAX_HEAD:
            super().send_400_response(msg)
            return
        if self.is_free():
            self.transport.write(_TOO_LONG)
        self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._wait_for_header()
        super().on_message_begin()

    def _wait_for_header(self) -> None:
        self._arriving, self._header_read = True, False
        self._head_left, self._made = MAX_HEAD, True
        self._since = self.loop.time()

    def on_headers_complete(self) -> None:
        """Its header is there."""
        self._header_read = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Its body is there."""
        self._arriving = False
        self._since = self.loop.time()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It is answered: an idle connection is idle from now on."""
        if not self._arriving:
            self._since = self.loop.time()
        super().on_response_complete()

    def is_free(self) -> bool:
        """Whether no earlier request of this connection is being answered and the client reads."""
        return (self.cycle is None or self.cycle.response_complete) and not self.flow.write_paused

    def tidy(self, now: float) -> None:
        """Called from time to time: closes the connection if it is idle or too slow."""
        waited = now - self._since
        if self.transport.is_closing():
            return
        if self._arriving:
            if waited > (BODY_S if self._header_read else SLOW_S):
                self._give_up()
        elif self.is_free() and waited > IDLE_S:
            self.transport.close()

    def _give_up(self) -> None:
        """Says 408 unless another answer is on its way, and closes; the application sees its client gone."""
        ours = self._header_read and self.cycle is not None and not self.cycle.response_started
        if self.is_free() or (ours and not self.pipeline):
            self.transport.write(_TOO_SLOW)
        self.transport.close()


async def tidy_connections(connections: set[Any]) -> None:
    """Looks after all connections of a server, for ever."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(5)
        now = loop.time()
        for connection in list(connections):
            connection.tidy(now)
