"""Connections of clients that are slow, silent or idle, with a clock that the test reads forward."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from mailrisk.listen.fast.protocol import FastProtocol
from mailrisk.listen.patient import BODY_S, IDLE_S, SLOW_S, PatientProtocol

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


def connected() -> tuple[PatientProtocol, Wire]:
    config = uvicorn.Config(app, http=PatientProtocol, lifespan="off", log_config=None)
    config.load()
    protocol = PatientProtocol(config=config, server_state=ServerState(), app_state={})
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
