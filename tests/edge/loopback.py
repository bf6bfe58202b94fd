"""A small web server on loopback for tests of what goes out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from mailrisk.edge.fetch import Egress, Fetched, fetch

PRIVATE = Egress(allow_private=True)
FEED = b"https://evil.example/login\n"

Handler = Callable[[str, dict[str, str], asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server on loopback; yields its base URL."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:])}
            await handler(head[0].split()[1], headers, writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def replying(reply: bytes) -> Handler:
    """Always the same reply."""

    async def handler(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(reply)

    return handler


def get(handler: Handler, into: Path, path: str = "/feed.txt", **options: object) -> Fetched:
    """Fetches from the server that ``handler`` makes."""

    async def run() -> Fetched:
        async with serving(handler) as base:
            return await fetch(base + path, into, **{"egress": PRIVATE, **options})  # type: ignore[arg-type]

    return asyncio.run(run())
