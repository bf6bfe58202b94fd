"""Writing the look-up index: changes applied to it in one LMDB transaction.

Keys are digests, so neighbours in the feed of changes are strangers in the file. What is to be written waits, and goes
to the file sorted and many at a time; a third of the cost of one put after the other.
"""

from __future__ import annotations

import struct
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

import msgspec

from mailrisk.model.change import Change, ChangeKind, KeyGrant, Listing
from mailrisk.model.subject import IP_KINDS, URL_SCOPES, Subject
from mailrisk.store import index_form as form
from mailrisk.store import index_host
from mailrisk.store.index_view import Tables

_USES = struct.Struct("<I")

MAX_WAITING: Final = 20_000
"""Rules that wait to be written: some 10 MB. A snapshot of ten millions is one transaction."""


_Waiting = dict[bytes, bytes | None]
"""What is to be written under a key in the place of what is there; None: nothing."""


class Fold:
    """One write transaction. Call ``finish`` before it commits."""

    def __init__(self, transaction: Any, tables: Tables) -> None:
        self._txn = transaction
        self._tables = tables
        self._hosts: dict[bytes, _Waiting] = {}  # host -> its rules
        self._rules: _Waiting = {}
        self._addresses: _Waiting = {}
        self._waiting = 0
        self._lengths: set[tuple[int, int]] = set()  # (version, prefix length) of the networks that came
        self._more = 0  # rules, than when the transaction began
        self._last: tuple[object, bytes] = (None, b"")  # the look of the last listing, and its shape's name
        self._shapes: dict[bytes, bytes] = {}  # encoded shape -> its name, of this transaction
        self._names: set[bytes] = set()
        self._uses: dict[bytes, int] = {}  # name -> how many more listings use it than before

    def empty(self) -> None:
        """Takes everything out."""
        for table in self._tables:
            self._txn.drop(table, delete=False)

    def apply(self, change: Change) -> None:
        """Applies one change of the feed."""
        if change.key is not None:
            if change.kind is ChangeKind.KEY_ISSUED:
                self.put_key(change.key)
            else:
                self._txn.delete(change.key.public_id.encode(), db=self._tables.keys)
        elif change.indicator_kind is not None:
            subject = Subject(change.indicator_kind, change.indicator)
            if change.kind is ChangeKind.EXPIRED:
                self.remove(change.tenant, subject)
            else:
                self.put(change.tenant, subject, change.listing, change.at, change.reason)

    def put_key(self, grant: KeyGrant) -> None:
        """Puts an API key in force."""
        self._txn.put(grant.public_id.encode(), msgspec.json.encode(grant), db=self._tables.keys)

    def put(self, tenant: int, subject: Subject, listing: Listing | None, at: datetime, reason: str) -> None:
        """Puts a listing, or an exemption when ``listing`` is None, in the place of what is there."""
        if listing is not None:
            raw = form.encode_listing(listing, self._shape(listing))
        else:
            raw = form.encode_exemption(at, reason)
        self._wait(tenant, subject, raw)

    def remove(self, tenant: int, subject: Subject) -> None:
        """Takes the rule about an indicator out, if there is one."""
        self._wait(tenant, subject, None)

    def agree(self, epoch: str, seq: int) -> None:
        """Notes how far the index has followed."""
        self._txn.put(b"position", msgspec.json.encode((epoch, seq)), db=self._tables.meta)
        self._txn.put(b"format", form.FORMAT.encode(), db=self._tables.meta)

    def finish(self) -> None:
        """Writes what waits, and which shapes are used how often; a shape that nothing uses goes."""
        self._write()
        self._note_lengths()
        count = self._more + int(self._txn.get(b"count", db=self._tables.meta) or 0)
        self._txn.put(b"count", str(count).encode(), db=self._tables.meta)
        encoded = {name: shape for shape, name in self._shapes.items()}
        for name, more in self._uses.items():
            raw = self._txn.get(name, db=self._tables.shapes)
            uses = more + (_USES.unpack_from(raw)[0] if raw is not None else 0)
            shape = raw[4:] if raw is not None else encoded.get(name, b"{}")
            if uses > 0:
                self._txn.put(name, _USES.pack(uses) + shape, db=self._tables.shapes)
            elif raw is not None:
                self._txn.delete(name, db=self._tables.shapes)
        self._uses.clear()

    def _wait(self, tenant: int, subject: Subject, raw: bytes | None) -> None:
        head = tenant.to_bytes(2, "big")
        if subject.kind in URL_SCOPES:
            waiting = self._hosts.setdefault(head + subject.host.encode(), {})
            key = form.rule_key(subject.kind, subject.value)
        elif subject.kind in IP_KINDS:
            waiting, key = self._addresses, head + form.packed(subject.value)
        else:
            waiting, key = self._rules, head + form.rule_key(subject.kind, subject.value)
        self._let_go(waiting.get(key))
        waiting[key] = raw
        self._waiting += 1
        if self._waiting >= MAX_WAITING:
            self._write()

    def _write(self) -> None:
        self._write_hosts()
        self._write_table(self._tables.rules, self._rules)
        for key, step in self._write_table(self._tables.addresses, self._addresses):
            if step > 0:
                self._lengths.add((key[2], key[-1]))
        self._hosts, self._rules, self._addresses, self._waiting = {}, {}, {}, 0

    def _write_table(self, table: Any, wanted: _Waiting) -> list[tuple[bytes, int]]:
        """Writes rules; returns the keys that have come (1) and gone (-1)."""
        keys, steps = sorted(wanted), []
        with self._txn.cursor(db=table) as cursor:
            before = dict(cursor.getmulti(keys))
            cursor.putmulti([(key, raw) for key in keys if (raw := wanted[key]) is not None])
        for key in keys:
            there = before.get(key)
            self._let_go(there)
            if there is None and wanted[key] is not None:
                steps.append((key, 1))
            elif there is not None and wanted[key] is None:
                self._txn.delete(key, db=table)
                steps.append((key, -1))
        self._more += sum(step for _, step in steps)
        return steps

    def _write_hosts(self) -> None:
        hosts = sorted(self._hosts)
        with self._txn.cursor(db=self._tables.hosts) as cursor:
            before = dict(cursor.getmulti(hosts))
        now: _Waiting = {}
        outside: dict[bytes, _Waiting] = {}  # of the hosts with many
        for host in hosts:
            there, wanted = before.get(host), self._hosts[host]
            held = {} if there is None else index_host.read(there)
            if held is None:
                outside[host] = wanted
                continue
            number, rules = len(held), self._replaced(held, wanted)
            value = index_host.write(rules) if rules else None
            if rules and value is None:  # From now on they stand in the table, which counts them again.
                outside[host], before[host] = dict(rules), index_host.EMPTY
                self._more -= number
            else:
                now[host] = value
                self._more += len(rules) - number
        now |= self._write_outside(outside, before)
        with self._txn.cursor(db=self._tables.hosts) as cursor:
            cursor.putmulti([(host, value) for host in hosts if (value := now.get(host)) is not None])
        for host, value in now.items():
            if value is None:
                self._txn.delete(host, db=self._tables.hosts)

    def _replaced(self, rules: index_host.Rules, wanted: _Waiting) -> index_host.Rules:
        """The rules of a host after what is wanted."""
        for key, raw in wanted.items():
            self._let_go(rules.pop(key, None))
            if raw is not None:
                rules[key] = raw
        return rules

    def _write_outside(self, wanted: dict[bytes, _Waiting], before: dict[bytes, bytes]) -> _Waiting:
        """Writes rules of hosts with many to their table; returns the new values of the hosts that have more or fewer."""
        owner = {host[:2] + key: host for host, rules in wanted.items() for key in rules}
        rules = {host[:2] + key: raw for host, rules in wanted.items() for key, raw in rules.items()}
        counts: dict[bytes, list[int]] = {}
        for key, step in self._write_table(self._tables.rules, rules):
            host = owner[key]
            if host not in counts:
                counts[host] = list(index_host.COUNTS.unpack(before[host]))
            counts[host][index_host.PLACE[key[2:3]]] += step
        return {
            host: index_host.COUNTS.pack(*numbers) if any(numbers) else None
            for host, numbers in counts.items()
        }

    def _shape(self, listing: Listing) -> bytes:
        """The name of the listing's shape, which counts one use more."""
        look = (listing.reasons, listing.target, listing.categories)
        known, name = self._last
        if look != known:  # A feed says the same of half a million entries, one after the other.
            encoded = form.shape_of(listing)
            found = self._shapes.get(encoded)
            if found is None:
                found = self._shapes[encoded] = self._free_name(encoded)
                self._names.add(found)
            name = found
            self._last = (look, name)
        self._uses[name] = self._uses.get(name, 0) + 1
        return name

    def _free_name(self, encoded: bytes) -> bytes:
        """Eight bytes are short enough that somebody could make two shapes collide: the later one moves on."""
        name = blake2b(encoded, digest_size=8).digest()
        while True:
            raw = self._txn.get(name, db=self._tables.shapes)
            if raw is not None and raw[4:] == encoded:
                return name
            if raw is None and name not in self._names:
                return name
            name = blake2b(name, digest_size=8).digest()

    def _let_go(self, before: bytes | None) -> None:
        if before is not None and before[0] == form.LISTING:
            name = form.shape_name(before)
            self._uses[name] = self._uses.get(name, 0) - 1

    def _note_lengths(self) -> None:
        """Notes which prefix lengths occur; none is ever taken back."""
        lengths = msgspec.json.decode(self._txn.get(b"lengths", db=self._tables.meta) or b"{}")
        new = [
            (str(version), length)
            for version, length in sorted(self._lengths)
            if length not in lengths.get(str(version), ())
        ]
        for version, length in new:
            lengths.setdefault(version, []).append(length)
        if new:
            self._txn.put(b"lengths", msgspec.json.encode(lengths), db=self._tables.meta)
