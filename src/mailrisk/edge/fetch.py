"""Fetching a file over HTTP, on a schedule, from a server that may have turned hostile.

Conditional (RFC 9110 §13: ``If-None-Match``, ``If-Modified-Since``), streamed to disk, bounded in every
direction by :class:`Limits`: size on the wire and unpacked, total time, least speed, redirects. Every
connection passes :mod:`.egress`, also after a redirect. A redirect from https to http is refused, and
headers that hold a key go to the first origin alone.

httpcore is used as it is, without httpx on top: we need its connection pool and its network
back end, and do redirects, decoding and limits ourselves because each is a defence here.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
import tempfile
import time
from collections.abc import AsyncIterable, Mapping
from pathlib import Path
from typing import IO
from urllib.parse import urljoin, urlsplit

import certifi
import httpcore
import msgspec

from mailrisk import __version__
from mailrisk.edge.egress import GuardedBackend, check_public
from mailrisk.edge.unpack import unpack
from mailrisk.model.errors import BadUrl, EgressRefused, TooLarge, Unavailable
from mailrisk.model.url.canonical import Url, parse_url

USER_AGENT = f"mailrisk/{__version__} (feed fetcher)"

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one fetch may cost. Bytes count on the wire and again after unpacking.

    ``min_rate``: less than this many bytes a second over ``rate_window_s`` ends the fetch.
    """

    max_bytes: int = 256 * 1024 * 1024
    max_ratio: int = 100
    total_s: float = 600.0
    connect_s: float = 10.0
    read_s: float = 30.0
    min_rate: int = 512
    rate_window_s: float = 30.0
    max_redirects: int = 5


class Validators(msgspec.Struct, frozen=True):
    """What names the version of a resource (RFC 9110 §8.8); '' where the server gave none."""

    etag: str = ""
    last_modified: str = ""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome. ``path`` is a file that now belongs to the caller; None when nothing changed."""

    validators: Validators
    path: Path | None = None
    size: int = 0
    content_type: str = ""
    host: str = ""  # of the last hop; the full URL may hold a key
    headers: Mapping[str, str] = {}  # of the last answer, names in lower case

    @property
    def changed(self) -> bool:
        """Whether there is something new to read."""
        return self.path is not None


class Egress(msgspec.Struct, frozen=True, kw_only=True):
    """The way out, as configured.

    ``proxy`` (``http://[user:password@]host:port``) then resolves names itself, and its own rules decide
    where they lead. ``allow_private`` exempts the host and port of the URL asked for, and nothing that
    it redirects to: for a partner in the same network, and for tests.
    """

    proxy: str = ""
    allow_private: bool = False
    backend: httpcore.AsyncNetworkBackend | None = None


class BadStatus(Unavailable):
    """The server answered, and not with 200."""

    def __init__(self, host: str, status: int) -> None:
        super().__init__(f"{host}: HTTP {status}")
        self.status = status


NOTHING_KNOWN = Validators()
DEFAULT_LIMITS = Limits()
DIRECT = Egress()


async def fetch(
    url: str,
    into: Path,
    *,
    validators: Validators = NOTHING_KNOWN,
    headers: Mapping[str, str] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    egress: Egress = DIRECT,
) -> Fetched:
    """Fetches ``url`` into a new file in the directory ``into``, unpacked if it was gzip or a zip of one file.

    ``headers`` go to the origin of ``url`` alone. BadUrl, EgressRefused: a place that we do not open.
    TooLarge: over a limit of size. Unavailable: no usable answer in time (BadStatus: another than 200). On an error no file is left.
    Messages name the host only, because a URL may hold a key.
    """
    target = _target(url)
    try:
        async with asyncio.timeout(limits.total_s), _pool(target, egress) as pool:
            fetched = await _follow(pool, target, into, validators, headers or {}, limits, egress)
    except TimeoutError:
        raise Unavailable(f"{target.host}: not finished within {limits.total_s:g} s") from None
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Unavailable(f"{target.host}: {str(error) or type(error).__name__}") from None
    except (httpcore.ProxyError, httpcore.UnsupportedProtocol) as error:
        raise Unavailable(f"{target.host}: {error}") from None
    if fetched.path is None:
        return fetched
    # Outside the time limit, because a thread cannot be cancelled; its work is bounded by the limits.
    path = await asyncio.to_thread(unpack, fetched.path, limits.max_bytes, limits.max_ratio)
    return msgspec.structs.replace(fetched, path=path, size=path.stat().st_size)


def _target(url: str) -> Url:
    target = parse_url(url)
    if target.scheme not in _DEFAULT_PORTS:
        raise BadUrl(f"scheme {target.scheme!r} is not fetched")
    return target


def _origin(url: Url) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or _DEFAULT_PORTS[url.scheme]


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The certificate authorities; reading them takes tens of milliseconds, so it is done once."""
    return ssl.create_default_context(cafile=certifi.where())


def _pool(target: Url, egress: Egress) -> httpcore.AsyncConnectionPool:
    """A pool of one fetch. It lives as long as the fetch, so that no connection outlives its check."""
    context = _trusted()
    if egress.proxy:
        proxy = urlsplit(egress.proxy)
        auth = (proxy.username, proxy.password or "") if proxy.username else None
        address = f"{proxy.scheme}://{proxy.hostname}:{proxy.port or 3128}"
        return httpcore.AsyncHTTPProxy(
            address, proxy_auth=auth, ssl_context=context, network_backend=egress.backend
        )
    _, host, port = _origin(target)
    exempt = frozenset({(host.strip("[]"), port)}) if egress.allow_private else frozenset()
    backend = egress.backend or GuardedBackend(exempt)
    return httpcore.AsyncConnectionPool(ssl_context=context, network_backend=backend)


async def _follow(
    pool: httpcore.AsyncConnectionPool,
    target: Url,
    into: Path,
    validators: Validators,
    secret: Mapping[str, str],
    limits: Limits,
    egress: Egress,
) -> Fetched:
    """Follows redirects to the answer."""
    url = target
    for _ in range(limits.max_redirects + 1):
        _check_literal(url, target, egress)
        sent = _headers(validators, secret if _origin(url) == _origin(target) else {})
        timeout = {"connect": limits.connect_s, "read": limits.read_s, "write": limits.read_s}
        extensions = {"timeout": timeout | {"pool": limits.connect_s}}
        async with pool.stream("GET", url.text, headers=sent, extensions=extensions) as response:
            answer = {name.decode("latin-1").lower(): v.decode("latin-1") for name, v in response.headers}
            if response.status == 304 and validators != NOTHING_KNOWN:
                return Fetched(validators=validators, host=url.host)
            if response.status == 200:
                return await _save(response.aiter_stream(), url, answer, into, limits)
            if response.status not in _REDIRECTS or "location" not in answer:
                raise BadStatus(url.host, response.status)
        url = _redirected(url, answer["location"])
    raise Unavailable(f"{target.host}: more than {limits.max_redirects} redirects")


def _redirected(url: Url, location: str) -> Url:
    try:
        following = _target(urljoin(url.text, location))
    except ValueError:
        raise Unavailable(f"{url.host}: redirects to something that is no URL") from None
    if url.scheme == "https" and following.scheme == "http":
        raise EgressRefused(f"{url.host} redirects from https to http")
    return following


def _check_literal(url: Url, target: Url, egress: Egress) -> None:
    """Refuses an address given as such also behind a proxy, where we resolve nothing."""
    if url.is_ip and not (egress.allow_private and _origin(url) == _origin(target)):
        check_public(url.ip)


def _headers(validators: Validators, secret: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    sent = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "gzip", "Connection": "close"}
    if validators.etag:
        sent["If-None-Match"] = validators.etag
    if validators.last_modified:
        sent["If-Modified-Since"] = validators.last_modified
    # A server's ETag may hold any octet (RFC 9110 §8.8.3), and is sent back as it came.
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in {**sent, **secret}.items()]


