"""Sockets of the syslog receiver: ``udp:HOST:PORT`` (RFC 5426), ``tcp:`` (RFC 6587), ``tls:`` (RFC 5425).

Whoever is not on the list of senders is not read. UDP has no sender that could be trusted and loses what comes too
fast; over TCP and TLS a sender that is too fast is read more slowly.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from typing import Final

from mailrisk.listen.bind import bind
from mailrisk.listen.syslog.framing import Frames
from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.model.ip import parse_ip
from mailrisk.service.log_intake import LogIntake

logger = logging.getLogger(__name__)

MAX_CONNECTIONS: Final = 256
IDLE_S: Final = 3600.0
"""A connection over which nothing comes for so long is closed; senders connect again."""

PIECE: Final = 16_384
"""Bytes read before others get their turn: about a hundred lines."""

SAID_EVERY_S: Final = 300.0
KINDS: Final = ("udp", "tcp", "tls")


class Place:
    """One address to listen on, bound. BadInput: it is none. Unavailable: it is taken."""

    def __init__(self, text: str) -> None:
        self.kind, _, listen = text.partition(":")
        if self.kind not in KINDS:
            raise BadInput("config.log.syslog", f"{text!r} does not begin with udp:, tcp: or tls:")
        self.socket = _udp(listen) if self.kind == "udp" else bind(listen)


def _udp(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise BadInput("config.log.syslog", f"{listen!r} is not HOST:PORT")
    bare = host.strip("[]")
    opened = socket.socket(socket.AF_INET6 if ":" in bare else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        opened.bind((bare, int(port)))
    except OSError as error:
        opened.close()
        raise Unavailable(f"cannot listen on udp {listen}: {error.strerror}") from None
    return opened


def tls_context(certificate: str, key: str, authority: str = "") -> ssl.SSLContext:
    """TLS 1.2 or later with our certificate; with ``authority`` senders must show one of its own.

    BadInput: a file is missing or none.
    """
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate, key or None)
        if authority:
            context.load_verify_locations(authority)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise BadInput("config.log.syslog_certificate", f"cannot be used: {error}") from None
    return context


class SyslogReceiver:
    """All places of one installation."""

    def __init__(self, intake: LogIntake, tls: ssl.SSLContext | None = None) -> None:
        self._intake = intake
        self._tls = tls
        self._connections = 0

    async def serve(self, places: list[Place]) -> None:
        """Listens until it is cancelled."""
        loop = asyncio.get_running_loop()
        servers: list[asyncio.AbstractServer] = []
        transports: list[asyncio.BaseTransport] = []
        try:
            for place in places:
                if place.kind == "udp":
                    made = await loop.create_datagram_endpoint(
                        lambda: _Datagrams(self._intake), sock=place.socket
                    )
                    transports.append(made[0])
                else:
                    tls = self._tls if place.kind == "tls" else None
                    servers.append(
                        await asyncio.start_server(self._connected, sock=place.socket, limit=PIECE, ssl=tls)
                    )
            await self._say_for_ever()
        finally:
            for server in servers:
                server.close()
            for transport in transports:
                transport.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ip = parse_ip(writer.get_extra_info("peername")[0])
        try:
            if self._connections < MAX_CONNECTIONS and self._intake.may_send(ip):
                self._connections += 1
                try:
                    await self._read(ip, reader)
                finally:
                    self._connections -= 1
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # The sender is gone, silent for too long, or we stop.
        except BadInput as error:
            self._intake.bad += 1
            logger.warning("syslog from %s cannot be followed: %s", ip, error.reason)
        finally:
            writer.close()

    async def _read(self, ip: str, reader: asyncio.StreamReader) -> None:
        frames = Frames()
        while piece := await asyncio.wait_for(reader.read(PIECE), IDLE_S):
            for line in frames.feed(piece):
                while not self._intake.line(ip, line):
                    await asyncio.sleep(0.1)
            self._intake.bad += frames.too_long
            frames.too_long = 0
            await asyncio.sleep(0)  # Other connections get their turn.
        for line in frames.finish():
            self._intake.line(ip, line)

    async def _say_for_ever(self) -> None:
        """Tells now and then what was lost, if anything was."""
        said = (0, 0, 0)
        while True:
            await asyncio.sleep(SAID_EVERY_S)
            intake = self._intake
            lost = (intake.bad, intake.dropped, intake.refused)
            if lost != said:
                logger.warning(
                    "syslog: of %d lines %d could not be read and %d came too fast; %d times somebody sent who may not",
                    intake.lines, *lost,
                )  # fmt: skip
                said = lost


class _Datagrams(asyncio.DatagramProtocol):
    """Each datagram is one message (RFC 5426 §3.1)."""

    def __init__(self, intake: LogIntake) -> None:
        self._intake = intake

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Takes one message."""
        ip = parse_ip(addr[0])
        line = data.strip(b"\r\n\0")
        if line and self._intake.may_send(ip) and not self._intake.line(ip, line):
            self._intake.dropped += 1
