"""Web Risk answers: by URL from the look-up index, by hash and as diffs from folds of the change feed."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from mailrisk.model.change import Listing
from mailrisk.model.errors import Unavailable
from mailrisk.model.evidence import SHARED
from mailrisk.model.subject import Subject
from mailrisk.model.verdict import Level
from mailrisk.publish.webrisk.diff import Diff, compute
from mailrisk.publish.webrisk.hash_table import FoundHash, HashTable
from mailrisk.publish.webrisk.threats import Threat, threat_of
from mailrisk.publish.webrisk.token import make_token, read_token
from mailrisk.service.check_url import look_up, stale
from mailrisk.service.context import Context, LookupContext

CACHE = timedelta(seconds=300)
"""How long a client may keep an answer: a withdrawn listing is gone from every cache after it."""

PAGE = 5_000
"""Changes read at a time."""


class UriThreat(msgspec.Struct, frozen=True):
    """A listed URL: its threat and how long that may be believed."""

    threat: Threat
    expires: datetime


class FoundHashes(msgspec.Struct, frozen=True):
    """Listed hashes with their cache times; how long a client may believe that there are no others."""

    hashes: tuple[tuple[FoundHash, datetime], ...]
    negative_expires: datetime


class ListDiff(msgspec.Struct, frozen=True):
    """A diff, the token of the version that it leads to, and when to ask again."""

    diff: Diff
    token: bytes
    next_at: datetime


class ThreatListStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One threat list as administrators see it."""

    threat_type: str
    entries: int
    oldest_seq: int
    newest_seq: int


class HashListStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The hash lists, and how many listings are on none of them, by the reason (docs/decisions/0010)."""

    lists: tuple[ThreatListStatus, ...]
    left_out: dict[str, int]


def refuse_stale(context: LookupContext) -> None:
    """Unavailable: contact to the ledger was lost, so that neither a hit nor a miss can be vouched for."""
    if stale(context):
        raise Unavailable("the lists are too old to be given out: contact to the ledger was lost")


def search_uri(
    context: LookupContext, uri: str, threats: Collection[Threat], tenant: int = SHARED
) -> UriThreat | None:
    """What the look-up index says about a URL, as the native check does. BadUrl, TooLarge: it is none."""
    rule = look_up(context, uri, tenant).rule
    if rule is None or rule.listing is None or rule.listing.level is not Level.MALICIOUS:
        return None
    threat = threat_of(rule.listing.category)
    if threat is None or threat not in threats:
        return None
    return UriThreat(threat, expiry(rule.listing.valid_until, context.clock()))


def expiry(valid_until: datetime, now: datetime) -> datetime:
    """Until when an answer may be kept: CACHE, and never longer than the listing is valid."""
    return max(now, min(valid_until, now + CACHE))


class HashLists:
    """The hash lists of one process, brought up to date when they are asked. Safe between threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._table = HashTable(context.knowledge.hosts)
        self._position: tuple[str, int] = ("", 0)

    def search(self, prefixes: Collection[bytes], threats: Collection[Threat]) -> FoundHashes:
        """The listed full hashes that begin with one of the prefixes (4 to 32 bytes). Unavailable: stale."""
        refuse_stale(self._context)
        now = self._context.clock()
        with self._lock:
            self._follow()
            found = {item: None for prefix in prefixes for item in self._table.find(prefix)}
        hashes = tuple(
            (item, expiry(datetime.fromtimestamp(item.valid_until, UTC), now))
            for item in found
            if item.threat in threats
        )
        return FoundHashes(hashes, now + CACHE)

    def diff(self, threat: Threat, token: bytes, *, max_changes: int = 0, max_entries: int = 0) -> ListDiff:
        """What a client with the version ``token`` must do ('' for none). Unavailable: stale.

        A token of another list or epoch, or one that is too old, gets a reset.
        """
        refuse_stale(self._context)
        with self._lock:
            self._follow()
            epoch = self._position[0]
            client = read_token(token, threat, epoch)
            diff = compute(
                self._table.lists[threat], client, max_changes=max_changes, max_entries=max_entries
            )
        now = self._context.clock()
        return ListDiff(diff, make_token(diff.version, threat, epoch), now + CACHE if diff.complete else now)

    def names(self, threat: Threat, token: bytes) -> bool:
        """Whether a token is one of this list, of the ledger as it is now."""
        return read_token(token, threat, self._context.ledger.epoch) is not None

    def status(self) -> HashListStatus:
        """Sizes, the span of versions, and what could not be put on a list."""
        with self._lock:
            self._follow()
            lists = tuple(
                ThreatListStatus(
                    threat_type=threat.name,
                    entries=len(prefixes),
                    oldest_seq=prefixes.horizon,
                    newest_seq=prefixes.seq,
                )
                for threat, prefixes in self._table.lists.items()
            )
            return HashListStatus(lists=lists, left_out=self._table.left_out())

    def _follow(self) -> None:
        ledger = self._context.ledger
        starts, seq = self._position[0] != ledger.epoch, 0
        if starts:
            seq = ledger.last_seq()
            self._table.start(self._snapshot(), seq)
            self._position = (ledger.epoch, seq)
        while changes := ledger.changes(self._position[1], PAGE):
            for change in changes:
                if change.tenant == SHARED:
                    self._table.apply(change)
            self._position = (ledger.epoch, changes[-1].seq)
        if (
            starts and self._position[1] != seq
        ):  # The snapshot may hold changes made while it was read: only from here on is all exact.
            self._table.begin_versions(self._position[1])

    def _snapshot(self) -> Iterator[tuple[Subject, Listing | None]]:
        for row in self._context.ledger.listings():
            if row.tenant == SHARED:
                yield row.subject, row.listing
