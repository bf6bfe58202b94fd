"""Every expression that is listed, by the first four bytes of its hash: a fold of the change feed.

An exemption that lies inside a wider listing cannot be said in expressions, since a client asks for
hashes and never for URLs. The wider listing then leaves the hash lists until the exemption is lifted:
a page that was withdrawn is gone everywhere, and the look-up by URL still knows the rest.
"""

from __future__ import annotations

import struct
from collections import Counter
from datetime import datetime
from hashlib import blake2b
from typing import Final

import msgspec
import numpy as np

from mailrisk.model.change import Change, ChangeKind, Listing
from mailrisk.model.errors import BadUrl
from mailrisk.model.fold import Fold
from mailrisk.model.subject import URL_SCOPES, Subject
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.expressions import expressions, full_hash
from mailrisk.model.url.hosts import Hosts
from mailrisk.publish.webrisk.expressible import LeftOut, expression_of, expression_text
from mailrisk.publish.webrisk.packed_rows import Allocate, PackedRows, anonymous
from mailrisk.publish.webrisk.prefix_list import PrefixList
from mailrisk.publish.webrisk.threats import Threat, threat_of

_RECORD: Final = struct.Struct(">32sBBI")  # full hash, scope, threat, valid until (seconds)
_THREAT_AT: Final = 33
_REASONS: Final = tuple(LeftOut)
_SHORT: Final = 8
_SCOPE = {kind: number for number, kind in enumerate(URL_SCOPES)}


class FoundHash(msgspec.Struct, frozen=True):
    """A listed expression: its full hash, its threat, and when the listing runs out (Unix seconds)."""

    full: bytes
    threat: Threat
    valid_until: int


