"""Syslog over real sockets: every framing and transport, who may send, and what is hostile."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collect.certificates import make

from mailrisk.collect.logs.read import MAX_LINE
from mailrisk.listen.syslog.framing import Frames
from mailrisk.listen.syslog.receiver import Place, SyslogReceiver, tls_context
from mailrisk.model.errors import BadAddress, BadInput
from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.service.log_intake import LINES_PER_S, LogIntake

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TEXT = (
    "imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<anna@example.org>, method=PLAIN, "
    "rip=203.0.113.7, lip=192.0.2.1, TLS, session=<abc>"
)
BSD = f"<22>Nov 23 11:59:58 mx dovecot: {TEXT}".encode()
NEW = f"<22>1 2026-11-23T11:59:58Z mx dovecot 7 - - {TEXT}".encode()


class Taken:
    """An intake and what it took."""

    def __init__(self, *senders: str) -> None:
        self.events: list[LoginEvent] = []
        self.now = NOW
        self.intake = LogIntake(self.events.append, lambda: self.now, UTC, senders or ("127.0.0.0/8",))

    async def wait(self, count: int) -> None:
        for _ in range(500):
            if len(self.events) >= count:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{len(self.events)} of {count} events came")


@contextlib.asynccontextmanager
async def receiving(taken: Taken, kind: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A receiver on a port of its own."""
    place = Place(f"{kind}:127.0.0.1:0")
    port = place.socket.getsockname()[1]
    task = asyncio.ensure_future(SyslogReceiver(taken.intake, tls).serve([place]))
    await asyncio.sleep(0.05)
    try:
        yield port
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def send(port: int, data: bytes, tls: ssl.SSLContext | None = None) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    writer.write(data)
    await writer.drain()
    writer.close()


def test_udp_takes_one_message_a_datagram() -> None:
    async def talk() -> Taken:
        taken = Taken()
        async with receiving(taken, "udp") as port:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for data in (BSD, NEW + b"\n\0", b"\xff\xfe", b"", b"<22>nonsense"):
                    sender.sendto(data, ("127.0.0.1", port))
            await taken.wait(2)
            for _ in range(100):
                if taken.intake.lines == 4:
                    break
                await asyncio.sleep(0.01)
        return taken

    taken = asyncio.run(talk())
    first, second = taken.events
    assert first.ip == second.ip == "203.0.113.7" and first.account == "anna@example.org"
    assert first.seen_at == NOW - timedelta(seconds=2) and first.outcome is Outcome.FAILURE
    assert taken.intake.lines == 4 and taken.intake.bad >= 1


@pytest.mark.parametrize(
    "data",
    [
        BSD + b"\n" + NEW + b"\n",
        b"%d %b%d %b" % (len(BSD), BSD, len(NEW), NEW),
        BSD + b"\n" + b"%d %b" % (len(NEW), NEW) + b"\n",
        b"%d %b\n" % (len(BSD) + 1, BSD) + NEW,
    ],
    ids=["lines", "counted", "both", "counted with a line feed, and a last line without"],
)
def test_tcp_takes_both_framings(data: bytes) -> None:
    async def talk() -> Taken:
        taken = Taken()
        async with receiving(taken, "tcp") as port:
            await send(port, data)
            await taken.wait(2)
        return taken

    assert [event.ip for event in asyncio.run(talk()).events] == ["203.0.113.7"] * 2


def test_tls_wants_a_certificate_of_the_senders_authority_if_one_is_named(tmp_path: Path) -> None:
    now = datetime.now(tz=UTC)
    files = {}
    for name in ("server", "sender", "stranger"):
        _, pem = make(
            "localhost", common_name=name, began=now - timedelta(days=1), ends=now + timedelta(days=1)
        )
        files[name] = tmp_path / f"{name}.pem"
        files[name].write_bytes(pem)
    server = tls_context(str(files["server"]), "", str(files["sender"]))

    def client(name: str) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(files["server"]))
        context.check_hostname = False
        context.load_cert_chain(files[name])
        return context

    async def talk() -> Taken:
        taken = Taken()
        async with receiving(taken, "tls", server) as port:
            await send(port, b"%d %b" % (len(BSD), BSD), client("sender"))
            await taken.wait(1)
            with contextlib.suppress(OSError):
                await send(port, BSD + b"\n", client("stranger"))
            with contextlib.suppress(OSError):
                await send(port, BSD + b"\n")
            await asyncio.sleep(0.1)
        return taken

    assert len(asyncio.run(talk()).events) == 1


