"""The lists over DNS on real sockets."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import dns.asyncquery
import dns.message
import dns.rcode
import pytest
from tests.interop.dns_servers import free_port, texts
from tests.listen.dns.places import place, with_lists

from mailrisk.edge.dns_probe import lists_error
from mailrisk.listen.dns.sockets import bind_pairs
from mailrisk.model.errors import BadInput, Unavailable

BAD = "7.100.51.198.ip.bl.example"


async def ask(port: int, name: str, *, tcp: bool = False) -> dns.message.Message:
    query = dns.message.make_query(name, "A")
    return await (dns.asyncquery.tcp if tcp else dns.asyncquery.udp)(query, "127.0.0.1", 5, port)


def test_udp_and_tcp_give_the_same_answers_and_follow_the_changes(tmp_path: Path) -> None:
    with place(tmp_path) as at:

        async def test(port: int) -> None:
            assert (await ask(port, BAD)).rcode() == dns.rcode.NXDOMAIN
            at.list("198.51.100.7", "brute-force")
            for tcp in (False, True):
                assert texts(await ask(port, BAD, tcp=tcp)) == ["A 127.0.0.4"]
            at.withdraw("198.51.100.7")
            assert (await ask(port, BAD)).rcode() == dns.rcode.NXDOMAIN

        with_lists(at, test)


def test_without_contact_to_the_ledger_every_answer_is_an_error(tmp_path: Path) -> None:
    with place(tmp_path) as at:
        at.list("198.51.100.7", "brute-force")

        async def test(port: int) -> None:
            at.clock.forward(seconds=120)
            assert (await ask(port, BAD)).rcode() == dns.rcode.SERVFAIL
            at.follow()
            await asyncio.sleep(0.3)  # The server looks four times a second.
            assert (await ask(port, BAD)).rcode() == dns.rcode.NOERROR

        with_lists(at, test)


def test_several_questions_come_over_one_connection_and_nonsense_ends_it(tmp_path: Path) -> None:
    with place(tmp_path) as at:

        async def test(port: int) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            wire = dns.message.make_query(BAD, "A").to_wire()
            framed = len(wire).to_bytes(2, "big") + wire
            for byte in framed + framed:
                writer.write(bytes([byte]))
                await writer.drain()
            for _ in range(2):
                length = int.from_bytes(await reader.readexactly(2), "big")
                assert dns.message.from_wire(await reader.readexactly(length)).rcode() == dns.rcode.NXDOMAIN
            writer.write(b"\0\3abc")
            assert await reader.read() == b""
            writer.close()

        assert with_lists(at, test).counts["malformed"] == 1


def test_a_thousand_scraps_are_counted_and_the_next_question_is_answered(tmp_path: Path) -> None:
    with place(tmp_path) as at:

        async def test(port: int) -> None:
            with socket.socket(type=socket.SOCK_DGRAM) as udp:
                udp.connect(("127.0.0.1", port))
                for number in range(1000):
                    udp.send(os.urandom(number % 90))
                    await asyncio.sleep(0)
            assert (await ask(port, "test.domain.bl.example")).rcode() == dns.rcode.NOERROR

        assert with_lists(at, test).counts["malformed"] > 900


def test_doctor_finds_the_test_entries_or_says_what_is_wrong(tmp_path: Path) -> None:
    with place(tmp_path) as at:

        async def test(port: int) -> None:
            listen = f"0.0.0.0:{port}"
            assert await asyncio.to_thread(lists_error, listen, "ip.bl.example", "domain.bl.example") == ""
            wrong = await asyncio.to_thread(lists_error, listen, "ip.other.example", "")
            assert wrong == "2.0.0.127.ip.other.example over UDP: REFUSED"

        with_lists(at, test)
    assert "over UDP" in lists_error(f"127.0.0.1:{free_port()}", "ip.bl.example", "")


def test_a_port_is_shared_by_our_processes_and_by_nobody_else() -> None:
    port = free_port()
    pairs = bind_pairs(f"127.0.0.1:{port}", 3)
    with pytest.raises(Unavailable):
        bind_pairs(f"127.0.0.1:{port}")
    for pair in pairs:
        for one in pair:
            one.close()
    with pytest.raises(BadInput):
        bind_pairs("localhost")
