"""DNS behind one small seam: a question is a fact key, an answer a fact.

``analyse/message/auth/answers.py`` states the form of the values. A resolver never raises: what fails is the fact
``temperror``, and the verdict is made without it. The caller keeps the total budget of an assessment; a single
question costs at most ``timeout_s``.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

from mailrisk.model.facts import Fact, FactKey
from mailrisk.model.ip import parse_ip, split_port

_RRTYPES = ("A", "AAAA", "MX", "TXT", "PTR", "CNAME", "NS", "SOA")
_TTL_FOUND_S = (30.0, 86_400.0)  # shortest and longest time that an answer is kept
_TTL_ABSENT_S = 300.0  # RFC 2308 §5 suggests the SOA minimum; five minutes is what it mostly says
_TTL_FAILED_S = 20.0  # so that a dead name server is not asked for every message
_CACHE = 100_000  # answers
_RECORDS = 100  # records of one answer that are kept
_BYTES = 65_536  # of one TXT record


class Resolver(Protocol):
    """Answers one question."""

    async def lookup(self, key: FactKey) -> Fact:
        """The fact for ``("dns", name, rrtype)``. Never raises."""


class NoNetwork:
    """Looks nothing up: every answer is ``not-checked``."""

    async def lookup(self, key: FactKey) -> Fact:
        """Always ``not-checked``."""
        return Fact("not-checked")


class RecordedResolver:
    """Answers from a mapping, for tests and replays; what is not in it does not exist."""

    def __init__(self, answers: Mapping[FactKey, Fact]) -> None:
        self._answers = dict(answers)
        self.asked: list[FactKey] = []

    async def lookup(self, key: FactKey) -> Fact:
        """The recorded answer, or ``absent``."""
        self.asked.append(key)
        return self._answers.get(key, Fact("absent", "nxdomain"))


class DnsResolver:
    """Asks name servers with dnspython, and keeps answers for their time to live.

    ``nameservers`` are addresses (default: those of the system), ``port`` theirs. One question that many
    messages ask at the same time is asked once.
    """

    def __init__(
        self,
        nameservers: Sequence[str] = (),
        *,
        port: int = 53,
        timeout_s: float = 2.0,
        cache_size: int = _CACHE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeout_s = timeout_s
        self._cache_size = cache_size
        self._now = now
        self._cache: OrderedDict[FactKey, tuple[float, Fact]] = OrderedDict()
        self._running: dict[FactKey, asyncio.Task[Fact]] = {}
        self._resolver = _make(nameservers, port, timeout_s)

    async def lookup(self, key: FactKey) -> Fact:
        """The answer, from the cache while it lives. Takes at most ``timeout_s``."""
        if key.topic != "dns" or key.detail not in _RRTYPES:
            return Fact("not-checked")
        held = self._cache.get(key)
        if held is not None and held[0] > self._now():
            self._cache.move_to_end(key)
            return held[1]
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(self._ask(key))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(task)

    async def _ask(self, key: FactKey) -> Fact:
        """Asks the name servers and keeps what they say."""
        fact, lives_s = Fact("temperror", "no resolver is configured"), _TTL_FAILED_S
        if self._resolver is not None:
            try:
                async with asyncio.timeout(self._timeout_s):
                    fact, lives_s = await _query(self._resolver, key)
            except TimeoutError:
                fact = Fact("temperror", "timeout")
        self._cache[key] = (self._now() + lives_s, fact)
        while len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)
        return fact


def _make(nameservers: Sequence[str], port: int, timeout_s: float) -> dns.asyncresolver.Resolver | None:
    """dnspython's resolver; None when the system names no server."""
    try:
        resolver = dns.asyncresolver.Resolver(configure=not nameservers)
    except dns.exception.DNSException:
        return None
    if nameservers:
        resolver.nameservers = [_nameserver(text, port) for text in nameservers]
    resolver.lifetime = timeout_s
    resolver.timeout = timeout_s / 2
    return resolver


def _nameserver(text: str, port: int) -> dns.nameserver.Do53Nameserver:
    """A name server from ``IP`` or ``IP:port`` (IPv6 with a port in brackets). BadAddress for anything else."""
    ip, own_port = split_port(text)
    return dns.nameserver.Do53Nameserver(parse_ip(ip), own_port or port)


async def _query(resolver: dns.asyncresolver.Resolver, key: FactKey) -> tuple[Fact, float]:
    """One question to the servers: the fact, and how many seconds it may be kept."""
    try:
        name = dns.name.from_text(key.name + ".")
        answer = await resolver.resolve(name, key.detail, search=False)
    except dns.resolver.NXDOMAIN:
        return Fact("absent", "nxdomain"), _TTL_ABSENT_S
    except dns.resolver.NoAnswer:
        return Fact("absent", "nodata"), _TTL_ABSENT_S
    except (
        dns.name.LabelTooLong,
        dns.name.NameTooLong,
        dns.name.EmptyLabel,
        dns.name.BadEscape,
        UnicodeError,
    ):
        return Fact("absent", "nxdomain"), _TTL_ABSENT_S
    except dns.exception.Timeout:
        return Fact("temperror", "timeout"), _TTL_FAILED_S
    except (dns.exception.DNSException, OSError, EOFError) as error:
        return Fact("temperror", type(error).__name__), _TTL_FAILED_S
    assert answer.rrset is not None
    values = tuple(_value(key.detail, record) for record in list(answer.rrset)[:_RECORDS])
    shortest, longest = _TTL_FOUND_S
    return Fact("found", values), min(max(float(answer.rrset.ttl), shortest), longest)


def _value(rrtype: str, record: Any) -> object:
    """One record's data in the form that facts have."""
    if rrtype == "TXT":
        return b"".join(record.strings)[:_BYTES]
    if rrtype == "MX":
        return int(record.preference), record.exchange.to_text().rstrip(".").lower()
    if rrtype in ("PTR", "CNAME", "NS"):
        return record.target.to_text().rstrip(".").lower()
    return str(record.to_text())