async def _save(
    body: AsyncIterable[bytes], url: Url, answer: Mapping[str, str], into: Path, limits: Limits
) -> Fetched:
    """Writes the body to a file and unpacks it."""
    encoding = answer.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise Unavailable(f"{url.host}: content encoding {encoding[:20]!r}, which was not asked for")
    length = answer.get("content-length", "")
    if length.isdecimal() and (len(length) > 15 or int(length) > limits.max_bytes):
        raise TooLarge("body", f"announced {length[:20]} bytes, more than {limits.max_bytes}")
    with tempfile.NamedTemporaryFile(dir=into, prefix="fetch-", delete=False) as file:
        path = Path(file.name)
        try:
            await _stream(body, file, url, limits)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return Fetched(
        validators=Validators(answer.get("etag", "")[:1000], answer.get("last-modified", "")[:100]),
        path=path,
        content_type=answer.get("content-type", "").partition(";")[0].strip().lower()[:100],
        host=url.host,
        headers=answer,
    )


async def _stream(body: AsyncIterable[bytes], file: IO[bytes], url: Url, limits: Limits) -> None:
    size = window_size = 0
    window_start = time.monotonic()
    async for chunk in body:
        size += len(chunk)
        if size > limits.max_bytes:
            raise TooLarge("body", f"more than {limits.max_bytes} bytes")
        file.write(chunk)
        window_size += len(chunk)
        elapsed = time.monotonic() - window_start
        if elapsed >= limits.rate_window_s:
            if window_size < limits.min_rate * elapsed:
                raise Unavailable(f"{url.host}: slower than {limits.min_rate} bytes a second")
            window_size, window_start = 0, time.monotonic()
