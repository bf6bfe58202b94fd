"""What is listed on the sites that a transaction touched, and the wider scopes that this justified so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Select, delete, func, select

from mailrisk.model.change import Change
from mailrisk.model.subject import Kind, Subject
from mailrisk.store import schema
from mailrisk.store.bulk import among, insert_rows
from mailrisk.store.chunks import chunks
from mailrisk.store.listing_query import listing_query
from mailrisk.store.rows import ListingRow

MAX_ROWS = 200
"""Listings of one site that are looked at, the oldest first. Far fewer justify the widest scope."""

Site = tuple[int, str]
"""(tenant, registrable domain or address)."""


class WideningRow(NamedTuple):
    """A wider scope that is justified now."""

    subject_id: int
    subject: Subject
    rule: str
    because: tuple[str, ...]  # displayed indicators of the listings it was recorded with
    redistribute: bool
    local: bool
    partner: bool


class _Because(msgspec.Struct, frozen=True):
    indicators: tuple[str, ...]
    redistribute: bool
    local: bool
    partner: bool = False


class SiteRows:
    """The tables of sites inside one write transaction."""

    def __init__(self, connection: Connection, made: Mapping[int, Change]) -> None:
        """``made``: changes of this transaction by number, which need not be decoded again."""
        self._connection = connection
        self._made = made

    def _all(self, query: Select[Any]) -> Sequence[Any]:
        return self._connection.execute(query).all()

    def busy(self, tenant: int, sites: Collection[str]) -> set[str]:
        """Those of the sites that have two listings or more, or a wider scope already."""
        found: set[str] = set()
        listing, widening = schema.listing.c, schema.widening.c
        for part in chunks(list(sites)):
            several = (
                select(listing.site)
                .where(among(self._connection, listing.site, part), listing.tenant == tenant)
                .group_by(listing.site)
                .having(func.count() > 1)
            )
            widened = select(widening.site).where(
                among(self._connection, widening.site, part), widening.tenant == tenant
            )
            found.update(site for query in (several, widened) for (site,) in self._all(query))
        return found

    def standing(self, tenant: int, sites: Collection[str]) -> dict[str, list[ListingRow]]:
        """Listings and exemptions that count for wider scopes, at most MAX_ROWS of each site."""
        found: dict[str, list[ListingRow]] = defaultdict(list)
        listing = schema.listing
        place = func.row_number().over(partition_by=listing.c.site, order_by=listing.c.seq).label("place")
        for part in chunks(list(sites)):
            ranked = (
                select(listing, place)
                .where(among(self._connection, listing.c.site, part), listing.c.tenant == tenant)
                .subquery()
            )
            query = listing_query(ranked).where(ranked.c.place <= MAX_ROWS).order_by(ranked.c.seq)
            for row in self._all(query):
                found[row.site].append(ListingRow.from_row(row, self._made.get(row.seq)))
        return found

    def widened(self, tenant: int, sites: Collection[str]) -> dict[str, list[WideningRow]]:
        """The wider scopes that were justified when a site was last looked at."""
        found: dict[str, list[WideningRow]] = defaultdict(list)
        widening, about = schema.widening, schema.subject
        for part in chunks(list(sites)):
            query = (
                select(widening, about.c.kind, about.c.value)
                .join(about, about.c.id == widening.c.subject_id)
                .where(among(self._connection, widening.c.site, part), widening.c.tenant == tenant)
            )
            for row in self._all(query):
                subject = Subject(Kind(row.kind), row.value)
                why = msgspec.json.decode(row.because, type=_Because)
                found[row.site].append(
                    WideningRow(
                        row.subject_id,
                        subject,
                        row.rule,
                        why.indicators,
                        why.redistribute,
                        why.local,
                        why.partner,
                    )
                )
        return found

    def put(self, rows: Iterable[tuple[Site, WideningRow]]) -> None:
        """Notes that wider scopes are justified now."""
        columns = ("subject_id", "tenant", "site", "rule", "because")
        values = [
            (
                row.subject_id, *site, row.rule,
                msgspec.json.encode(_Because(row.because, row.redistribute, row.local, row.partner)).decode(),
            )
            for site, row in rows
        ]  # fmt: skip
        insert_rows(self._connection, schema.widening, columns, values, "replace")

    def remove(self, subject_ids: Collection[int]) -> None:
        """Notes that wider scopes are justified no longer."""
        if subject_ids:
            of = schema.widening.c.subject_id
            self._connection.execute(delete(schema.widening).where(among(self._connection, of, subject_ids)))
