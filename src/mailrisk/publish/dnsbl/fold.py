"""The rows of all zones, kept by the change feed.

What goes in: listings that may be passed on, of the highest level (``malicious``, ``high``). What no zone can
express (a folder of a site, a host that is no name) is counted and never widened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from mailrisk.model.change import Listing
from mailrisk.model.fold import Fold
from mailrisk.model.ip import reserved_in
from mailrisk.model.subject import IP_KINDS, Kind, Subject
from mailrisk.model.verdict import SEVERITY, Level
from mailrisk.publish.dnsbl import rows as form
from mailrisk.publish.dnsbl.codes import code_of, day_of, text_of
from mailrisk.publish.dnsbl.rows import EXEMPT, WritableRows
from mailrisk.publish.rpz.journal import Journal

COUNTED: Final = {b"4": "ipv4", b"6": "ipv6", b"d": "domains", b"h": "hosts", b"u": "urls", b"x": "left out"}
CONTENT: Final = b"46dhuxtn"
"""First bytes of the keys that the fold owns; the journal owns its own."""

_COUNTS = b"ncounts"


class Rules(msgspec.Struct, frozen=True):
    """What the fold asks about a listing.

    ``registrable``  registrable domain of a host, '' when it has none: nothing wider is listed
    ``divided``      whether others own names below a registrable domain (``amazonaws.com``): a zone would list them too
    ``is_trigger``   whether an address is to be a trigger of the response policy zone too
    """

    registrable: Callable[[str], str]
    divided: Callable[[str], bool]
    is_trigger: Callable[[Listing], bool]


def publishable(listing: Listing) -> bool:
    """Whether a listing goes into a zone: dangerous for certain, and not told in confidence."""
    return listing.redistribute and SEVERITY[listing.level] >= SEVERITY[Level.MALICIOUS]


class ZoneFold(Fold):
    """Writes into ``rows``, which the caller sets before he lets it follow and commits afterwards."""

    def __init__(self, rules: Rules) -> None:
        self.rows: WritableRows = form.MemoryRows()
        self.journal = Journal()
        self.now_s = 0  # Unix seconds: where the serial of a new zone begins
        self.moved = False
        self._rules = rules
        self._filling = False
        self._counts: dict[str, int] | None = None
        self._texts: set[bytes] = set()  # those that are known to be stored

    # -- the change feed --------------------------------------------------------------------------

    def clear(self) -> None:
        """Forgets everything; until the next ``settle`` nothing is journalled."""
        self.rows.clear(CONTENT)
        self._counts, self._filling = {}, True
        self._texts.clear()

    def put(self, subject: Subject, listing: Listing) -> None:
        """Writes what a zone can express."""
        if not publishable(listing):
            self.drop(subject)
            return
        key = self._key(subject)
        if key is None:
            self._count(self.rows.put(form.left_out_key(subject), b""), form.left_out_key(subject), 1)
            return
        text = text_of(listing)
        name = form.text_key(text)
        if name not in self._texts:
            self.rows.put(b"t" + name, text.encode())
            self._texts.add(name)
        trigger = subject.kind in IP_KINDS and self._rules.is_trigger(listing)
        self._set(key, form.pack_rule(code_of(listing), day_of(listing.first_seen), name, trigger=trigger))

    def drop(self, subject: Subject) -> None:
        """Removes whatever is there."""
        key = self._key(subject)
        if key is not None:
            self._set(key, None)
        else:
            out = form.left_out_key(subject)
            self._count(self.rows.delete(out), out, -1)

    def exempt(self, subject: Subject) -> None:
        """Notes an exemption, which hides a wider listing; of a URL there is none wider in its zone."""
        key = self._key(subject)
        if key is None or key[:1] == b"u":
            self.drop(subject)
        else:
            self._set(key, EXEMPT)

    def settle(self, epoch: str, seq: int, *, started: bool) -> None:
        """All changes up to ``seq`` are in: a new version of the response policy zone, if it differs."""
        self.rows.put(b"nposition", msgspec.json.encode((epoch, seq)))
        self.rows.put(_COUNTS, msgspec.json.encode(self.counts()))
        self.journal.settle(self.rows, seq, self.now_s, started=self._filling or started)
        self._filling, self.moved = False, True

    # -- what is inside ---------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """How many rows of each kind there are."""
        if self._counts is None:
            self._counts = read_counts(self.rows)
        return self._counts

    def abandon(self) -> None:
        """Forgets what was not committed."""
        self._counts, self._filling = None, False
        self._texts.clear()
        self.journal = Journal()

    # -- rows -------------------------------------------------------------------------------------

    def _key(self, subject: Subject) -> bytes | None:
        key = form.key_of(subject)
        if subject.kind is Kind.DOMAIN:
            rules, domain = self._rules, subject.value
            if rules.registrable(domain) != domain or rules.divided(domain):
                return None  # Customers of a public suffix are not one another's neighbours.
        if subject.kind in IP_KINDS and reserved_in(subject.value):
            return None
        return key

    def _set(self, key: bytes, value: bytes | None) -> None:
        if self._filling:
            self._write(key, value)
        else:
            self.journal.around(self.rows, key, lambda: self._write(key, value))

    def _write(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self._count(self.rows.delete(key), key, -1)
            return
        new = self.rows.put(key, value)
        self._count(new, key, 1)
        if new and key[:1] in (b"4", b"6"):
            note_length(self.rows, key)

    def _count(self, changed: bool, key: bytes, step: int) -> None:
        if changed:
            name = COUNTED[key[:1]]
            self.counts()[name] = self.counts().get(name, 0) + step


def read_counts(rows: form.Rows) -> dict[str, int]:
    """How many rows of each kind there are, as they were counted last."""
    return msgspec.json.decode(rows.get(_COUNTS) or b"{}", type=dict[str, int])


def read_position(rows: form.Rows) -> tuple[str, int]:
    """(epoch, number) of the last change that is in; ('', 0) before the first fill was done."""
    return msgspec.json.decode(rows.get(b"nposition") or b'["",0]', type=tuple[str, int])


def note_length(rows: WritableRows, key: bytes) -> None:
    """Notes that networks of this length occur. A length stays known when the last of them goes."""
    name = b"nlengths" + key[:1]
    known = rows.get(name) or b""
    if key[-1] not in known:
        rows.put(name, bytes(sorted({*known, key[-1]}, reverse=True)))