def test_who_is_not_on_the_list_is_not_read() -> None:
    async def talk() -> Taken:
        taken = Taken("192.0.2.0/24")
        async with receiving(taken, "udp") as udp, receiving(taken, "tcp") as tcp:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(BSD, ("127.0.0.1", udp))
            reader, writer = await asyncio.open_connection("127.0.0.1", tcp)
            assert await reader.read() == b""
            writer.close()
            await asyncio.sleep(0.05)
        return taken

    taken = asyncio.run(talk())
    assert taken.events == [] and taken.intake.refused == 2
    with pytest.raises(BadAddress):
        Taken("everybody")


def test_a_message_that_never_ends_is_dropped_and_a_length_that_cannot_be_ends_the_connection() -> None:
    async def talk() -> Taken:
        taken = Taken()
        async with receiving(taken, "tcp") as port:
            await send(port, b"<22>" + b"x" * (3 * MAX_LINE) + b"\n" + BSD + b"\n")
            await taken.wait(1)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"99999999 <22>" + BSD)
            assert await reader.read() == b""
            writer.close()
        return taken

    taken = asyncio.run(talk())
    assert len(taken.events) == 1 and taken.intake.bad == 2


def test_a_sender_has_a_share_of_each_second() -> None:
    taken = Taken()
    took = [taken.intake.line("127.0.0.1", b"<22>x") for _ in range(LINES_PER_S + 5)]
    assert sum(took) == LINES_PER_S and taken.intake.line("127.0.0.2", BSD)
    taken.now += timedelta(seconds=1)
    assert taken.intake.line("127.0.0.1", BSD) and len(taken.events) == 2


def test_an_account_named_like_a_log_field_does_not_move_the_address() -> None:
    taken = Taken()
    hostile = BSD.replace(b"anna@example.org", b"x>, method=PLAIN, rip=203.0.113.66")
    taken.intake.line("127.0.0.1", hostile)
    assert "203.0.113.66" not in [event.ip for event in taken.events]


def test_times_that_cannot_be_are_counted_and_blame_nobody() -> None:
    taken = Taken()
    for stamp in (b"2027-11-23T11:59:58Z", b"2016-11-23T11:59:58Z"):
        taken.intake.line("127.0.0.1", NEW.replace(b"2026-11-23T11:59:58Z", stamp))
    assert taken.events == [] and taken.intake.bad == 2


@pytest.mark.parametrize("text", ["", "http:127.0.0.1:1", "udp:nowhere", "udp:127.0.0.1:99999", "tcp:x"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        Place(text)


MESSAGES = st.lists(
    st.tuples(
        st.booleans(), st.binary(min_size=1, max_size=60).filter(lambda raw: not set(raw) & set(b"\n\r\0"))
    ),
    max_size=12,
)


@given(messages=MESSAGES, cuts=st.lists(st.integers(1, 30), max_size=60))
def test_messages_are_the_same_however_the_stream_is_cut(
    messages: list[tuple[bool, bytes]], cuts: list[int]
) -> None:
    sent = [b"<22>" + text for _, text in messages]
    stream = b"".join(
        b"%d %b" % (len(one), one) if counted else one + b"\n"
        for (counted, _), one in zip(messages, sent, strict=True)
    )
    frames, found, at = Frames(), list[bytes](), 0
    for cut in [*cuts, len(stream)]:
        found += frames.feed(stream[at : at + cut])
        at += cut
    assert found + frames.finish() == sent


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_any_bytes_are_taken(pieces: list[bytes]) -> None:
    frames = Frames()
    with contextlib.suppress(BadInput):
        for piece in pieces:
            for line in frames.feed(piece):
                assert line and len(line) <= MAX_LINE
