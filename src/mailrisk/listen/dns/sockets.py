"""Sockets for DNS: UDP and TCP on the same port, as many pairs as there are processes that answer."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import time
from collections import Counter
from typing import NamedTuple

from mailrisk.model.errors import BadInput, ConfigError, Unavailable
from mailrisk.model.ip import parse_ip


class Pair(NamedTuple):
    """Both sockets of one process."""

    udp: socket.socket
    tcp: socket.socket


def bind_pairs(
    listen: str, count: int = 1, patience_s: float = 0.0, *, setting: str = "dns.listen"
) -> list[Pair]:
    """Pairs on HOST:PORT, TCP listening. ConfigError: the ``setting`` is no address. Unavailable: taken.

    ``patience_s``: how long to try again, when workers of a core that was killed may still hold the port.
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"config.{setting}", f"{listen!r} is not HOST:PORT")
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    made: list[socket.socket] = []
    try:
        # A port that another program shares must be refused all the same: the first pair shares nothing.
        for probe in _alone(family, (bare, int(port)), time.monotonic() + patience_s):
            probe.close()
        pairs = []
        for _ in range(count):
            pair = _bind(family, (bare, int(port)), shared=True)
            made.extend(pair)
            pair.tcp.listen(128)
            pairs.append(pair)
        return pairs
    except OSError as error:
        for one in made:
            with contextlib.suppress(OSError):
                one.close()
        raise Unavailable(f"cannot listen on {listen} for DNS: {error.strerror}") from None


def _alone(family: socket.AddressFamily, address: tuple[str, int], deadline: float) -> Pair:
    while True:
        try:
            return _bind(family, address, shared=False)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _bind(family: socket.AddressFamily, address: tuple[str, int], *, shared: bool) -> Pair:
    opened = []
    try:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            one = socket.socket(family, kind)
            opened.append(one)
            if kind == socket.SOCK_STREAM:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind(address)
    except OSError:
        for one in opened:
            one.close()
        raise
    return Pair(*opened)


def peer_of(writer: asyncio.StreamWriter) -> str:
    """The canonical address at the other end; '' when it is gone already, or has none."""
    name = writer.get_extra_info("peername")
    try:
        return parse_ip(name[0]) if name else ""
    except BadInput:
        return ""


def left(connections: Counter[str], ip: str) -> None:
    """One connection of an address less."""
    connections[ip] -= 1
    if connections[ip] <= 0:
        del connections[ip]
