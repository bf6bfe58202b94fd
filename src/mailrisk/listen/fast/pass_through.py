"""Everything that a look-up worker does not answer itself goes to the core over its Unix socket.

Bodies are streamed both ways, so that their size costs the worker no memory and the core's limits hold.
A client that goes away ends the request at the core too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import httpcore
import msgspec

from mailrisk.listen.accept_language import wants_chinese
from mailrisk.listen.http.google.errors import GoogleError

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CONNECT_S: Final = 2.0
READ_S: Final = 300.0  # a long poll of the change feed may be silent for long
KEEP_S: Final = 10.0  # less than the core keeps an idle connection, so that none is used as it closes

HOP_BY_HOP: Final = frozenset({
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer", b"upgrade",
    b"proxy-connection", b"expect",
})  # fmt: skip
"""RFC 9110 §7.6.1: they concern one connection and are not passed on."""

OURS: Final = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"forwarded"})
"""Set by us towards the core; what a client writes there is not believed."""


GOOGLE: Final = (b"/v1/", b"/v4/", b"/v5/")
"""Routes whose errors have another form."""


class _ClientGone(Exception):
    """The client closed its connection before its request was complete."""


class PassThrough:
    """An ASGI application that is the core, seen through its Unix socket."""

    def __init__(self, socket: Path) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            uds=str(socket), max_connections=None, max_keepalive_connections=32, keepalive_expiry=KEEP_S
        )

    async def close(self) -> None:
        """Closes idle connections."""
        await self._pool.aclose()

    async def __call__(
        self, scope: Message, receive: Receive, send: Send, read: Message | None = None
    ) -> None:
        """Passes one request on. ``read``: a message of its body that was taken from ``receive`` already."""
        started = False
        consumed = asyncio.Event()
        request = asyncio.current_task()
        watcher = asyncio.ensure_future(_watch(receive, consumed, request))
        try:
            async with self._pool.stream(
                scope["method"],
                httpcore.URL(scheme=b"http", host=b"core", target=_target(scope)),
                headers=_request_headers(scope),
                content=_body(receive, read, consumed),
                extensions={"timeout": {"connect": CONNECT_S, "read": READ_S, "write": READ_S, "pool": None}},
            ) as response:
                started = True
                await send(
                    {
                        "type": "http.response.start",
                        "status": response.status,
                        "headers": _response_headers(response.headers),
                    }
                )
                async for chunk in response.aiter_stream():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except _ClientGone:
            pass
        except asyncio.CancelledError:
            if not watcher.done():  # It was not the watcher: the worker itself is being stopped.
                raise
        except (httpcore.ConnectError, httpcore.ConnectTimeout):
            await problem(send, scope, 503, "Unavailable", "the core process is away; try again")
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
            if started:
                raise  # The connection is cut, so that nobody takes half an answer for a whole one.
            await problem(send, scope, 502, "Bad gateway", "the core process went away while it answered")
        finally:
            watcher.cancel()


async def _watch(receive: Receive, consumed: asyncio.Event, request: asyncio.Task[None] | None) -> None:
    """Cancels the request when its client goes away while the core works on it."""
    await consumed.wait()
    while (await receive())["type"] != "http.disconnect":
        pass
    if request is not None:
        request.cancel()


async def _body(receive: Receive, read: Message | None, consumed: asyncio.Event) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = read if read is not None else await receive()
        read = None
        if message["type"] == "http.disconnect":
            raise _ClientGone
        more = message.get("more_body", False)
        if message.get("body"):
            yield message["body"]
    consumed.set()


def _target(scope: Message) -> bytes:
    path: bytes = scope["raw_path"]
    return path + b"?" + scope["query_string"] if scope["query_string"] else path


def _request_headers(scope: Message) -> list[tuple[bytes, bytes]]:
    """The client's headers, whose framing (length or chunks) stays as it was."""
    headers = [
        (name, value) for name, value in scope["headers"] if name not in HOP_BY_HOP and name not in OURS
    ]
    names = {name for name, _ in headers}
    if b"host" not in names:  # HTTP/1.0
        headers.append((b"host", b"localhost"))
    if not names & {b"content-length", b"transfer-encoding"}:
        headers.append((b"content-length", b"0"))
    if scope.get("client"):
        headers.append((b"x-forwarded-for", scope["client"][0].encode()))
    return headers


def _response_headers(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The core's headers without those of our own connection; this server writes the date itself."""
    left_out = HOP_BY_HOP | {b"transfer-encoding", b"date"}
    return [(name.lower(), value) for name, value in headers if name.lower() not in left_out]


async def problem(send: Send, scope: Message, status: int, title: str, detail: str) -> None:
    """A problem of our own (RFC 9457), as ``listen/http/problems`` writes them; on Google's routes in their form."""
    path = scope["raw_path"]
    asked = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    if wants_chinese(asked.decode("latin-1")):
        from mailrisk.chinese.sentences import problem as in_chinese  # A worker seldom needs the tables.

        title, detail = in_chinese(title, "zh"), in_chinese(detail, "zh")
    body = msgspec.json.encode({"type": "about:blank", "title": title, "status": status, "detail": detail})
    kind = b"application/problem+json"
    if path.startswith(GOOGLE):
        error = GoogleError(503, "UNAVAILABLE", detail)
        status, body, kind = error.code, msgspec.json.encode(error.body()), b"application/json; charset=UTF-8"
    headers = [
        (b"content-type", kind),
        (b"content-length", b"%d" % len(body)),
        (b"retry-after", b"5"),
    ]
    with contextlib.suppress(OSError):  # The client may have gone as well.
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
