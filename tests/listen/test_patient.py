"""Connections of clients that are slow, silent or idle, with a clock that the test reads forward."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from mailrisk.listen.fast.outbox import Outbox
from mailrisk.listen.fast.protocol import FastProtocol
from mailrisk.listen.patient import BODY_S, IDLE_S, MAX_HEAD, SLOW_S, PatientProtocol

HEAD = b"POST /long HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n"


class Wire(asyncio.Transport):
    """The other end of a connection."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body and answers; at ``/poll`` it is silent for long."""
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    if scope["path"] == "/poll":
        await asyncio.sleep(3600)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class NoRoutes:
    """Nothing is answered at once."""

    table: dict[tuple[bytes, bytes], None] = {}


class App:
    """The application, as the servers with a short cut want it."""

    routes = NoRoutes()
    outbox = Outbox()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)


def connected(kind: type[PatientProtocol] = PatientProtocol) -> tuple[PatientProtocol, Wire]:
    config = uvicorn.Config(
        App(), http=kind, interface="asgi3", lifespan="off", log_config=None, proxy_headers=False
    )
    config.load()
    protocol = kind(config=config, server_state=ServerState(), app_state={})
    wire = Wire()
    protocol.connection_made(wire)
    return protocol, wire


@pytest.mark.parametrize(
    ("sent", "patience", "told"),
    [
        (b"", IDLE_S, False),
        (b"POST /lo", SLOW_S, True),
        (b"POST /long HTTP/1.1\r\nhost: x\r\nx-a: b\r\n", SLOW_S, True),
        (HEAD + b"123", BODY_S, True),
        (b"GET /long HTTP/1.1\r\nhost: x\r\n\r\n", IDLE_S, False),
    ],
    ids=["silent", "in the request line", "in the header", "in the body", "idle"],
)
def test_a_client_is_waited_for_so_long_and_no_longer(sent: bytes, patience: float, told: bool) -> None:
    async def scene() -> None:
        protocol, wire = connected()
        if sent:
            protocol.data_received(sent)
        await asyncio.sleep(0.01)
        now = asyncio.get_running_loop().time()
        protocol.tidy(now + patience - 1)
        assert not wire.closed
        protocol.tidy(now + patience + 1)
        assert wire.closed
        assert (b"408 Request Timeout" in wire.written) is told

    asyncio.run(scene())


def test_one_byte_now_and_then_buys_no_time() -> None:
    async def scene() -> None:
        protocol, wire = connected()
        protocol.data_received(HEAD)
        began = asyncio.get_running_loop().time()
        for _ in range(5):
            await asyncio.sleep(0.01)
            protocol.data_received(b"1")
        protocol.tidy(began + BODY_S + 0.04)
        assert wire.closed

    asyncio.run(scene())


def test_a_long_answer_is_waited_for() -> None:
    async def scene() -> None:
        protocol, wire = connected()
        protocol.data_received(b"GET /poll HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.sleep(0.01)
        protocol.tidy(asyncio.get_running_loop().time() + 3000)
        assert not wire.closed

    asyncio.run(scene())


def test_look_up_workers_are_as_patient() -> None:
    assert issubclass(FastProtocol, PatientProtocol) and FastProtocol.tidy is PatientProtocol.tidy


ENDLESS = [
    (b"GET /" + b"a" * 1000, b"a" * 1000),
    (b"GET / HTTP/1.1\r\nhost: x\r\nx-long: ", b"a" * 1000),
    (b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x-many: " + b"a" * 900, b"\r\nx-many: " + b"a" * 900),
    (b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x" * 1000, b"x" * 1000),
    (b"\r\n" * 500, b"\r\n" * 500),
    (b"POST /poll HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-trailer: ", b"a" * 1000),
    (b"POST /poll HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1;", b"a" * 1000),
]


@pytest.mark.parametrize("kind", [PatientProtocol, FastProtocol])
@pytest.mark.parametrize(
    ("begun", "more"),
    ENDLESS,
    ids=["target", "header", "headers", "name", "empty lines", "trailer", "chunk extension"],
)
def test_what_never_ends_is_cut_off(kind: type[PatientProtocol], begun: bytes, more: bytes) -> None:
    async def scene() -> None:
        protocol, wire = connected(kind)
        protocol.data_received(begun)
        sent = 0
        while not wire.closed:
            protocol.data_received(more)
            sent += len(more)
            assert sent <= MAX_HEAD + 2 * len(more)
        assert sent > MAX_HEAD / 2
        await asyncio.sleep(0)

    asyncio.run(scene())


@pytest.mark.parametrize("kind", [PatientProtocol, FastProtocol])
@pytest.mark.parametrize("whole", [True, False])
def test_a_header_that_is_too_long_is_told_so(kind: type[PatientProtocol], whole: bool) -> None:
    async def scene() -> None:
        protocol, wire = connected(kind)
        head = b"GET / HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * MAX_HEAD + b"\r\n\r\n"
        for part in [head] if whole else [head[at : at + 999] for at in range(0, len(head), 999)]:
            if not wire.closed:
                protocol.data_received(part)
        assert wire.written.startswith(b"HTTP/1.1 431 ") and wire.closed

    asyncio.run(scene())


@pytest.mark.parametrize("kind", [PatientProtocol, FastProtocol])
def test_a_long_body_and_a_long_header_below_the_limit_are_taken(kind: type[PatientProtocol]) -> None:
    async def scene() -> None:
        protocol, wire = connected(kind)
        body = b"b" * (3 * MAX_HEAD)
        head = b"POST /x HTTP/1.1\r\nhost: x\r\nx: %b\r\ncontent-length: %d\r\n\r\n" % (
            b"a" * 60_000,
            len(body),
        )
        for _ in range(2):
            protocol.data_received(head + body)
            await asyncio.sleep(0.01)
        assert wire.written.count(b"HTTP/1.1 204") == 2 and not wire.closed

    asyncio.run(scene())