class HashTable(Fold):
    """Hashes of all listings that expressions can say, and the prefix list of each threat.

    ``allocate`` gives the buffers that the hashes lie in: 38 bytes a listing, 9 for one that is left out.
    """

    def __init__(self, hosts: Hosts, allocate: Allocate = anonymous) -> None:
        self._hosts = hosts
        self._allocate = allocate
        self._records = PackedRows(_RECORD.size, allocate)
        self._exempted: dict[Subject, tuple[bytes, ...]] = {}
        self._covering: Counter[bytes] = Counter()  # expressions that an exemption lies inside of
        self._left_out = PackedRows(_SHORT + 1, allocate)  # eight bytes of a hash, number of the reason
        self._reasons: Counter[str] = Counter()
        self.lists = {threat: PrefixList() for threat in Threat}

    # -- asking ---------------------------------------------------------------------------------

    def find(self, prefix: bytes) -> list[FoundHash]:
        """The listed full hashes that begin with ``prefix``, which has 4 to 32 bytes."""
        raw = self._records.get(_prefix(prefix))
        return [
            FoundHash(full, Threat(threat), until)
            for full, _, threat, until in _RECORD.iter_unpack(raw)
            if full.startswith(prefix) and full not in self._covering
        ]

    def left_out(self) -> dict[str, int]:
        """How many listings are on no hash list, by the reason."""
        hidden = sum(
            full == covering
            for covering in self._covering
            for full, *_ in _RECORD.iter_unpack(self._records.get(_prefix(covering)))
        )
        return {**+self._reasons, **({"exemption-inside": hidden} if hidden else {})}

    # -- folding --------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forgets everything."""
        self.__dict__.update(HashTable(self._hosts, self._allocate).__dict__)

    def settle(self, epoch: str, seq: int, *, started: bool) -> None:
        """A snapshot may hold changes made while it was read: versions begin when those are in."""
        if started:
            self.begin_versions(seq)

    def begin_versions(self, seq: int) -> None:
        """Takes what is there for the lists as of change ``seq``, the oldest version there is."""
        rows = self._records.packed()
        prefixes = np.ascontiguousarray(rows[:, :4]).view(">u4").ravel()
        shown = np.ones(len(rows), bool)
        for covering in self._covering:
            first, end = np.searchsorted(prefixes, (_prefix(covering), _prefix(covering) + 1))
            for row in range(first, end):
                shown[row] = rows[row, :32].tobytes() != covering
        for threat in Threat:
            present = prefixes[shown & (rows[:, _THREAT_AT] == threat)]
            self.lists[threat] = PrefixList(np.unique(present), seq)

    def apply(self, change: Change) -> None:
        """Folds one change in."""
        for prefixes in self.lists.values():
            prefixes.seq = change.seq
        if change.indicator_kind not in URL_SCOPES:
            if change.indicator_kind is not None:
                self._count_other(change)
            return
        subject = Subject(change.indicator_kind, change.indicator)
        touched = {_prefix(full) for full in (_full(subject), *self._exempted.get(subject, ()))}
        exempts = change.kind in (ChangeKind.WITHDRAWN, ChangeKind.EXEMPTED)
        if exempts:
            touched.update(_prefix(full) for full in _covering(subject))
        before = {prefix: self._threats(prefix) for prefix in touched}
        self.drop(subject)
        if exempts:
            self.exempt(subject)
        elif change.listing is not None and change.kind is not ChangeKind.EXPIRED:
            self.put(subject, change.listing)
        for prefix, threats in before.items():
            self._note(prefix, threats, self._threats(prefix), change.seq, change.at)

    def _note(self, prefix: int, before: set[Threat], after: set[Threat], seq: int, at: datetime) -> None:
        for threat in after - before:
            self.lists[threat].note(prefix, 1, seq, at)
        for threat in before - after:
            self.lists[threat].note(prefix, -1, seq, at)

    def _threats(self, prefix: int) -> set[Threat]:
        rows = _RECORD.iter_unpack(self._records.get(prefix))
        return {Threat(threat) for full, _, threat, _ in rows if full not in self._covering}

    def _count_other(self, change: Change) -> None:
        assert change.indicator_kind is not None
        key = _short(Subject(change.indicator_kind, change.indicator))
        listed = change.listing is not None and change.kind is not ChangeKind.EXPIRED
        self._count_left_out(key, LeftOut.NO_URL if listed else None)

    def _count_left_out(self, key: bytes, reason: LeftOut | None) -> None:
        """Notes why a listing is on no list; None: it is on one, or gone."""
        rows = self._left_out.get(_prefix(key))
        kept = rows
        for at in range(0, len(rows), _SHORT + 1):
            if rows.startswith(key, at):
                kept = rows[:at] + rows[at + _SHORT + 1 :]
                self._reasons[_REASONS[rows[at + _SHORT]].value] -= 1
        if reason is not None:
            kept += key + bytes([_REASONS.index(reason)])
            self._reasons[reason.value] += 1
        if kept != rows:
            self._left_out.set(_prefix(key), kept)

    def put(self, subject: Subject, listing: Listing) -> None:
        """Adds a listing; what cannot be expressed is counted."""
        expression = expression_of(listing, self._hosts)
        if isinstance(expression, LeftOut):
            self._count_left_out(_short(subject), expression)
            return
        threat = threat_of(listing.category)
        assert threat is not None
        full = full_hash(expression)
        until = min(int(listing.valid_until.timestamp()), (1 << 32) - 1)
        record = _RECORD.pack(full, _SCOPE[subject.kind], threat, until)
        self._records.set(_prefix(full), self._records.get(_prefix(full)) + record)

    def drop(self, subject: Subject) -> None:
        """Removes what is known of an indicator."""
        self._count_left_out(_short(subject), None)
        for full in self._exempted.pop(subject, ()):
            self._covering[full] -= 1
            if not self._covering[full]:
                del self._covering[full]
        full = _full(subject)
        raw = self._records.get(_prefix(full))
        head = full + bytes([_SCOPE[subject.kind]])
        kept = b"".join(
            raw[at : at + _RECORD.size]
            for at in range(0, len(raw), _RECORD.size)
            if not raw.startswith(head, at)
        )
        if kept != raw:
            self._records.set(_prefix(full), kept)

    def exempt(self, subject: Subject) -> None:
        """Hides the wider listings inside of which the indicator is."""
        if subject.kind not in URL_SCOPES:
            return
        covering = _covering(subject)
        self._exempted[subject] = covering
        self._covering.update(covering)


def _covering(subject: Subject) -> tuple[bytes, ...]:
    """Hashes of every expression that matches something inside of a URL-like indicator."""
    text = expression_text(subject)
    try:
        return tuple({full_hash(expression) for expression in (text, *expressions(parse_url(text)))})
    except BadUrl:  # An indicator that was stored is a URL; a foreign feed's is not worth a failure.
        return (full_hash(text),)


def _full(subject: Subject) -> bytes:
    return full_hash(expression_text(subject))


def _prefix(full: bytes) -> int:
    return int.from_bytes(full[:4], "big")


def _short(subject: Subject) -> bytes:
    return blake2b(f"{subject.kind}:{subject.value}".encode(), digest_size=_SHORT).digest()
