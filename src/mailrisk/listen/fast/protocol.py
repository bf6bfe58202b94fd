"""HTTP/1.1 of a look-up worker: uvicorn's protocol with a short cut for small look-ups.

uvicorn makes a scope, a cycle and a task for every request, which costs more than the look-up itself.
A small request on a fast route is therefore answered as soon as it is complete, in the parser's own
callback; any other request takes uvicorn's way as if nothing had happened. docs/decisions/0008 has the
measurements. uvicorn is locked by hash; tests/listen/fast shows what must hold when it changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from mailrisk.listen.fast.outbox import Outbox
from mailrisk.listen.fast.routes import AT_ONCE_BYTES, Reply
from mailrisk.listen.patient import PatientProtocol

LINGER_S: Final = 1.0
"""How long a stopping worker still reads from idle connections: what is on its way is answered."""

_READY: Final = b"/readyz"
_STATUS_LINES: Final = {200: b"HTTP/1.1 200 OK", 503: b"HTTP/1.1 503 Service Unavailable"}


class AtOnce(Protocol):
    """What the application of such a server has as ``routes``."""

    @property
    def table(self) -> Mapping[tuple[bytes, bytes], Any]:
        """The routes that may be answered at once, by method and target."""

    def reply(self, route: Any, key: bytes, authorization: bytes, body: bytes) -> Reply | None:
        """The answer; None when the application has to give it."""

    def ready(self) -> Reply:
        """``GET /readyz``."""

    def header_lines(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """The server's own headers as text."""


class FastProtocol(PatientProtocol):
    """One connection. ``_held`` is the body so far of a request that may take the short cut, else None."""

    routes: AtOnce
    _route: Any

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.routes = self.app.routes
        self._table = self.routes.table
        self._outbox: Outbox = self.app.outbox
        self._held: bytearray | None = None
        self._key = self._authorization = b""
        self._route = None
        self._closing = False

    # -- the parser's callbacks -------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Notes the beginning; the scope is made when uvicorn gets the request."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._held = None
        self._key = self._authorization = b""
        self._wait_for_header()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keeps a header, and those at hand that a look-up needs."""
        self._count(len(name) + len(value))
        name = name.lower()
        self.headers.append((name, value))
        if name == b"x-api-key":
            self._key = self._key or value
        elif name == b"authorization":
            self._authorization = self._authorization or value
        elif name == b"expect":
            self.expect_100_continue = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """Chooses the way of the request."""
        if self.is_free() and not self.expect_100_continue and self.parser.get_http_version() == "1.1":
            method = self.parser.get_method()
            self._route = self._table.get((method, self.url))
            if self._route is not None or (self.url == _READY and method == b"GET"):
                self._held = bytearray()
                return
        self._take_the_long_way()

    def on_body(self, body: bytes) -> None:
        """Holds a small body; gives a larger one to uvicorn."""
        if self._held is None:
            super().on_body(body)
            return
        self._made = True
        self._held += body
        if len(self._held) > AT_ONCE_BYTES:
            self._give_up_holding()

    def on_message_complete(self) -> None:
        """Answers at once what can be."""
        if self._held is not None:
            reply = self._reply(bytes(self._held))
            if reply is not None:
                self._held = None
                self._arriving = False
                self._since = self.loop.time()
                self._write(reply)
                return
            self._give_up_holding()
        super().on_message_complete()

    # -- the short cut ----------------------------------------------------------------------------

    def _reply(self, body: bytes) -> Reply | None:
        if self._route is None:
            return self.routes.ready()
        return self.routes.reply(self._route, self._key, self._authorization, body)

    def _write(self, reply: Reply) -> None:
        keep = self.parser.should_keep_alive() and not self._closing
        defaults = self.routes.header_lines(self.server_state.default_headers)
        start = _STATUS_LINES[reply.status]
        end = b"" if keep else b"connection: close\r\n"
        self._outbox.add(
            self.loop,
            self.transport,
            b"%b\r\n%bcontent-type: application/json\r\ncontent-length: %d\r\n%b\r\n%b"
            % (start, defaults, len(reply.body), end, reply.body),
        )
        self.server_state.total_requests += 1
        if not keep:
            self._outbox.flush()
            self.transport.close()

    def _give_up_holding(self) -> None:
        """Lets uvicorn have the request, from its beginning."""
        body, self._held = self._held, None
        self._take_the_long_way()
        super().on_body(bytes(body or b""))

    def _take_the_long_way(self) -> None:
        self._outbox.flush()  # Before this request's answer.
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers += headers  # The scope holds the same list.
        super().on_headers_complete()
        if self._closing:
            self.cycle.keep_alive = False

    # -- the end ----------------------------------------------------------------------------------

    def eof_received(self) -> None:
        """The client sends no more, and the connection is closed now."""
        self._outbox.flush()
        super().eof_received()

    def send_400_response(self, msg: str) -> None:
        """Says what is wrong, behind the answers that were due."""
        self._outbox.flush()
        super().send_400_response(msg)

    def shutdown(self) -> None:
        """The server stops: a request under way, or on its way, is answered first."""
        self._closing = True
        if self.is_free() or self._held is not None:
            self.loop.call_later(LINGER_S, self._close_if_idle)
        else:
            super().shutdown()

    def _close_if_idle(self) -> None:
        self._outbox.flush()
        if not self._arriving and self.is_free() and not self.transport.is_closing():
            self.transport.close()
