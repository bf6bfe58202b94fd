"""The response policy zone for resolvers: SOA, AXFR and IXFR over TCP; signed, or from addresses that may.

Whoever shows a wrong signature gets nothing, also from an address that needs none.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.tsig

from mailrisk.listen.dns.signed import Keyring, Signer
from mailrisk.listen.dns.sockets import Pair, left, peer_of
from mailrisk.model.errors import BadInput
from mailrisk.model.ip import parse_ip
from mailrisk.publish.rpz.journal import read_state
from mailrisk.publish.rpz.transfer import IXFR, PolicyZone, since, soa_answer, whole
from mailrisk.service.zones import ZoneReader

logger = logging.getLogger(__name__)

MAX_CONNECTIONS: Final = 50
MAX_OF_ONE: Final = 10
"""Connections of one address: a silent neighbour must not keep resolvers out."""

MAX_TRANSFERS: Final = 8
SAID_A_MINUTE: Final = 20
"""Refusals that are logged one by one; who sends forged datagrams must not fill the disk."""

IDLE_S: Final = 30.0
TRANSFER_S: Final = 600.0
"""A resolver that takes longer than this for the zone loses its turn: what it reads cannot be freed."""


class _Asked(NamedTuple):
    message: dns.message.Message
    rrtype: int
    signer: Signer | None


class _Refused(Exception):
    def __init__(self, rcode: int, why: str) -> None:
        super().__init__(why)
        self.rcode = rcode


class PolicyZoneServer:
    """Serves one zone. ``free``: addresses that may transfer without a key (unbound knows no TSIG)."""

    def __init__(self, zone: PolicyZone, zones: ZoneReader, keys: Keyring, free: Iterable[str] = ()) -> None:
        self.counts: Counter[str] = Counter()
        self._zone, self._zones, self._keys = zone, zones, keys
        self._name = dns.name.from_wire(zone.name, 0)[0]
        self._free = frozenset(map(parse_ip, free))
        self._connections: Counter[str] = Counter()
        self._transfers = 0
        self._minute, self._left, self._unsaid = float("-inf"), 0, 0

    async def serve(self, pair: Pair) -> None:
        """Answers until it is cancelled."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=pair.udp)
        server = await asyncio.start_server(self._connected, sock=pair.tcp)
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            transport.close()

    # -- questions --------------------------------------------------------------------------------

    def probe(self, wire: bytes, ip: str) -> bytes | None:
        """The answer to a datagram: the SOA, or an error."""
        if len(wire) < 12 or wire[2] & 0x80:
            self.counts["malformed"] += 1
            return None
        try:
            asked = self._read(wire)
            if asked.rrtype not in (dns.rdatatype.SOA, IXFR):
                raise _Refused(dns.rcode.REFUSED, f"type {asked.rrtype} over UDP")
            with self._zones.store.reading() as rows:
                if self._zones.stale(rows):
                    return _error(wire, dns.rcode.SERVFAIL)
                reply = soa_answer(self._zone, read_state(rows).serial, wire[:2], asked.rrtype)
            return reply if asked.signer is None else asked.signer.sign(reply)
        except _Refused as refused:
            self._note(ip, refused)
            return _error(wire, refused.rcode)

    def _read(self, wire: bytes, *, several: bool = False) -> _Asked:
        """The question, with what signs its answer. _Refused: it is none for us, or its signature is wrong."""
        try:
            message = dns.message.from_wire(wire, keyring=dict(self._keys) or None)
        except (
            dns.message.UnknownTSIGKey,
            dns.tsig.BadSignature,
            dns.tsig.BadTime,
            dns.tsig.BadKey,
        ) as error:
            raise _Refused(
                dns.rcode.NOTAUTH, f"the signature is not right ({type(error).__name__})"
            ) from None
        except (dns.tsig.BadAlgorithm, dns.tsig.PeerError) as error:
            raise _Refused(
                dns.rcode.NOTAUTH, f"the signature is not right ({type(error).__name__})"
            ) from None
        except (dns.exception.DNSException, ValueError, IndexError) as error:
            raise _Refused(dns.rcode.FORMERR, f"it cannot be read ({type(error).__name__})") from None
        if message.opcode() != dns.opcode.QUERY or len(message.question) != 1:
            raise _Refused(dns.rcode.NOTIMP, "it asks for something else")
        question = message.question[0]
        if question.name != self._name:
            raise _Refused(dns.rcode.REFUSED, "it asks for another zone")
        signer = None
        if message.had_tsig:
            tsig: Any = message.tsig
            signer = Signer(self._keys[tsig.name], message.mac or b"", several=several)
        return _Asked(message, int(question.rdtype), signer)

    def _note(self, ip: str, refused: _Refused) -> None:
        self.counts["malformed" if refused.rcode == dns.rcode.FORMERR else "refused"] += 1
        now = time.monotonic()
        if now - self._minute > 60:
            if self._unsaid:
                logger.warning("response policy zone: %d more were refused", self._unsaid)
            self._minute, self._left, self._unsaid = now, SAID_A_MINUTE, 0
        if self._left:
            self._left -= 1
            logger.warning("response policy zone: %s is refused: %s", ip, refused)
        else:
            self._unsaid += 1

    # -- connections ------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ip = peer_of(writer)
        if not ip or self._connections.total() >= MAX_CONNECTIONS or self._connections[ip] >= MAX_OF_ONE:
            self.counts["turned away"] += 1
            writer.close()
            return
        self._connections[ip] += 1
        try:
            while True:
                async with asyncio.timeout(IDLE_S):
                    length = int.from_bytes(await reader.readexactly(2), "big")
                    wire = await reader.readexactly(length)
                if not await self._answer(wire, ip, writer):
                    break
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # The resolver is gone, or silent for too long.
        finally:
            left(self._connections, ip)
            writer.close()

    async def _answer(self, wire: bytes, ip: str, writer: asyncio.StreamWriter) -> bool:
        """Answers one question over TCP; whether another one may follow."""
        if len(wire) < 12 or wire[2] & 0x80:
            self.counts["malformed"] += 1
            return False
        try:
            asked = self._read(wire, several=True)
            if asked.rrtype in (dns.rdatatype.AXFR, dns.rdatatype.IXFR):
                await self._transfer(wire, asked, ip, writer)
                return True
        except _Refused as refused:
            self._note(ip, refused)
            await _send(writer, _error(wire, refused.rcode))
            return False
        reply = self.probe(wire, ip)
        if reply is not None:
            await _send(writer, reply)
        return reply is not None

    async def _transfer(self, wire: bytes, asked: _Asked, ip: str, writer: asyncio.StreamWriter) -> None:
        if asked.signer is None and ip not in self._free:
            raise _Refused(dns.rcode.REFUSED, "it transfers without a key")
        if self._transfers >= MAX_TRANSFERS:
            raise _Refused(dns.rcode.SERVFAIL, "too many transfers at the same time")
        self._transfers += 1
        try:
            async with asyncio.timeout(TRANSFER_S):
                with self._zones.store.reading() as rows:
                    if self._zones.stale(rows):
                        raise _Refused(dns.rcode.SERVFAIL, "the zone is too old to be given out")
                    count = 0
                    for message in self._messages(wire, asked, rows):
                        signed = message if asked.signer is None else asked.signer.sign(message)
                        await _send(writer, signed)
                        count += 1
                    serial = read_state(rows).serial
            kind = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(asked.rrtype))
            self.counts[kind] += 1
            logger.info("response policy zone: %s of serial %d to %s in %d messages", kind, serial, ip, count)
        finally:
            self._transfers -= 1

    def _messages(self, wire: bytes, asked: _Asked, rows: Any) -> Iterator[bytes]:
        if asked.rrtype == IXFR and (serial := _serial(asked.message)) is not None:
            return since(self._zone, rows, serial, wire[:2])
        return whole(self._zone, rows, asked.rrtype, wire[:2])


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: PolicyZoneServer) -> None:
        self._server = server
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the way back."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Answers one datagram."""
        try:
            reply = self._server.probe(data, parse_ip(addr[0]))
        except BadInput:
            return
        if reply is not None:
            self._transport.sendto(reply, addr)


def _serial(message: dns.message.Message) -> int | None:
    """The serial that the asker of an increment has: in the SOA of the authority section (RFC 1995 §3)."""
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA and len(rrset):
            soa: Any = rrset[0]
            return int(soa.serial)
    return None


async def _send(writer: asyncio.StreamWriter, wire: bytes) -> None:
    writer.write(len(wire).to_bytes(2, "big") + wire)
    async with asyncio.timeout(IDLE_S):
        await writer.drain()


def _error(wire: bytes, rcode: int) -> bytes:
    """An unsigned error (RFC 8945 §5.3.2: where no key is known there is nothing to sign with)."""
    return wire[:2] + bytes([0x80 | wire[2] & 0x79, rcode]) + b"\0\0\0\0\0\0\0\0"
