"""Posting one small document to a receiver that the administrator named, or asking it for one.

The connection passes :mod:`.egress`, no redirect is followed (a receiver that moved is configured anew), and
of the answer no more is read than the caller wants.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit

import certifi
import httpcore
import msgspec

from mailrisk import __version__
from mailrisk.edge.egress import GuardedBackend, check_public
from mailrisk.edge.fetch import DIRECT, Egress
from mailrisk.model.errors import BadUrl, Unavailable
from mailrisk.model.url.canonical import Url, parse_url

USER_AGENT = f"mailrisk/{__version__} (webhook)"
MAX_ANSWER = 64 * 1024
"""Bytes of the answer's body that are read, so that the connection ends in order."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


class Answer(msgspec.Struct, frozen=True):
    """What came back; ``body`` is the beginning of it if it was too long. Names of headers are in lower case."""

    status: int
    body: bytes
    whole: bool = True
    headers: Mapping[str, str] = {}


async def post(
    url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float = 15.0, egress: Egress = DIRECT
) -> int:
    """Posts ``body`` and returns the status of the answer. Errors as ``exchange``."""
    return (await exchange(url, body, headers, timeout_s=timeout_s, egress=egress)).status


async def exchange(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout_s: float = 15.0,
    most: int = MAX_ANSWER,
    egress: Egress = DIRECT,
    method: str = "POST",
) -> Answer:
    """Sends ``body`` and returns the answer, of which ``most`` bytes are read.

    BadUrl, EgressRefused: a place that we do not open. Unavailable: no answer in time. Messages name the
    host only, because a URL may hold a key.
    """
    target = parse_url(url)
    if target.scheme not in _DEFAULT_PORTS:
        raise BadUrl(f"scheme {target.scheme!r} is not posted to")
    if target.is_ip and not egress.allow_private:
        check_public(target.ip)
    sent = {"User-Agent": USER_AGENT, "Content-Length": str(len(body)), "Connection": "close", **headers}
    try:
        async with asyncio.timeout(timeout_s), _pool(target, egress) as pool:
            return await _send(pool, method, target, body, sent, most)
    except TimeoutError:
        raise Unavailable(f"{target.host}: no answer within {timeout_s:g} s") from None
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Unavailable(f"{target.host}: {str(error) or type(error).__name__}") from None
    except (httpcore.ProxyError, httpcore.UnsupportedProtocol) as error:
        raise Unavailable(f"{target.host}: {error}") from None


async def _send(
    pool: httpcore.AsyncConnectionPool,
    method: str,
    target: Url,
    body: bytes,
    headers: Mapping[str, str],
    most: int,
) -> Answer:
    pairs = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
    async with pool.stream(method, target.text, headers=pairs, content=body) as response:
        said = {name.decode("latin-1").lower(): v.decode("latin-1") for name, v in response.headers}
        read = bytearray()
        async for chunk in response.aiter_stream():
            read += chunk
            if len(read) > most:
                return Answer(response.status, bytes(read[:most]), whole=False, headers=said)
        return Answer(response.status, bytes(read), headers=said)


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


def _pool(target: Url, egress: Egress) -> httpcore.AsyncConnectionPool:
    if egress.proxy:
        proxy = urlsplit(egress.proxy)
        auth = (proxy.username, proxy.password or "") if proxy.username else None
        address = f"{proxy.scheme}://{proxy.hostname}:{proxy.port or 3128}"
        return httpcore.AsyncHTTPProxy(
            address, proxy_auth=auth, ssl_context=_trusted(), network_backend=egress.backend
        )
    origin = (target.host.strip("[]"), target.port or _DEFAULT_PORTS[target.scheme])
    exempt = frozenset({origin}) if egress.allow_private else frozenset()
    return httpcore.AsyncConnectionPool(
        ssl_context=_trusted(), network_backend=egress.backend or GuardedBackend(exempt)
    )
