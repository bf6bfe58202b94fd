"""Looks at the certificate that a host shows on its TLS port.

One handshake, and nothing is sent after it. The certificate is not verified, because what we want to know is
what the host claims; nothing that it says makes anything trusted. The connection passes :mod:`.egress`.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable

import httpcore

from mailrisk.collect.certificate import read_certificate
from mailrisk.edge.egress import GuardedBackend
from mailrisk.edge.remembered import Remembered
from mailrisk.model.errors import BadInput
from mailrisk.model.facts import Fact, FactKey

_KEEP_S = 21_600.0
_KEEP_FAILED_S = 300.0
_CACHE = 20_000  # answers, up to some kB each for certificates with many names
_AT_ONCE = 16


class Certificates:
    """Answers ``("certificate", host)`` with a :class:`~mailrisk.model.domain.Certificate`.

    ``absent`` when nothing there speaks TLS, ``temperror`` when nobody answers in time. Never raises.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 3.0,
        port: int = 443,
        backend: httpcore.AsyncNetworkBackend | None = None,
        cache_size: int = _CACHE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeout_s = timeout_s
        self._port = port
        self._backend = backend or GuardedBackend()
        self._context = _unverified()
        self._open = 0
        self._answers = Remembered(self._ask, cache_size, now)

    async def lookup(self, key: FactKey) -> Fact:
        """The certificate, from memory while the answer lives."""
        if key.topic != "certificate":
            return Fact("not-checked")
        return await self._answers.lookup(key)

    async def _ask(self, key: FactKey) -> tuple[Fact, float]:
        if self._open >= _AT_ONCE:
            return Fact("temperror", "too many look-ups at a time"), 1.0
        self._open += 1
        try:
            async with asyncio.timeout(self._timeout_s):
                raw = await self._handshake(key.name)
            return Fact("found", read_certificate(raw)), _KEEP_S
        except (ssl.SSLError, httpcore.ConnectError) as error:
            # httpcore reports a failed handshake as a failed connection.
            return Fact("absent", type(error).__name__), _KEEP_FAILED_S
        except BadInput as error:
            return Fact("permerror", error.reason), _KEEP_FAILED_S
        except (TimeoutError, httpcore.TimeoutException, httpcore.NetworkError, OSError) as error:
            return Fact("temperror", type(error).__name__), _KEEP_FAILED_S
        finally:
            self._open -= 1

    async def _handshake(self, host: str) -> bytes:
        """The DER certificate that the host shows; '' (and so no certificate) when it shows none."""
        stream = await self._backend.connect_tcp(host, self._port, timeout=self._timeout_s)
        try:
            stream = await stream.start_tls(self._context, host, timeout=self._timeout_s)
            spoken = stream.get_extra_info("ssl_object")
            return spoken.getpeercert(binary_form=True) or b""
        finally:
            with contextlib.suppress(Exception):
                await stream.aclose()


def _unverified() -> ssl.SSLContext:
    """A client that shakes hands with anybody, old protocols excepted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
