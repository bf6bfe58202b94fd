"""The rows behind the lists over DNS and the response policy zone, kept current from the change feed."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from mailrisk.decide.response import response_for
from mailrisk.model.change import Listing
from mailrisk.publish.dnsbl.fold import Rules, ZoneFold, read_counts, read_position
from mailrisk.publish.rpz.journal import State, read_state
from mailrisk.service.check_url import stale
from mailrisk.service.context import Context, LookupContext
from mailrisk.service.follow import Follower
from mailrisk.store.microseconds import to_us
from mailrisk.store.zones import Table, ZoneStore, zones_exist

FORM: Final = "2"
"""Names the form of the rows; another one is filled again."""

AGREE_EVERY_S: Final = 2.0
"""How often a writer that has nothing to write says that he is still there."""

FORM_KEY: Final = b"qform"
_AGREED = b"qagreed"


def rules_for(context: LookupContext, *, ip_triggers: bool) -> Rules:
    """What the fold asks: nothing wider than a registrable domain; addresses that the response policy blocks."""

    def is_trigger(listing: Listing) -> bool:
        known_for = max(timedelta(0), context.clock() - listing.first_seen)
        action, _ = response_for(context.policy, listing.level, int(known_for.total_seconds()))
        return ip_triggers and action == "block"

    hosts = context.knowledge.hosts
    return Rules(registrable=hosts.registrable, divided=hosts.has_suffix_below, is_trigger=is_trigger)


def form_of(*, ip_triggers: bool) -> bytes:
    """Names what the rows were made by: another one is filled again."""
    return f"{FORM} {'ip' if ip_triggers else ''}".encode()


class ZoneKeeper:
    """Writes the rows. One of a core, used by one thread at a time."""

    def __init__(self, context: Context, store: ZoneStore, *, ip_triggers: bool = False) -> None:
        self._context, self._store = context, store
        self._form = form_of(ip_triggers=ip_triggers)
        self._fold = ZoneFold(rules_for(context, ip_triggers=ip_triggers))
        self._follower: Follower | None = None
        self._lock = threading.Lock()
        self._agreed_s = 0.0

    def step(self) -> bool:
        """Follows the change feed; whether anything changed. Unavailable: the ledger is not there."""
        with self._lock:
            now_s = self._context.clock().timestamp()
            # A look before the lock of the file is taken: mostly there is nothing to write.
            if self._follower is not None and not self._behind() and now_s - self._agreed_s < AGREE_EVERY_S:
                return False
            try:
                with self._store.writing() as rows:
                    moved = self._write(rows, int(now_s))
            except BaseException:
                self._follower = None
                self._fold.abandon()
                raise
            self._agreed_s = now_s
            return moved

    def _behind(self) -> bool:
        assert self._follower is not None
        ledger = self._context.ledger
        return self._follower.position != (ledger.epoch, ledger.last_seq())

    def _write(self, rows: Table, now_s: int) -> bool:
        self._fold.rows, self._fold.now_s = rows, now_s
        if self._follower is None:
            current = rows.get(FORM_KEY) == self._form
            position = read_position(rows) if current else ("", 0)
            self._follower = Follower(self._context, [self._fold], position=position)
        moved = self._follower.follow()
        self._context.surface_counts["zones"] = surface_counts(self._fold.counts())
        rows.put(FORM_KEY, self._form)
        rows.put(_AGREED, str(to_us(self._context.clock())).encode())
        return moved


def surface_counts(rows: dict[str, int]) -> dict[str, int]:
    """What the zones hold; the response policy zone leaves out pages too, which the lists can express."""
    out = rows.get("left out", 0)
    pages = rows.get("urls", 0)
    return {
        "addresses": rows.get("ipv4", 0) + rows.get("ipv6", 0),
        "domains": rows.get("domains", 0) + rows.get("hosts", 0),
        "pages": pages,
        "left_out_of_lists": out,
        "left_out_of_policy_zone": out + pages,
    }


def stored_counts(data_dir: Path) -> dict[str, int] | None:
    """What the zones of a data directory hold, for another process than the one that keeps them; None without zones."""
    if not zones_exist(data_dir):
        return None
    store = ZoneStore(data_dir, readonly=True)
    try:
        with store.reading() as rows:
            return surface_counts(read_counts(rows))
    finally:
        store.close()


class ZoneStand(msgspec.Struct, frozen=True, kw_only=True):
    """What the zones hold, for people: rows by kind, serial, age of the last agreement in seconds."""

    counts: dict[str, int]
    position: tuple[str, int]
    rpz: State
    age_s: float | None


class ZoneReader:
    """Reads the rows in any process: how far they are, and whether they may be given out."""

    def __init__(self, store: ZoneStore, context: LookupContext) -> None:
        self.store = store
        self._context = context

    def stale(self, rows: Table) -> bool:
        """Whether nothing can be vouched for: the rows or the look-up index lost contact to the ledger."""
        age = self._age_s(rows)
        return age is None or age > self._context.index_max_age.total_seconds() or stale(self._context)

    def _age_s(self, rows: Table) -> float | None:
        raw = rows.get(_AGREED)
        if raw is None or not read_position(rows)[0]:
            return None
        return max(0.0, (to_us(self._context.clock()) - int(raw)) / 1e6)

    def stand(self) -> ZoneStand:
        """What the zones hold now."""
        with self.store.reading() as rows:
            return ZoneStand(
                counts=read_counts(rows),
                position=read_position(rows),
                rpz=read_state(rows),
                age_s=self._age_s(rows),
            )
