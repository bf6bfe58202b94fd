"""Web Risk answers: by URL from the look-up index, by hash and as diffs from folds of the change feed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import msgspec

from mailrisk.model.evidence import SHARED
from mailrisk.model.verdict import Level
from mailrisk.publish.webrisk.diff import Diff, compute
from mailrisk.publish.webrisk.hash_table import FoundHash, HashTable
from mailrisk.publish.webrisk.threats import Threat, threat_of
from mailrisk.publish.webrisk.token import make_token, read_token
from mailrisk.service.check_url import look_up
from mailrisk.service.context import Context, LookupContext
from mailrisk.service.follow import Follower, refuse_stale
from mailrisk.store.scratch import scratch

CACHE = timedelta(seconds=300)
"""How long a client may keep an answer: a withdrawn listing is gone from every cache after it."""


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
        self._table = HashTable(context.knowledge.hosts, scratch(context.index.folder))
        self._follower = Follower(context, [self._table])

    def search(self, prefixes: Collection[bytes], threats: Collection[Threat]) -> FoundHashes:
        """The listed full hashes that begin with one of the prefixes (4 to 32 bytes). Unavailable: stale."""
        refuse_stale(self._context)
        now = self._context.clock()
        with self._follower.lock:
            self._follower.follow()
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
        with self._follower.lock:
            self._follower.follow()
            epoch = self._follower.position[0]
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
        with self._follower.lock:
            self._follower.follow()
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
