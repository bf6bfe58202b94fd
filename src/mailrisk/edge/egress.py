"""Whom we may talk to: the guard against being sent to somebody's inside (SSRF).

A name is resolved once, every address it has must be a public one, and the connection goes to that very
address: a second answer (DNS rebinding) changes nothing. The check sits where the connection is made, so
no difference between URL parsers and no redirect gets around it. TLS still verifies the name.

What is not public: everything but global unicast in the IANA registries (RFC 6890), documentation
ranges included, and the same addresses inside ``::ffff:0:0/96``, NAT64 and 6to4.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable

import httpcore

from mailrisk.model.errors import BadAddress, EgressRefused
from mailrisk.model.ip import parse_ip, reserved_range

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Host and port -> its addresses as text. Raises OSError when it cannot say."""

SocketOptions = Iterable[httpcore.SOCKET_OPTION] | None


def check_public(address: str) -> None:
    """Raises EgressRefused unless ``address`` is a public one."""
    try:
        ip = parse_ip(address)
    except BadAddress as error:
        raise EgressRefused(error.reason) from None
    parsed = ipaddress.ip_address(ip)
    if reserved_range(ip) or not parsed.is_global or parsed.is_multicast:
        raise EgressRefused(f"{ip} is no public address")


async def resolve(host: str, port: int) -> list[str]:
    """What the system's resolver says, in its order."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections for httpcore, to public addresses alone.

    ``exempt`` are the (host, port) pairs that the administrator named: a partner's server in the
    same building, a proxy. Nobody else can add to them.
    """

    def __init__(
        self,
        exempt: frozenset[tuple[str, int]] = frozenset(),
        resolve: Resolve = resolve,
        inner: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._exempt = exempt
        self._resolve = resolve
        self._inner = inner or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connects to the first address that answers. EgressRefused if any of them is not public."""
        addresses = await self._addresses(host, port, timeout)
        failed: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore.ConnectError("has no address")

    async def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        try:
            async with asyncio.timeout(timeout):
                found = await self._resolve(host.strip("[]"), port)
        except OSError as error:
            raise httpcore.ConnectError(f"cannot be resolved: {error.strerror or error}") from None
        if (host, port) not in self._exempt:
            for address in found:
                check_public(address)
        return found[:4]

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: SocketOptions = None
    ) -> httpcore.AsyncNetworkStream:
        """Never: a Unix socket is always inside."""
        raise EgressRefused("a Unix socket is no public address")

    async def sleep(self, seconds: float) -> None:
        """Waits, between the attempts of a connection pool."""
        await asyncio.sleep(seconds)
