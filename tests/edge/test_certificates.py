"""The certificate of a host: TLS servers on loopback, honest, silent, and of another protocol."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.collect.certificates import BEGAN, make

from mailrisk.edge.certificates import Certificates
from mailrisk.edge.egress import GuardedBackend
from mailrisk.model.facts import Fact, FactKey

KEY = FactKey("certificate", "evil.example")


async def loopback(host: str, port: int) -> list[str]:
    """A resolver for which every name is this machine."""
    return ["127.0.0.1"]


@contextlib.asynccontextmanager
async def serving(say: bytes | None = b"", tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on loopback that says something and closes, or with None says nothing; yields its port."""
    done = asyncio.Event()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if say is None:
            await done.wait()
        writer.write(say or b"")
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]
        done.set()


def look(
    tls: ssl.SSLContext | None = None, say: bytes | None = b"", exempt: bool = True, timeout_s: float = 5
) -> Fact:
    async def run() -> Fact:
        async with serving(say, tls) as port:
            private = frozenset({(KEY.name, port)}) if exempt else frozenset[tuple[str, int]]()
            backend = GuardedBackend(private, resolve=loopback)
            return await Certificates(port=port, backend=backend, timeout_s=timeout_s).lookup(KEY)

    return asyncio.run(run())


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A server's side with a certificate that nobody signed but itself."""
    _, pem = make("evil.example", "www.evil.example")
    (tmp_path / "both.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    return context


def test_the_claims_of_a_certificate_that_nobody_trusts_are_facts(tls: ssl.SSLContext) -> None:
    found = look(tls)
    assert found.status == "found"
    assert (found.value.issuer, found.value.not_before, found.value.self_issued) == (
        "Let's Test",
        BEGAN,
        True,
    )
    assert found.value.names == ("evil.example", "www.evil.example")


def test_a_host_at_a_private_address_is_not_connected_to(tls: ssl.SSLContext) -> None:
    found = look(tls, exempt=False)
    assert found.status == "permerror" and "no public address" in found.value


@pytest.mark.parametrize(
    "say", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x16\x03\x03\x40\x00" + b"x" * 100]
)
def test_a_port_that_speaks_no_tls_has_no_certificate(say: bytes) -> None:
    assert look(say=say).status in ("absent", "temperror")


def test_five_megabytes_before_the_handshake_are_not_read() -> None:
    assert look(say=b"x" * 5_000_000).status in ("absent", "temperror")


def test_a_silent_host_costs_the_time_limit_and_no_more() -> None:
    assert look(say=None, timeout_s=0.2).status == "temperror"


def test_a_closed_port_has_no_certificate() -> None:
    async def run() -> Fact:
        async with serving() as port:
            pass
        backend = GuardedBackend(frozenset({(KEY.name, port)}), resolve=loopback)
        return await Certificates(port=port, backend=backend).lookup(KEY)

    assert asyncio.run(run()).status == "absent"


def test_other_topics_are_not_its_own() -> None:
    assert asyncio.run(Certificates().lookup(FactKey("rdap", "evil.example"))).status == "not-checked"
