"""The ASGI application of a look-up worker: fast routes for batches, the core for everything else.

Small requests do not come this far: the protocol answers them at once (``protocol.py``).
"""

from __future__ import annotations

import asyncio
from typing import Final

from mailrisk.listen.fast.outbox import Outbox
from mailrisk.listen.fast.pass_through import Message, PassThrough, Receive, Send
from mailrisk.listen.fast.routes import FastRoutes, Reply, Route, results
from mailrisk.listen.http.google import uris

MAX_BATCH_BYTES: Final = 1024 * 1024
"""Largest body that a worker reads itself; a larger one is streamed to the core, whose limit counts."""


GOOGLE_URIS: Final = uris.PATH.encode()


class WorkerApp:
    """See the module."""

    def __init__(self, routes: FastRoutes, core: PassThrough) -> None:
        self.routes = routes
        self.outbox = Outbox()
        self._core = core

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        method, path = scope["method"].encode(), scope["raw_path"]
        route = self.routes.table.get((method, path))
        if route is not None:
            await self._batch(route, scope, receive, send)
        elif path == b"/readyz" and method in (b"GET", b"HEAD"):
            await _send(send, self.routes.ready())
        elif path == GOOGLE_URIS and method == b"GET":
            status, body = uris.reply(self.routes.context, scope["query_string"], scope["headers"])
            await _send(send, Reply(status, body), b"application/json; charset=UTF-8")
        else:
            await self._core(scope, receive, send)

    async def _batch(self, route: Route, scope: Message, receive: Receive, send: Send) -> None:
        key, authorization = _credentials(scope)
        if not self.routes.admits(key, authorization):  # The core says so; of a stranger nothing is kept.
            await self._core(scope, receive, send)
            return
        body = bytearray()
        more = True
        while more and len(body) <= MAX_BATCH_BYTES:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        found = None if more else self.routes.found(route, key, authorization, bytes(body))
        if found is None:
            read = {"type": "http.request", "body": bytes(body), "more_body": more}
            await self._core(scope, receive, send, read)
            return
        if not isinstance(found, list):
            parts = []
            for part in found:
                parts.extend(part)
                await asyncio.sleep(0)  # Other connections get their turn.
            found = parts
        await _send(send, Reply(200, results(found)))


def _credentials(scope: Message) -> tuple[bytes, bytes]:
    """The headers X-API-Key and Authorization, b'' for a missing one."""
    headers = dict(reversed(scope["headers"]))  # The first of several with one name counts.
    return headers.get(b"x-api-key", b""), headers.get(b"authorization", b"")


async def _send(send: Send, reply: Reply, kind: bytes = b"application/json") -> None:
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
