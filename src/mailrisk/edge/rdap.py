"""Asks registries about domains: RDAP over HTTP (RFC 7480, RFC 9082 §3.1.3).

The server comes from the shipped bootstrap registry and never from what is asked about; a registry may
redirect (RFC 7480 §5.2), and every hop passes :mod:`.egress`. Registries are shared goods: few questions at
a time go to each, answers are kept long, and one that says "too many" or fails is left alone for a while.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

from mailrisk import __version__
from mailrisk.collect.rdap import MAX_ANSWER_BYTES, read_bootstrap, read_domain, server_for
from mailrisk.edge.fetch import DIRECT, BadStatus, Egress, Limits, fetch
from mailrisk.edge.remembered import Remembered
from mailrisk.model.domain import Registration
from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.model.facts import Fact, FactKey

USER_AGENT = f"mailrisk/{__version__} (domain facts)"

_KEEP_S = 86_400.0  # dates of a registration hardly ever change
_KEEP_YOUNG_S = 3_600.0  # but a new domain is put on hold, or taken down, any hour
_KEEP_ABSENT_S = 3_600.0
_KEEP_FAILED_S = 60.0
_YOUNG = timedelta(days=90)
_CACHE = 50_000  # answers, below 1 kB each
_AT_ONCE = 4  # questions to one server at a time
_FAILURES = 3  # in a row, after which a server is left alone for _KEEP_FAILED_S


class Rdap:
    """Answers ``("rdap", registrable domain)`` with a :class:`Registration`.

    ``absent`` with ``no-server`` (its top-level domain has none in the bootstrap) or ``not-found`` (the
    registry does not know the domain); ``temperror`` with what went wrong. Never raises.
    ``servers`` maps domains to base URLs (default: the shipped bootstrap). ``timeout_s`` is for one
    answer with all its redirects.
    """

    def __init__(
        self,
        servers: Mapping[str, str] | None = None,
        *,
        timeout_s: float = 4.0,
        egress: Egress = DIRECT,
        cache_size: int = _CACHE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._servers = load_bootstrap()[1] if servers is None else servers
        self._egress = egress
        self._limits = Limits(
            max_bytes=MAX_ANSWER_BYTES, max_ratio=20, total_s=timeout_s, connect_s=timeout_s / 2,
            read_s=timeout_s, max_redirects=2,
        )  # fmt: skip
        self._now = now
        self._turns: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Semaphore]] = {}
        self._failed: dict[str, tuple[int, float]] = {}  # server -> failures in a row, time of the last
        self._answers = Remembered(self._ask, cache_size, now)

    async def lookup(self, key: FactKey) -> Fact:
        """The registration, from memory while the answer lives."""
        if key.topic != "rdap":
            return Fact("not-checked")
        return await self._answers.lookup(key)

    async def _ask(self, key: FactKey) -> tuple[Fact, float]:
        server = server_for(key.name, self._servers)
        if not server:
            return Fact("absent", "no-server"), _KEEP_S
        failures, last = self._failed.get(server, (0, 0.0))
        if failures >= _FAILURES and self._now() < last + _KEEP_FAILED_S:
            return Fact("temperror", "the registry does not answer"), 1.0
        try:
            async with self._turn(server):
                found = await self._fetch(f"{server}domain/{key.name}", key.name)
        except (BadInput, Unavailable) as error:
            if isinstance(error, BadStatus) and 400 <= error.status < 500 and error.status != 429:
                # The server is well, and does not like the question, which whoever asks may have chosen.
                return _refused(error)
            self._failed[server] = (failures + 1, self._now())
            return Fact("temperror", str(error)[:200]), _KEEP_FAILED_S
        self._failed.pop(server, None)
        return Fact("found", found), _keep_s(found)

    def _turn(self, server: str) -> asyncio.Semaphore:
        """Lets _AT_ONCE questions to a server through. A semaphore belongs to its event loop."""
        loop = asyncio.get_running_loop()
        known = self._turns.get(server)
        if known is None or known[0] is not loop:
            known = self._turns[server] = (loop, asyncio.Semaphore(_AT_ONCE))
        return known[1]

    async def _fetch(self, url: str, domain: str) -> Registration:
        headers = {"Accept": "application/rdap+json, application/json", "User-Agent": USER_AGENT}
        with tempfile.TemporaryDirectory(prefix="mailrisk-rdap-") as folder:
            answer = await fetch(url, Path(folder), headers=headers, limits=self._limits, egress=self._egress)
            assert answer.path is not None
            return read_domain(answer.path.read_bytes(), domain)


def _refused(error: BadStatus) -> tuple[Fact, float]:
    if error.status == 404:
        return Fact("absent", "not-found"), _KEEP_ABSENT_S
    return Fact("temperror", str(error)), _KEEP_FAILED_S


def _keep_s(found: Registration) -> float:
    began = found.registered_at
    young = began is not None and datetime.now(UTC) - began < _YOUNG
    return _KEEP_YOUNG_S if young or began is None else _KEEP_S


def load_bootstrap() -> tuple[str, Mapping[str, str]]:
    """(date of publication, domain -> base URL) of the shipped registry, ``data/rdap/dns.json``."""
    return read_bootstrap((files("mailrisk") / "data" / "rdap" / "dns.json").read_bytes())
