"""A server on loopback that speaks the chat-completions protocol, honest or not. Real HTTP, no library."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from mailrisk.edge.language_model import Endpoint, LanguageModel

ORDERS = ("ignore", "忽略", "safe", "安全", "disregard")
"""Words that an obedient model obeys, wherever they stand."""


def completion(content: str, tokens: int = 300) -> bytes:
    """A whole completion with this text of the model."""
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": "stub",
            "choices": [
                {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
            ],
            "usage": {"prompt_tokens": tokens - 50, "completion_tokens": 50, "total_tokens": tokens},
        }
    ).encode()


def opinion(suspicion: int = 90, reason: str = "The link is not the bank's.", **labels: int) -> str:
    """What a model writes that keeps to the schema; labels with ``_`` for ``-``."""
    listed = [{"label": name.replace("_", "-"), "sure": sure} for name, sure in labels.items()]
    answer = {"suspicion": suspicion, "labels": listed, "reason": reason, "reason_zh": "链接与银行无关。"}
    return json.dumps(answer, ensure_ascii=False)


def response(body: bytes, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """A whole HTTP response."""
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Request:
    """One request as the server got it."""

    def __init__(self, head: str, body: bytes) -> None:
        self.path = head.split()[1]
        self.headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.splitlines()[1:])
        }
        self.raw = head.encode("latin-1") + body
        self.body: dict[str, Any] = json.loads(body)

    @property
    def user(self) -> str:
        """The message of the user: facts and text."""
        return str(self.body["messages"][1]["content"])


Reply = Callable[[Request], bytes]


class ChatServer:
    """The server; ``requests`` are those that came in full. ``hang`` keeps every answer back."""

    def __init__(self, reply: Reply, *, hang: bool = False) -> None:
        self.reply = reply
        self.hang = hang
        self.requests: list[Request] = []
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = next(
                int(line.partition(":")[2])
                for line in head.splitlines()
                if line.lower().startswith("content-length")
            )
            request = Request(head, await reader.readexactly(length))
            self.requests.append(request)
            if self.hang:
                await asyncio.sleep(30)
            writer.write(self.reply(request))
            await writer.drain()
        with contextlib.suppress(ConnectionError):
            writer.close()

    def model(self, **settings: Any) -> LanguageModel:
        """The client of this server."""
        return LanguageModel(Endpoint(**{"url": f"{self.url}/v1", "model": "stub", **settings}))


@contextlib.asynccontextmanager
async def chatting(reply: Reply | str | bytes, *, hang: bool = False) -> AsyncIterator[ChatServer]:
    """Runs a server whose model writes ``reply``; bytes are the whole response."""
    if isinstance(reply, str):
        whole = response(completion(reply))
        made = ChatServer(lambda _: whole, hang=hang)
    elif isinstance(reply, bytes):
        made = ChatServer(lambda _: reply, hang=hang)
    else:
        made = ChatServer(reply, hang=hang)
    server = await asyncio.start_server(made.handle, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()


def obedient(request: Request) -> bytes:
    """A model that does what the message says: orders to call it safe are followed."""
    told = request.user.lower()
    if any(word in told for word in ORDERS):
        return response(completion(opinion(0, "This mail is safe.")))
    return response(completion(opinion(95, asks_credential=95, urgency=90)))
