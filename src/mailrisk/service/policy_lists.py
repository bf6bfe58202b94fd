"""weakforced's own lists for the login policy: addresses, networks and accounts that an operator names, for a time.

They hold for the answers to mail servers alone and are no intelligence: nothing of them is published. The whitelist
beats the blacklist, and both beat what the analysis says. A change is on the disk before it is answered; the
table is written anew at every start, without what has run out.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from mailrisk.model.errors import BadInput
from mailrisk.model.ip import parse_network
from mailrisk.store.event_log import EventLog, Position

MAX_ENTRIES: Final = 100_000
MAX_REASON: Final = 500
MAX_SECONDS: Final = 10 * 366 * 86_400

Which = Literal["black", "white"]


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry: of an address, an account, or an account at an address. ``network`` is CIDR, '' for any."""

    which: Which
    network: str
    login: str
    expire_at: datetime
    reason: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What it is about."""
        return self.network, self.login


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[bool, Entry]).decode  # (added, entry)


class PolicyLists:
    """The lists of one installation. ``changed`` must be awaited, in a thread, before a change is answered."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        """Reads what is there. Unavailable: the folder cannot be written."""
        self._clock = clock
        self._tables: dict[Which, dict[tuple[str, str], Entry]] = {"black": {}, "white": {}}
        self._lengths: Counter[tuple[int, int]] = Counter()  # (version, prefix length) -> entries
        self._log = EventLog(folder)
        for payload in self._log.replay():
            added, entry = _decode(payload)
            self._put(entry) if added else self._take(entry)
        begun = self._log.sync()
        for table in self._tables.values():
            for entry in [entry for entry in table.values() if entry.expire_at <= clock()]:
                self._take(entry)
            for entry in table.values():
                self._log.append(_encode((True, entry)))
        self._log.sync()
        self._log.forget(Position(begun.segment))

    def add(self, which: Which, ip: str, login: str, seconds: int, reason: str) -> None:
        """Enters an address or network ('' for any) and account ('' for any). BadInput: it makes no sense."""
        if not 0 < seconds <= MAX_SECONDS:
            raise BadInput("expire_secs", f"is not between 1 and {MAX_SECONDS}")
        if sum(map(len, self._tables.values())) >= MAX_ENTRIES:
            raise BadInput("list", f"it holds {MAX_ENTRIES} entries already")
        until = datetime.fromtimestamp(self._clock().timestamp() + seconds, tz=self._clock().tzinfo)
        entry = Entry(which, _network(ip), login, until, reason[:MAX_REASON])
        self._put(entry)
        self._log.append(_encode((True, entry)))

    def remove(self, which: Which, ip: str, login: str) -> None:
        """Takes an entry out, if it is there."""
        entry = self._tables[which].get((_network(ip), login))
        if entry is not None:
            self._take(entry)
            self._log.append(_encode((False, entry)))

    def changed(self) -> None:
        """Puts the changes on the disk. OSError: it is full."""
        self._log.sync()

    def entries(self, which: Which) -> list[Entry]:
        """What is in force, the oldest first."""
        now = self._clock()
        return [entry for entry in self._tables[which].values() if entry.expire_at > now]

    def find(self, which: Which, ip: str, login: str) -> Entry | None:
        """The entry in force that covers a login: of its address or network, of its account, or of both."""
        table = self._tables[which]
        if not table:
            return None
        now = self._clock()
        for network in ("", *self._networks(ip)):
            for account in {"", login}:
                entry = table.get((network, account))
                if entry is not None and entry.expire_at > now and entry.key != ("", ""):
                    return entry
        return None

    def close(self) -> None:
        """Writes what waits."""
        self._log.close()

    def _networks(self, ip: str) -> list[str]:
        """The networks around an address of the lengths that occur, the longest first."""
        if not ip:
            return []
        version = 6 if ":" in ip else 4
        lengths = sorted((length for known, length in self._lengths if known == version), reverse=True)
        return [str(ipaddress.ip_network(f"{ip}/{length}", strict=False)) for length in lengths]

    def _put(self, entry: Entry) -> None:
        before = self._tables[entry.which].pop(entry.key, None)
        self._tables[entry.which][entry.key] = entry
        if before is None and entry.network:
            self._lengths[_length(entry)] += 1

    def _take(self, entry: Entry) -> None:
        if self._tables[entry.which].pop(entry.key, None) is not None and entry.network:
            self._lengths[_length(entry)] -= 1
            self._lengths += Counter()  # Drops what is no more.


def _network(ip: str) -> str:
    return parse_network(ip) if ip else ""


def _length(entry: Entry) -> tuple[int, int]:
    return 6 if ":" in entry.network else 4, int(entry.network.partition("/")[2])
