"""What is known of each address, in bounded memory that an attacker cannot wash clean.

Addresses of which nothing was said, nearly all of them, are packed into bytes (``light.py``); the others, and
the few that are too large for it, are objects. Each table forgets by itself when it is full: a flood of new
addresses pushes out its own kind and never an address that matters.

Several nodes that count together keep the bytes of all of them in records that they share (``analyse/records.py``); an
address is then taken for an event and put back after it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from mailrisk.analyse.login.judge import ATTACKS, COMPANY
from mailrisk.analyse.login.light import LightTable, packed_key
from mailrisk.analyse.login.tally import Tally
from mailrisk.analyse.records import Records

MAX_LIGHT: Final = 10_000_000
MAX_HEAVY: Final = 50_000
"""Addresses in each table: about 150 bytes for each light one, taken as they come; a heavy one needs up to
60 KB, and only an address that attacks 128 accounts needs that much."""

OPEN: Final = 512
"""Addresses seen last that are not packed: one event may have to do with 128 of them."""

MAX_AT_HOME: Final = 512
"""Accounts that are remembered as having logged in from one address."""

MAX_SECRETS: Final = 8
"""Wrong passwords that are remembered of one account at one address, as short hashes."""

RENEWED_S: Final = 3 * 86_400
"""After this time the same is said once more of an address that goes on, so that it does not fade."""

MAX_STALE: Final = 64
"""Accounts at one address whose wrong passwords are remembered."""

_NAMES: Final = {
    "at_home": "h", "tallies": "t", "first_failure_at": "f", "failures": "n", "last_ip": "i", "last_at": "l", "secrets": "s",
}  # fmt: skip
"""Short names of what most addresses have, for their packed form."""


class Source(msgspec.Struct, omit_defaults=True, rename=_NAMES):
    """One address (an IPv6 /64): who is at home there, and what failed."""

    at_home: dict[str, None] = {}  # accounts that have logged in from here
    tallies: list[Tally | None] = []  # one for each window of the settings
    first_failure_at: datetime | None = None
    failures: int = 0  # ever
    last_ip: str = ""  # of a failure; differs from the key for IPv6
    hits: int = 0  # accounts that logged in after failing, while an attack went on
    reported: bool = False
    honest_value: float = 0.0  # of the evidence that was given for honest use
    together: dict[str, tuple[float, datetime]] = {}  # code -> largest value given for its company, and when
    last_at: datetime | None = None  # of a failure
    attacked_at: datetime | None = None  # of a failure after which it counted as an attacker
    moved: bool = False  # it has failed from more than one address of its /64
    returned: bool = False  # it attacked, was quiet, and has failed again; nothing was said of that yet
    secrets: dict[str, list[str]] = {}  # account -> its wrong passwords here, as short hashes
    reporter: str = ""  # the API key that told of its failures, if none came from our own servers and logs

    @property
    def matters(self) -> bool:
        """Whether something was said of the address, so that forgetting it would lose more than a few counters."""
        return self.reported or any(tally.said for tally in self.tallies if tally is not None)

    def is_stale(self, account: str, secret: str) -> bool:
        """Whether this account has failed here with this very password before: a client that repeats itself.

        The first try counts as a failure and is remembered. '' is no known password.
        """
        if not (account and secret):
            return False
        tried = self.secrets.get(account)
        if tried is None:
            if len(self.secrets) < MAX_STALE:
                self.secrets[account] = [secret]
            return False
        if secret in tried:
            return True
        if len(tried) < MAX_SECRETS:
            tried.append(secret)
        return False

    def fail(self, attempts: int, ip: str, at: datetime, quiet_s: int, reporter: str = "") -> None:
        """Takes in a failure; one that comes after long quiet begins anew.

        Of several API keys the latest answers for what they told; what we have seen ourselves is nobody's word.
        """
        if self.reporter or not self.failures:
            self.reporter = reporter
        self.failures += attempts
        self.first_failure_at = self.first_failure_at or at
        if self.last_at is not None and (at - self.last_at).total_seconds() >= quiet_s:
            self.together.clear()
            self.returned = self.attacked_at is not None
        self.last_at = max(self.last_at or at, at)
        self.moved = self.moved or self.last_ip not in ("", ip)
        self.last_ip = ip

    def is_news(self, code: str, value: float, at: datetime) -> bool:
        """Whether what it does in company is to be told: more than before, or again after RENEWED_S; it is noted."""
        known = self.together.get(code)
        if known is not None and value <= known[0] and (at - known[1]).total_seconds() < RENEWED_S:
            return False
        self.together[code] = (value if known is None else max(value, known[0]), at)
        return True

    @property
    def is_convicted(self) -> bool:
        """Whether an open window convicts it by itself."""
        return any(code in ATTACKS for tally in self.tallies if tally is not None for code in tally.said)

    @property
    def is_attacker(self) -> bool:
        """Whether it is convicted, by itself or by its company."""
        return any(code in self.together for code in COMPANY) or self.is_convicted

    def clear(self) -> None:
        """Begins anew with the address; who is at home there stays."""
        self.tallies = [None] * len(self.tallies)
        self.first_failure_at, self.failures, self.hits = None, 0, 0
        self.secrets.clear()
        self.together.clear()

    @property
    def is_clean(self) -> bool:
        """Whether every failure in the open windows has been forgiven."""
        return all(tally is None or tally.failures <= 0 for tally in self.tallies)


class SourcesState(msgspec.Struct, array_like=True):
    """What ``Sources`` knows beside its packed table, by counting key."""

    heavy: dict[str, Source]


class Sources:
    """All addresses, by counting key.

    What ``touch`` and ``get`` give may be changed until ``end``: the latest OPEN ones stay as they are before
    they are packed, unless others share the records.
    """

    def __init__(
        self,
        windows: int,
        max_light: int = MAX_LIGHT,
        max_heavy: int = MAX_HEAVY,
        seed: bytes = b"",
        records: Records | None = None,
    ) -> None:
        self._windows = windows
        self._max_heavy = max_heavy
        self._light: Records = LightTable(max_light, seed) if records is None else records
        self._heavy: OrderedDict[str, Source] = OrderedDict()
        self._open: dict[str, Source] = {}
        self._read: dict[str, bytes | None] = {}  # of shared records: what an open one was, as read
        self._taken: set[str] = set()  # of them: those that nobody else may change
        self.lost = 0  # changes of shared records that came too late

    def __len__(self) -> int:
        """How many addresses are known."""
        self._settle(0)
        return len(self._light) + len(self._heavy)

    def state(self) -> SourcesState:
        """What is known beside ``parts``; the table itself, so encode it at once."""
        self._settle(0)
        return SourcesState(self._heavy)

    def parts(self) -> Iterator[bytes | memoryview]:
        """The packed table, in pieces: views of it, so write them at once."""
        self._settle(0)
        return self._light.parts()

    def restore(self, state: SourcesState, parts: Iterator[bytes]) -> None:
        """Goes on from a state and its parts. msgspec.MsgspecError: they are none."""
        self._light.restore(parts)
        self._heavy, self._open = OrderedDict(state.heavy), {}

    def touch(self, key: str) -> Source:
        """The address, made the most recently seen one; a new one if it is not known."""
        if len(self._open) >= 2 * OPEN:
            self._settle(OPEN)
        source = self._open.pop(key, None) or self._known(key, to_change=True)
        source = self._open[key] = source or Source(tallies=[None] * self._windows)
        return source

    def get(self, key: str) -> Source | None:
        """The address if it is known."""
        source = self._open.get(key)
        if source is None and (source := self._known(key)) is not None:
            self._open[key] = source
        return source

    def peek(self, key: str) -> Source | None:
        """The address if it is known, to be read alone: a question, and nothing that was seen of it."""
        source = self._open.get(key) or self._heavy.get(key)
        if source is None and (raw := self._light.get(packed_key(key))) is not None:
            source = unpack(key, raw)
        return source

    def end(self) -> None:
        """An event is over: what others share is put back."""
        if self._light.is_shared and self._open:
            self._settle(0)

    def all(self) -> Iterator[tuple[str, Source]]:
        """Every address of which something was said, least recently seen first."""
        self._settle(0)
        yield from self._heavy.items()

    def _known(self, key: str, *, to_change: bool = False) -> Source | None:
        source = self._heavy.pop(key, None)
        number = packed_key(key)
        if source is not None or not number:
            return source
        raw = self._light.take(number) if to_change else self._light.get(number)
        if self._light.is_shared:
            self._read[key] = raw
            if to_change:
                self._taken.add(key)
        return None if raw is None else unpack(key, raw)

    def _settle(self, keep: int) -> None:
        """Puts all but the ``keep`` latest open addresses back into the tables."""
        for key in list(self._open)[: max(0, len(self._open) - keep)]:
            source, number = self._open.pop(key), packed_key(key)
            kept_elsewhere = source.matters and not self._light.keeps_what_matters
            raw = b"" if kept_elsewhere or not number else pack(key, source)
            if raw and len(raw) <= self._light.largest:
                self._put(key, number, raw, matters=source.matters)
                continue
            self._light.remove(number)
            if len(self._heavy) >= self._max_heavy:
                self._heavy.popitem(last=False)
            self._heavy[key] = source

    def _put(self, key: str, number: int, raw: bytes, *, matters: bool) -> None:
        if not self._light.is_shared:
            self._light.put(number, raw)
            return
        taken, before = key in self._taken, self._read.pop(key, None)
        self._taken.discard(key)
        if raw != before:
            self.lost += not self._light.put(number, raw, before=None if taken else before, matters=matters)
        elif taken:
            self._light.give_back(number)


class _Packed(msgspec.Struct, array_like=True):
    """A source with equal tallies once: those of its windows mostly are."""

    source: Source  # without tallies
    tallies: list[msgspec.Raw]
    which: list[int]  # for each window: 0 for none, else 1 + the number of its tally


_encode = msgspec.msgpack.Encoder().encode
_packed = msgspec.msgpack.Decoder(_Packed)
_tally = msgspec.msgpack.Decoder(Tally)


def pack(key: str, source: Source) -> bytes:
    """The source as bytes; ``unpack`` gives its equal."""
    tallies: list[bytes] = []
    which = []
    for tally in source.tallies:
        raw = _encode(tally) if tally is not None else b""
        if raw and raw not in tallies:
            tallies.append(raw)
        which.append(1 + tallies.index(raw) if raw else 0)
    last_ip = _SAME if source.last_ip == key else source.last_ip
    bare = msgspec.structs.replace(source, tallies=[], last_ip=last_ip)
    return _encode(_Packed(bare, [msgspec.Raw(raw) for raw in tallies], which))


def unpack(key: str, raw: bytes) -> Source:
    """The source that ``pack`` made bytes of."""
    known = _packed.decode(raw)
    source = known.source
    source.tallies = [_tally.decode(known.tallies[one - 1]) if one else None for one in known.which]
    if source.last_ip == _SAME:
        source.last_ip = key
    return source


_SAME: Final = "="
