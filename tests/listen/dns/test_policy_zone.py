"""Who may transfer the response policy zone, and what he gets."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.xfr
import dns.zone
import pytest
from tests.interop.dns_servers import texts
from tests.listen.dns.places import KEY, OTHER_KEY, RPZ, place, with_policy_zone

from mailrisk.edge.dns_probe import policy_zone_error
from mailrisk.listen.dns.notify import Notifier
from mailrisk.listen.dns.signed import keyring_of
from mailrisk.model.errors import BadInput

RIGHT = dns.tsigkeyring.from_text({"mailrisk": KEY})


async def transfer(port: int, zone: dns.zone.Zone, keyring: Any = None, serial: int | None = None) -> None:
    query: Any
    query, _ = dns.xfr.make_query(zone, serial, keyring=keyring)
    await dns.asyncquery.inbound_xfr("127.0.0.1", zone, query, port=port, lifetime=10)


def empty() -> dns.zone.Zone:
    return dns.zone.Zone(RPZ)


def test_with_the_key_the_zone_comes_whole_and_then_by_increments(tmp_path: Path) -> None:
    with place(tmp_path) as at:
        for number in (0, 100):
            at.list(f"host:h{number}.evil.example")
        zone = empty()

        async def test(port: int) -> None:
            await transfer(port, zone, RIGHT, 0)
            assert "h0.evil.example" in {str(name) for name in zone}
            at.withdraw("host:h0.evil.example")
            at.list("host:new.evil.example")
            before = zone.get_soa().serial
            await transfer(port, zone, RIGHT, 0)
            assert zone.get_soa().serial > before
            names = {str(name) for name in zone}
            assert "new.evil.example" in names and "h100.evil.example" in names
            assert zone.find_rdataset("h0.evil.example", "CNAME")[0].target.to_text() == "rpz-passthru."

        server = with_policy_zone(at, test)
        assert server.counts["IXFR"] >= 1 and server.counts["refused"] == 0


@pytest.mark.parametrize(
    "keys",
    [None, {"mailrisk": OTHER_KEY}, {"stranger": KEY}, {"mailrisk": ("hmac-sha512", KEY)}],
    ids=["no key", "another secret", "another name", "another algorithm"],
)
@pytest.mark.parametrize("free", [(), ("127.0.0.1",)], ids=["", "free address"])
def test_without_the_right_key_nothing_is_transferred(
    tmp_path: Path, keys: Any, free: tuple[str, ...]
) -> None:
    if keys is None:
        free = ()  # With it that is who may.
    with place(tmp_path) as at:
        at.list("host:h.evil.example")

        async def test(port: int) -> None:
            zone = empty()
            with pytest.raises((dns.exception.DNSException, EOFError)):
                await transfer(port, zone, keys and dns.tsigkeyring.from_text(keys))
            assert not list(zone)

        assert with_policy_zone(at, test, free).counts["refused"] == 1


def test_an_address_that_needs_no_key_transfers(tmp_path: Path) -> None:
    with place(tmp_path) as at:
        at.list("host:h.evil.example")
        zone = empty()

        async def test(port: int) -> None:
            await transfer(port, zone)

        with_policy_zone(at, test, ("127.0.0.1",))
        assert "h.evil.example" in {str(name) for name in zone}


def test_a_transfer_of_many_messages_is_signed_in_each(tmp_path: Path) -> None:
    with place(tmp_path) as at:
        with at.store.writing() as rows:
            for number in range(3000):
                rows.put(b"hexample\0host%d\0" % number, b"\0")
        zone = empty()

        async def test(port: int) -> None:
            await transfer(port, zone, RIGHT, 0)

        with_policy_zone(at, test)
        assert len(list(zone)) == 3001


def test_a_probe_gets_the_serial_and_nobody_gets_anything_else(tmp_path: Path) -> None:
    with place(tmp_path) as at:
        at.list("host:h.evil.example")

        async def ask(port: int, name: str, rrtype: str, keyring: Any = None) -> dns.message.Message:
            query = dns.message.make_query(name, rrtype)
            if keyring is not None:
                query.use_tsig(keyring)
            return await dns.asyncquery.udp(query, "127.0.0.1", 5, port)

        async def test(port: int) -> None:
            serial = at.reader.stand().rpz.serial
            assert f" {serial} 60 30 86400 60" in texts(await ask(port, RPZ, "SOA"))[0]
            assert (await ask(port, RPZ, "SOA", RIGHT)).had_tsig
            for name, rrtype in ((f"h.evil.example.{RPZ}", "CNAME"), (RPZ, "AXFR"), ("other.example", "SOA")):
                assert (await ask(port, name, rrtype)).rcode() == dns.rcode.REFUSED
            at.clock.forward(seconds=120)
            assert (await ask(port, RPZ, "SOA")).rcode() == dns.rcode.SERVFAIL

        with_policy_zone(at, test)


@pytest.mark.parametrize(
    "packet", [b"\0\x0c" + bytes(12), b"\0\5hello", b"\0\x11\0\1\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0"]
)
def test_broken_packets_end_their_connection_alone(tmp_path: Path, packet: bytes) -> None:
    with place(tmp_path) as at:

        async def test(port: int) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(packet)
            await reader.read()
            writer.close()
            await transfer(port, empty(), RIGHT, 0)

        assert with_policy_zone(at, test).counts.total() == 2  # and the transfer


def test_who_goes_away_in_mid_transfer_harms_nobody(tmp_path: Path) -> None:
    with place(tmp_path) as at:
        with at.store.writing() as rows:
            for number in range(40_000):
                rows.put(b"hexample\0host%d\0" % number, b"\0")

        async def test(port: int) -> None:
            wire = dns.message.make_query(RPZ, "AXFR").to_wire()
            for _ in range(10):  # More than may be under way at a time.
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(len(wire).to_bytes(2, "big") + wire)
                await reader.readexactly(100)
                writer.transport.abort()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(len(wire).to_bytes(2, "big") + wire)
            length = int.from_bytes(await reader.readexactly(2), "big")
            assert dns.message.from_wire(await reader.readexactly(length)).rcode() == dns.rcode.NOERROR
            writer.transport.abort()

        with_policy_zone(at, test, ("127.0.0.1",))


def test_doctor_tells_a_zone_that_strangers_may_have(tmp_path: Path) -> None:
    with place(tmp_path) as at:

        async def closed(port: int) -> None:
            check = policy_zone_error
            assert await asyncio.to_thread(check, f"127.0.0.1:{port}", RPZ, may_transfer=False) == ""
            said = await asyncio.to_thread(
                check, f"127.0.0.1:{port}", "rpz.other.example", may_transfer=False
            )
            assert said == "rpz.other.example SOA: REFUSED"

        async def opened(port: int) -> None:
            said = await asyncio.to_thread(policy_zone_error, f"127.0.0.1:{port}", RPZ, may_transfer=False)
            assert said == f"{RPZ} can be transferred without a key"

        with_policy_zone(at, closed)
        with_policy_zone(at, opened, ("127.0.0.1",))


def test_resolvers_are_told_of_each_version_until_they_answer(tmp_path: Path) -> None:
    with place(tmp_path) as at:
        at.list("host:h.evil.example")
        heard: list[dns.message.Message] = []

        class Resolver(asyncio.DatagramProtocol):
            def connection_made(self, transport: Any) -> None:
                self.transport = transport

            def datagram_received(self, data: bytes, addr: Any) -> None:
                message = dns.message.from_wire(data)
                heard.append(message)
                if len(heard) > 1:  # The first one is lost.
                    self.transport.sendto(dns.message.make_response(message).to_wire(), addr)

        async def run() -> None:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(Resolver, ("127.0.0.1", 0))
            target = ("127.0.0.1", transport.get_extra_info("sockname")[1])
            notifier = Notifier(dns.name.from_text(RPZ), at.reader, [target])
            running = asyncio.ensure_future(notifier.run())
            async with asyncio.timeout(20):
                while len(heard) < 2:
                    await asyncio.sleep(0.02)
                at.list("host:other.evil.example")
                while len(heard) < 3:
                    await asyncio.sleep(0.02)
            running.cancel()
            transport.close()

        asyncio.run(run())
        assert all(message.opcode() == dns.opcode.NOTIFY for message in heard)


@pytest.mark.parametrize("text", ["not base64!", "c2hvcnQ=", f"hmac-md5:{KEY}", ""])
def test_a_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        keyring_of({"mailrisk": text})
