"""Writing the look-up index: changes applied to it in one LMDB transaction.

Keys are digests, so neighbours in the feed of changes are strangers in the file. What is to be written waits, and goes
to the file sorted and many at a time; a third of the cost of one put after the other.
"""

from __future__ import annotations

import ipaddress
import struct
from datetime import datetime
from hashlib import blake2b
from operator import add
from typing import Any, Final

import msgspec

from mailrisk.model.change import Change, ChangeKind, KeyGrant, Listing
from mailrisk.model.subject import IP_KINDS, Subject
from mailrisk.store import index_form as form
from mailrisk.store.index_view import Tables

_USES = struct.Struct("<I")

MAX_WAITING: Final = 20_000
"""Rules that wait to be written: some 10 MB. A snapshot of ten millions is one transaction."""


_Waiting = tuple[bytes | None, int, Subject]
"""(raw, tenant, subject): what is to be written in the place of what is there; None: nothing."""


class Fold:
    """One write transaction. Call ``finish`` before it commits."""

    def __init__(self, transaction: Any, tables: Tables) -> None:
        self._txn = transaction
        self._tables = tables
        self._rules: dict[bytes, _Waiting] = {}
        self._addresses: dict[bytes, _Waiting] = {}
        self._counts: dict[bytes, list[int]] = {}  # host -> how many more rules of each kind than before
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
        self._write_rules()
        self._write_counts()
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
        if subject.kind in IP_KINDS:
            waiting, key = self._addresses, head + form.packed(subject.value)
        else:
            waiting, key = self._rules, head + form.rule_key(subject.kind, subject.value)
        if (replaced := waiting.get(key)) is not None:
            self._let_go(replaced[0])
        waiting[key] = (raw, tenant, subject)
        if len(waiting) >= MAX_WAITING:
            self._write_rules()

    def _write_rules(self) -> None:
        for table, waiting in ((self._tables.rules, self._rules), (self._tables.addresses, self._addresses)):
            keys = sorted(waiting)
            with self._txn.cursor(db=table) as cursor:
                before = dict(cursor.getmulti(keys))
                cursor.putmulti([(key, raw) for key in keys if (raw := waiting[key][0]) is not None])
            for key in keys:
                raw, tenant, subject = waiting[key]
                there = before.get(key)
                self._let_go(there)
                if there is None and raw is not None:
                    self._count(tenant, subject, 1)
                elif there is not None and raw is None:
                    self._txn.delete(key, db=table)
                    self._count(tenant, subject, -1)
            waiting.clear()

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

    def _count(self, tenant: int, subject: Subject, step: int) -> None:
        """Notes that an indicator has come to the index (``step`` 1), or gone from it (-1)."""
        kind = subject.kind
        if kind in IP_KINDS:
            if step > 0:
                self._note_length(subject.value)
        elif (place := form.COUNTED.get(kind)) is not None:
            key = tenant.to_bytes(2, "big") + subject.host.encode()
            counts = self._counts.get(key)
            if counts is None:
                counts = self._counts[key] = [0] * len(form.COUNTED)
            counts[place] += step

    def _write_counts(self) -> None:
        keys = sorted(self._counts)
        with self._txn.cursor(db=self._tables.hosts) as cursor:
            before = dict(cursor.getmulti(keys))
            now: list[tuple[bytes, bytes]] = []
            for key in keys:
                counts = self._counts[key]
                if (raw := before.get(key)) is not None:
                    counts = list(map(add, form.COUNTS.unpack(raw), counts))
                if any(counts):
                    now.append((key, form.COUNTS.pack(*counts)))
                elif raw is not None:
                    self._txn.delete(key, db=self._tables.hosts)
            cursor.putmulti(now)
        self._counts.clear()

    def _note_length(self, value: str) -> None:
        network = ipaddress.ip_network(value)
        lengths = msgspec.json.decode(self._txn.get(b"lengths", db=self._tables.meta) or b"{}")
        known = lengths.setdefault(str(network.version), [])
        if network.prefixlen not in known:
            known.append(network.prefixlen)
            self._txn.put(b"lengths", msgspec.json.encode(lengths), db=self._tables.meta)
