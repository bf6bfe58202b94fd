"""The look-up index: an LMDB file on every node, a fold of the change feed, mapped by every worker.

Layout (all keys start with the tenant as two bytes, big endian):

- ``hosts``: host -> how many rules of each kind it has (``<IIII``: url, path, host, domain). A miss
  costs two reads, the host and its registrable domain, however many rules there are.
- ``rules``: kind byte + BLAKE2b-160 of the canonical value -> the rule. Precedence is the narrowest
  scope first; an exemption hides every wider rule.
- ``addresses``: packed network -> rule; ``meta`` remembers which prefix lengths occur.
- ``keys``: public id -> API key grant. ``meta``: epoch, seq, time of the last agreement with the ledger.

Writing is idempotent and takes LMDB's own lock, so any process may bring the index up to date.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import lmdb
import msgspec

from mailrisk.model.change import Change, ChangeKind, KeyGrant, Listing
from mailrisk.model.evidence import SHARED
from mailrisk.model.subject import IP_KINDS, URL_SCOPES, Kind, Subject
from mailrisk.store.ledger import Ledger
from mailrisk.store.schema import from_us, to_us

MAP_SIZE = 1 << 36
"""Address space reserved (64 GiB); the file itself grows with its content."""

BATCH = 5_000
"""Changes read and applied in one transaction."""

KIND_BYTE = {kind: bytes([number]) for number, kind in enumerate(Kind)}
COUNTS = struct.Struct("<IIII")
COUNTED = {kind: position for position, kind in enumerate(URL_SCOPES)}

_listing = msgspec.json.Decoder(Listing)
_grant = msgspec.json.Decoder(KeyGrant)


class Rule(msgspec.Struct, frozen=True):
    """What the index holds about an indicator: a listing, or an exemption (``listing`` None)."""

    subject: Subject
    listing: Listing | None
    since: datetime | None = None
    comment: str = ""


class _Exemption(msgspec.Struct):
    at: datetime
    reason: str
    kind: Kind
    value: str


_exemption = msgspec.json.Decoder(_Exemption)


class LookupIndex:
    """The index in one process. Open it once in a process (LMDB's rule), after any fork."""

    def __init__(self, folder: Path, *, readonly: bool = False) -> None:
        if not readonly:
            folder.mkdir(parents=True, exist_ok=True)
        self._env = lmdb.open(
            str(folder), map_size=MAP_SIZE, max_dbs=8, readonly=readonly, metasync=False, max_readers=512
        )
        self._hosts, self._rules, self._addresses, self._keys, self._meta = (
            self._env.open_db(name, create=not readonly)
            for name in (b"hosts", b"rules", b"addresses", b"keys", b"meta")
        )

    def close(self) -> None:
        """Closes the map."""
        self._env.close()

    # -- reading --------------------------------------------------------------------------------

    def url(self, candidates: Sequence[Subject], registrable: str, tenant: int = SHARED) -> Rule | None:
        """The rule for a URL. ``candidates``: its url and path expressions, narrowest first, one host."""
        head = tenant.to_bytes(2, "big")
        host = candidates[0].host
        with self._env.begin() as txn:
            counts = txn.get(head + host.encode(), db=self._hosts)
            if counts is not None:
                urls, paths, hosts, _ = COUNTS.unpack(counts)
                for subject in candidates:
                    if urls if subject.kind is Kind.URL else paths:
                        rule = self._rule(txn, head, subject)
                        if rule is not None:
                            return rule
                if hosts and (rule := self._rule(txn, head, Subject(Kind.HOST, host))):
                    return rule
            if not registrable:
                return None
            if host != registrable:
                counts = txn.get(head + registrable.encode(), db=self._hosts)
            if counts is not None and COUNTS.unpack(counts)[COUNTED[Kind.DOMAIN]]:
                return self._rule(txn, head, Subject(Kind.DOMAIN, registrable))
        return None

    def subject(self, subject: Subject, tenant: int = SHARED) -> Rule | None:
        """The rule for exactly this indicator."""
        head = tenant.to_bytes(2, "big")
        with self._env.begin() as txn:
            if subject.kind in IP_KINDS:
                raw = txn.get(head + _packed(subject.value), db=self._addresses)
                return None if raw is None else _decoded(raw)
            return self._rule(txn, head, subject)

    def ip(self, address: str, tenant: int = SHARED) -> list[Rule]:
        """Every rule that covers an IP address: the address itself, then networks, narrowest first."""
        head = tenant.to_bytes(2, "big")
        parsed = ipaddress.ip_address(address)
        found = []
        with self._env.begin() as txn:
            lengths = msgspec.json.decode(txn.get(b"lengths", db=self._meta) or b"{}")
            for length in sorted(lengths.get(str(parsed.version), []), reverse=True):
                network = ipaddress.ip_network((parsed, length), strict=False)
                raw = txn.get(head + _packed(str(network)), db=self._addresses)
                if raw is not None:
                    found.append(_decoded(raw))
        return found

    def key(self, public_id: str) -> KeyGrant | None:
        """An API key in force."""
        with self._env.begin() as txn:
            raw = txn.get(public_id.encode(), db=self._keys)
            return None if raw is None else _grant.decode(raw)

    def position(self) -> tuple[str, int]:
        """(epoch, seq) of the last change applied; ('', 0) for an empty index."""
        with self._env.begin() as txn:
            raw = txn.get(b"position", db=self._meta)
            return ("", 0) if raw is None else msgspec.json.decode(raw, type=tuple[str, int])

    def agreed_at(self) -> datetime | None:
        """When the index last was known to agree with the ledger."""
        with self._env.begin() as txn:
            raw = txn.get(b"agreed_at", db=self._meta)
            return None if raw is None else from_us(int(raw))

    def count(self) -> int:
        """Number of rules."""
        with self._env.begin() as txn:
            return int(txn.stat(self._rules)["entries"]) + int(txn.stat(self._addresses)["entries"])

    def _rule(self, txn: Any, head: bytes, subject: Subject) -> Rule | None:
        raw = txn.get(head + _rule_key(subject), db=self._rules)
        return None if raw is None else _decoded(raw)

    # -- following the change feed ----------------------------------------------------------------

    def follow(self, ledger: Ledger, now: datetime) -> int:
        """Applies all changes that the ledger has and the index not; returns how many.

        An index of another epoch (a restored ledger) is emptied first and filled from the listings.
        """
        applied = 0
        if self.position()[0] != ledger.epoch:
            applied += self._refill(ledger)
        while changes := ledger.changes(self.position()[1], BATCH):
            self._apply(changes)
            applied += len(changes)
        with self._env.begin(write=True) as txn:
            txn.put(b"agreed_at", str(to_us(now)).encode(), db=self._meta)
        return applied

    def _refill(self, ledger: Ledger) -> int:
        """Empties the index and folds the ledger's listings and keys as of a known number."""
        seq = ledger.last_seq()
        count = 0
        with self._env.begin(write=True) as txn:
            for table in (self._hosts, self._rules, self._addresses, self._keys, self._meta):
                txn.drop(table, delete=False)
            for row in ledger.listings():
                change = row.change
                self._put(txn, row.tenant, row.subject, change.listing, change.at, change.reason)
                count += 1
            for key in ledger.all_keys():
                if key.revoked_at is None:
                    grant = KeyGrant(
                        public_id=key.public_id, secret_sha256=key.secret_sha256, role=key.role,
                        tenant=key.tenant, expires_at=key.expires_at,
                    )  # fmt: skip
                    txn.put(key.public_id.encode(), msgspec.json.encode(grant), db=self._keys)
            txn.put(b"position", msgspec.json.encode((ledger.epoch, seq)), db=self._meta)
        return count

    def _apply(self, changes: Iterable[Change]) -> None:
        with self._env.begin(write=True) as txn:
            epoch, seq = "", 0
            for change in changes:
                epoch, seq = change.epoch, change.seq
                if change.key is not None:
                    self._apply_key(txn, change.kind, change.key)
                elif change.indicator_kind is not None:
                    subject = Subject(change.indicator_kind, change.indicator)
                    if change.kind is ChangeKind.EXPIRED:
                        self._remove(txn, change.tenant, subject)
                    else:
                        self._put(txn, change.tenant, subject, change.listing, change.at, change.reason)
            txn.put(b"position", msgspec.json.encode((epoch, seq)), db=self._meta)

    def _apply_key(self, txn: Any, kind: ChangeKind, grant: KeyGrant) -> None:
        if kind is ChangeKind.KEY_ISSUED:
            txn.put(grant.public_id.encode(), msgspec.json.encode(grant), db=self._keys)
        else:
            txn.delete(grant.public_id.encode(), db=self._keys)

    def _put(
        self,
        txn: Any,
        tenant: int,
        subject: Subject,
        listing: Listing | None,
        at: datetime,
        reason: str,
    ) -> None:
        """Puts a listing, or an exemption when ``listing`` is None."""
        head = tenant.to_bytes(2, "big")
        if listing is not None:
            raw = b"L" + msgspec.json.encode(listing)
        else:
            exemption = _Exemption(at, reason, subject.kind, subject.value)
            raw = b"X" + msgspec.json.encode(exemption)
        if subject.kind in IP_KINDS:
            self._note_length(txn, subject.value)
            txn.put(head + _packed(subject.value), raw, db=self._addresses)
            return
        if txn.get(head + _rule_key(subject), db=self._rules) is None:
            self._count(txn, head, subject, 1)
        txn.put(head + _rule_key(subject), raw, db=self._rules)

    def _remove(self, txn: Any, tenant: int, subject: Subject) -> None:
        head = tenant.to_bytes(2, "big")
        if subject.kind in IP_KINDS:
            txn.delete(head + _packed(subject.value), db=self._addresses)
        elif txn.delete(head + _rule_key(subject), db=self._rules):
            self._count(txn, head, subject, -1)

    def _count(self, txn: Any, head: bytes, subject: Subject, step: int) -> None:
        if subject.kind not in COUNTED:
            return
        key = head + subject.host.encode()
        counts = list(COUNTS.unpack(txn.get(key, db=self._hosts) or bytes(COUNTS.size)))
        counts[COUNTED[subject.kind]] += step
        if any(counts):
            txn.put(key, COUNTS.pack(*counts), db=self._hosts)
        else:
            txn.delete(key, db=self._hosts)

    def _note_length(self, txn: Any, value: str) -> None:
        network = ipaddress.ip_network(value)
        lengths = msgspec.json.decode(txn.get(b"lengths", db=self._meta) or b"{}")
        known = lengths.setdefault(str(network.version), [])
        if network.prefixlen not in known:
            known.append(network.prefixlen)
            txn.put(b"lengths", msgspec.json.encode(lengths), db=self._meta)


def _rule_key(subject: Subject) -> bytes:
    return KIND_BYTE[subject.kind] + blake2b(subject.value.encode(), digest_size=20).digest()


def _packed(value: str) -> bytes:
    network = ipaddress.ip_network(value)
    return bytes([network.version]) + network.network_address.packed + bytes([network.prefixlen])


def _decoded(raw: bytes) -> Rule:
    if raw[:1] == b"L":
        listing = _listing.decode(raw[1:])
        return Rule(Subject(listing.kind, listing.value), listing)
    exemption = _exemption.decode(raw[1:])
    return Rule(Subject(exemption.kind, exemption.value), None, exemption.at, exemption.reason)
