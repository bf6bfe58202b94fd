"""The ICAP server: each request of a proxy is let through unchanged, or answered by the page that says why not."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import socket
from collections.abc import AsyncIterator
from typing import Final, Literal

from mailrisk.listen.accept_language import wants_chinese
from mailrisk.listen.http.visit_page import refusal_page, visit_page
from mailrisk.listen.icap import wire
from mailrisk.listen.icap.wire import IcapRequest
from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.service.answers import ErrorAnswer
from mailrisk.service.visit_words import Visit, VisitAnswer
from mailrisk.service.visits import VisitGate

logger = logging.getLogger(__name__)

IDLE_S: Final = 300.0
"""A connection without a request is closed after so long."""

PART_S: Final = 30.0
"""Time for what belongs together: a head, the next part of a body."""

MAX_CHUNK: Final = 64 * 1024 * 1024
READ: Final = 65_536

_END: Final = b"\r\n\r\n"


class IcapServer:
    """Serves proxies. Bodies go through without being kept."""

    def __init__(
        self, gate: VisitGate, *, tenant: int, on_failure: Literal["allow", "block"], max_connections: int
    ) -> None:
        self._gate = gate
        self._tenant = tenant
        self._on_failure = on_failure
        self._max_connections = max_connections
        self._connections = 0

    async def serve(self, listener: socket.socket) -> None:
        """Serves until it is cancelled."""
        server = await asyncio.start_server(self.connected, sock=listener, limit=wire.MAX_HEAD)
        async with server:
            await server.serve_forever()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until it ends, is idle, or says what is no ICAP."""
        if self._connections >= self._max_connections:
            writer.write(wire.answer_head(503, self._tag(), "Connection: close"))
            writer.close()
            return
        self._connections += 1
        try:
            while await self._request(reader, writer):
                await _sent(writer)
        except BadInput as error:
            logger.warning("an ICAP connection was closed: %s", error)
            writer.write(wire.answer_head(400, self._tag(), "Connection: close"))
        except (asyncio.LimitOverrunError, asyncio.IncompleteReadError, TimeoutError, ConnectionError):
            pass
        finally:
            self._connections -= 1
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers one request; False at the end of the connection."""
        async with asyncio.timeout(IDLE_S):
            first = await reader.read(1)
        if not first:
            return False
        async with asyncio.timeout(PART_S):
            asked = wire.parse_icap((first + await reader.readuntil(_END)).removesuffix(_END))
        if asked.method == "OPTIONS":
            writer.write(wire.options_answer(self._tag(), self._max_connections))
            return True
        if asked.method != "REQMOD":
            writer.write(wire.answer_head(405, self._tag(), "Connection: close"))
            return False
        async with asyncio.timeout(PART_S):
            head = await reader.readexactly(asked.head)
        unread = asked.has_body
        if asked.has_body and asked.preview is not None:
            # Before the answer: a client that is answered in the middle of its preview may never send the rest of it.
            unread = not await _passed_by(reader)
        page = await self._decide(asked, head)
        if page is None and not asked.may_be_204:
            await self._echo(asked, head, reader, writer)
            return True
        if page is not None and unread and asked.preview is not None:
            # Squid leaves its own client's connection stuck when a page comes before the body was read.
            writer.write(wire.CONTINUE)
            await _sent(writer)
            await _passed_by(reader)
            unread = False
        writer.write(page if page is not None else wire.answer_head(204, self._tag()))
        if unread and asked.preview is None:
            await _passed_by(reader)  # Whatever is under way: behind it stands the next request.
        return True

    async def _decide(self, asked: IcapRequest, head: bytes) -> bytes | None:
        """The answer in place of the visit; None: it goes on."""
        http = wire.parse_http(head)
        visit = Visit(url=http.url, method=http.method[:40], user=asked.user, client=asked.client, waits=True)
        chinese = wants_chinese(_accept_language(head))
        try:
            (answer,) = await self._gate.decide([visit], self._tenant)
        except Unavailable as error:
            return self._failed(str(error), chinese=chinese)
        except Exception:
            logger.exception("a visit could not be decided")
            return self._failed("failed", chinese=chinese)
        if isinstance(answer, ErrorAnswer):
            return self._failed(answer.error, chinese=chinese)
        return None if answer.action == "allow" else self._page(answer, chinese=chinese)

    def _failed(self, why: str, *, chinese: bool) -> bytes | None:
        if self._on_failure == "allow":
            logger.warning("a visit passed undecided: %s", why)
            return None
        return wire.instead(self._tag(), 503, refusal_page(why, chinese=chinese))

    def _page(self, answer: VisitAnswer, *, chinese: bool) -> bytes:
        if answer.action == "warn":
            # With the page in the site's own place, a script of the site could read its form and consent by itself.
            return wire.sent_on(self._tag(), answer.page)
        where, _, text = answer.page.partition("?t=")
        token, found = self._gate.explained(text)
        page = visit_page(token, found, text, chinese=chinese, where=where)
        return wire.instead(self._tag(), 403, page)

    async def _echo(
        self, asked: IcapRequest, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Hands the request back as it came, to a client that knows no 204."""
        body = "req-body" if asked.has_body else "null-body"
        writer.write(wire.answer_head(200, self._tag(), encapsulated=f"req-hdr=0, {body}={len(head)}") + head)
        if not asked.has_body:
            return
        async for data in _chunks(reader):
            writer.write(data)
            await _sent(writer)

    def _tag(self) -> str:
        """The ISTag: another one whenever the lists are (§4.7), at most 32 bytes."""
        return hashlib.sha256(repr(self._gate.position()).encode()).hexdigest()[:24]


async def _sent(writer: asyncio.StreamWriter) -> None:
    """Waits until the proxy takes what we say, so long as it may be thought to be there. TimeoutError."""
    async with asyncio.timeout(PART_S):
        await writer.drain()


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """A chunked body piece by piece as it came, to its last chunk. BadInput: it is not chunked."""
    while True:
        async with asyncio.timeout(PART_S):
            line = await reader.readuntil(b"\r\n")
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            raise BadInput("icap", "a chunk has no size") from None
        if not 0 <= size <= MAX_CHUNK:
            raise BadInput("icap", f"a chunk has {size} bytes")
        yield line
        left = size + 2
        while left:
            async with asyncio.timeout(PART_S):
                data = await reader.read(min(left, READ))
            if not data:
                raise ConnectionError
            left -= len(data)
            yield data
        if not size:
            return


async def _passed_by(reader: asyncio.StreamReader) -> bool:
    """Reads a body, or the preview of one, that nobody wants; whether that was all of it (RFC 3507 §4.5)."""
    last = b""
    async for data in _chunks(reader):
        if data != b"\r\n":
            last = data
    return b"ieof" in last[:64]


def _accept_language(head: bytes) -> str:
    for line in head.split(b"\r\n"):
        if line[:16].lower() == b"accept-language:":
            return line[16:].decode("latin-1")
    return ""
