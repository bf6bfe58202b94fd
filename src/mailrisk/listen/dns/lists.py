"""The lists over DNS on UDP and TCP, in each process that answers.

All datagrams that are there are read, answered and sent in one go, without a task or a transport: those are most of
what an answer would cost.
Several processes have a socket each on the same port, and the kernel spreads askers over them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections import Counter
from typing import Final

from mailrisk.listen.dns.datagrams import Datagrams, datagrams
from mailrisk.listen.dns.sockets import left, peer_of
from mailrisk.publish.dnsbl.answer import Answers, Serving
from mailrisk.publish.dnsbl.fold import read_position
from mailrisk.service.zones import ZoneReader
from mailrisk.store.zones import Table

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.25
"""How often it is asked whether the rows are still current."""

MAX_CONNECTIONS: Final = 200
MAX_OF_ONE: Final = 50
"""Connections of one address: a silent neighbour must not keep the others out."""

IDLE_S: Final = 10.0  # RFC 7766 §6.2.3
SAID_EVERY_S: Final = 300.0
BUFFER_BYTES: Final = 4 << 20


class ListServer:
    """One process's share of the lists."""

    def __init__(self, answers: Answers, zones: ZoneReader) -> None:
        self._answers, self._zones = answers, zones
        self._looked_at = float("-inf")
        self._stale, self._serial = True, bytes(4)
        self._connections: Counter[str] = Counter()

    async def serve(self, udp: socket.socket, tcp: socket.socket) -> None:
        """Answers on two bound sockets until it is cancelled."""
        loop = asyncio.get_running_loop()
        udp.setblocking(False)
        with contextlib.suppress(OSError):
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        loop.add_reader(udp, self._readable, datagrams(udp), loop)
        server = await asyncio.start_server(self._connected, sock=tcp)
        try:
            await self._say_for_ever()
        finally:
            loop.remove_reader(udp)
            server.close()

    def _serving(self, rows: Table, now: float) -> Serving:
        if now - self._looked_at > LOOK_EVERY_S:
            self._looked_at = now
            self._stale = self._zones.stale(rows)
            self._serial = (read_position(rows)[1] & 0xFFFFFFFF).to_bytes(4, "big")
        return Serving(rows, self._serial, self._stale)

    def _readable(self, udp: Datagrams, loop: asyncio.AbstractEventLoop) -> None:
        queries = udp.receive()
        if not queries:
            return
        replies = []
        with self._zones.store.reading() as rows:
            serving, answer = self._serving(rows, loop.time()), self._answers.answer
            for query in queries:
                try:
                    replies.append(answer(query, serving))
                except Exception:
                    self._answers.counts["failed"] += 1
                    logger.exception("a question over DNS could not be answered")
                    replies.append(None)
        if failed := udp.send(replies):
            self._answers.counts["not sent"] += failed

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ip = peer_of(writer)
        if not ip or self._connections.total() >= MAX_CONNECTIONS or self._connections[ip] >= MAX_OF_ONE:
            self._answers.counts["turned away"] += 1
            writer.close()
            return
        self._connections[ip] += 1
        try:
            await self._converse(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # The asker is gone, or silent for too long.
        finally:
            left(self._connections, ip)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            async with asyncio.timeout(IDLE_S):
                length = int.from_bytes(await reader.readexactly(2), "big")
                query = await reader.readexactly(length)
            try:
                with self._zones.store.reading() as rows:
                    reply = self._answers.answer(query, self._serving(rows, loop.time()), udp=False)
            except Exception:
                self._answers.counts["failed"] += 1
                logger.exception("a question over DNS could not be answered")
                return
            if reply is None:
                return
            writer.write(len(reply).to_bytes(2, "big") + reply)
            async with asyncio.timeout(IDLE_S):
                await writer.drain()

    async def _say_for_ever(self) -> None:
        """Tells now and then what was asked that could not be read or answered."""
        said = 0
        while True:
            await asyncio.sleep(SAID_EVERY_S)
            counts = self._answers.counts
            bad = sum(
                counts[name]
                for name in ("malformed", "refused", "failed", "stale", "not sent", "turned away")
            )
            if bad != said:
                logger.warning("lists over DNS: %s", ", ".join(f"{counts[name]} {name}" for name in counts))
                said = bad
