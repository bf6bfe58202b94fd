"""Records of addresses and accounts in Valkey (or Redis), for nodes that count together; see ``analyse/records.py``.

Each record is one hash: ``r`` the payload, ``o`` and ``u`` who has taken it and until when. Every step is one script on
one key, so that a cluster may hold them. Whoever has taken a record and dies loses it after LEASE_MS; what he
puts after that is refused, for somebody else may have counted since.

What matters lives longer than the rest. With ``maxmemory`` and ``maxmemory-policy volatile-ttl`` the server drops
what would end first: the oldest of those of which nothing was said, however many new addresses come.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import valkey
from valkey.exceptions import ValkeyError

from mailrisk.model.errors import Unavailable

LARGEST: Final = 1024 * 1024
"""Bytes of a payload; an address that attacks 128 accounts needs 60 kB."""

LEASE_MS: Final = 1_000
"""How long a record may be taken: a thousand times what an event needs."""

KEPT_S: Final = 90 * 86_400
KEPT_LONGER_S: Final = 400 * 86_400
"""How long a record is kept after it was last put: one that matters as long as evidence against it may weigh."""

TIMEOUT_S: Final = 1.0
AWAY_S: Final = 5.0
"""For so long nothing more is asked of a server that did not answer: events must not wait for it one by one."""

_TAKE: Final = """
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'o', 'u', 'r')
if held[1] and held[1] ~= ARGV[1] and tonumber(held[2]) > ms then return {0} end
redis.call('HSET', KEYS[1], 'o', ARGV[1], 'u', ms + ARGV[2])
if not held[3] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return {1, held[3]}
"""
"""Owner, lease. -> {0}: another one has it; {1, payload or nil}."""

_PUT: Final = """
if redis.call('HGET', KEYS[1], 'o') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'o', 'u')
redis.call('HSET', KEYS[1], 'r', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
"""Owner, payload, seconds that it is kept. -> 0: the lease is over."""

_REPLACE: Final = """
if redis.call('HGET', KEYS[1], 'r') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'r', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
"""Payload before, payload, seconds. -> 0: it is another one. It may be taken: who has it will put his own, and is right."""

_GIVE_BACK: Final = """
if redis.call('HGET', KEYS[1], 'o') == ARGV[1] then redis.call('HDEL', KEYS[1], 'o', 'u') end
return 1
"""


class ValkeyRecords:
    """One node's view. ``prefix`` begins every key; all nodes of one installation have the same."""

    is_shared = True
    largest = LARGEST
    keeps_what_matters = True

    def __init__(self, url: str, prefix: str = "mailrisk:login:") -> None:
        """``url``: valkey://[user:password@]host:port/db, or valkeys:// with TLS. Nothing is asked yet."""
        self._client = valkey.Valkey.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry_on_timeout=False
        )
        self._prefix = prefix.encode()
        self._me = secrets.token_hex(8)
        self._away_until = 0.0
        register = self._client.register_script
        self._take, self._put = register(_TAKE), register(_PUT)
        self._replace, self._give_back = register(_REPLACE), register(_GIVE_BACK)

    def get(self, number: int) -> bytes | None:
        """The payload, to be looked at."""
        found = self._ask(self._client.hget, self._key(number), "r")
        return None if found is None else bytes(found)

    def take(self, number: int) -> bytes | None:
        """The payload, to be changed. Unavailable: the server is away, or somebody else has it for too long."""
        deadline = time.monotonic() + 2 * LEASE_MS / 1000
        while True:
            taken, *payload = self._run(self._take, number, self._me, LEASE_MS)
            if taken:
                return bytes(payload[0]) if payload and payload[0] is not None else None
            if time.monotonic() > deadline:
                raise Unavailable("a counter of an address is held by another node")
            time.sleep(0.001)

    def put(self, number: int, payload: bytes, *, before: bytes | None = None, matters: bool = False) -> bool:
        """Puts what was taken; with ``before`` what was not, unless it has changed. False: it was not put."""
        kept = KEPT_LONGER_S if matters else KEPT_S
        if before is None:
            return bool(self._run(self._put, number, self._me, payload, kept))
        return bool(self._run(self._replace, number, before, payload, kept))

    def give_back(self, number: int) -> None:
        """Ends a ``take`` that changed nothing."""
        self._run(self._give_back, number, self._me)

    def remove(self, number: int) -> None:
        """Forgets a number, if it is known."""
        self._ask(self._client.delete, self._key(number))

    def parts(self) -> Iterator[bytes]:
        """Nothing: the server keeps them."""
        return iter(())

    def restore(self, parts: Iterator[bytes]) -> None:
        """Nothing: they are there."""

    def __len__(self) -> int:
        """How many there are: all keys are looked at, which takes a second for a million."""
        return sum(1 for _ in self._client.scan_iter(match=self._prefix + b"*", count=1_000))

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()  # type: ignore[no-untyped-call]

    def _key(self, number: int) -> bytes:
        return self._prefix + b"%016x" % number

    def _run(self, script: Any, number: int, *arguments: Any) -> Any:
        return self._ask(script, keys=[self._key(number)], args=list(arguments))

    def _ask(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        if time.monotonic() < self._away_until:
            raise Unavailable("the server of the counters is away")
        try:
            return call(*arguments, **named)
        except ValkeyError as error:
            self._away_until = time.monotonic() + AWAY_S
            raise Unavailable(f"the server of the counters does not answer: {type(error).__name__}") from None
