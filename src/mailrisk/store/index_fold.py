"""Writing the look-up index: changes applied to it in one LMDB transaction."""

from __future__ import annotations

import ipaddress
import struct
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec

from mailrisk.model.change import Change, ChangeKind, KeyGrant, Listing
from mailrisk.model.subject import IP_KINDS, Subject
from mailrisk.store import index_form as form
from mailrisk.store.index_view import Tables

_USES = struct.Struct("<I")


class Fold:
    """One write transaction. Call ``finish`` before it commits."""

    def __init__(self, transaction: Any, tables: Tables) -> None:
        self._txn = transaction
        self._tables = tables
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
        table, key = self._place(tenant, subject)
        if listing is not None:
            raw = form.encode_listing(listing, self._shape(listing))
        else:
            raw = form.encode_exemption(at, reason)
        before = self._txn.replace(key, raw, db=table)
        if before is not None:
            self._let_go(before)
        elif subject.kind in IP_KINDS:
            self._note_length(subject.value)
        else:
            self._count(tenant, subject, 1)

    def remove(self, tenant: int, subject: Subject) -> None:
        """Takes the rule about an indicator out, if there is one."""
        table, key = self._place(tenant, subject)
        before = self._txn.pop(key, db=table)
        if before is not None:
            self._let_go(before)
            if subject.kind not in IP_KINDS:
                self._count(tenant, subject, -1)

    def agree(self, epoch: str, seq: int) -> None:
        """Notes how far the index has followed."""
        self._txn.put(b"position", msgspec.json.encode((epoch, seq)), db=self._tables.meta)
        self._txn.put(b"format", form.FORMAT.encode(), db=self._tables.meta)

    def finish(self) -> None:
        """Writes down which shapes are used how often; a shape that nothing uses goes."""
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

    def _place(self, tenant: int, subject: Subject) -> tuple[Any, bytes]:
        head = tenant.to_bytes(2, "big")
        if subject.kind in IP_KINDS:
            return self._tables.addresses, head + form.packed(subject.value)
        return self._tables.rules, head + form.rule_key(subject.kind, subject.value)

    def _shape(self, listing: Listing) -> bytes:
        """The name of the listing's shape, which counts one use more."""
        encoded = form.shape_of(listing)
        name = self._shapes.get(encoded)
        if name is None:
            name = self._shapes[encoded] = self._free_name(encoded)
            self._names.add(name)
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

    def _let_go(self, before: bytes) -> None:
        if before[0] == form.LISTING:
            name = form.shape_name(before)
            self._uses[name] = self._uses.get(name, 0) - 1

    def _count(self, tenant: int, subject: Subject, step: int) -> None:
        if subject.kind not in form.COUNTED:
            return
        key = tenant.to_bytes(2, "big") + subject.host.encode()
        raw = self._txn.get(key, db=self._tables.hosts) or bytes(form.COUNTS.size)
        counts = list(form.COUNTS.unpack(raw))
        counts[form.COUNTED[subject.kind]] += step
        if any(counts):
            self._txn.put(key, form.COUNTS.pack(*counts), db=self._tables.hosts)
        else:
            self._txn.delete(key, db=self._tables.hosts)

    def _note_length(self, value: str) -> None:
        network = ipaddress.ip_network(value)
        lengths = msgspec.json.decode(self._txn.get(b"lengths", db=self._tables.meta) or b"{}")
        known = lengths.setdefault(str(network.version), [])
        if network.prefixlen not in known:
            known.append(network.prefixlen)
            self._txn.put(b"lengths", msgspec.json.encode(lengths), db=self._tables.meta)
