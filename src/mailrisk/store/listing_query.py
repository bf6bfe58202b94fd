"""Reading listings. The change that led to a listing is stored once, in the change feed, not again beside it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, Subquery, Table, select

from mailrisk.store import schema


def listing_query(listing: Table | Subquery = schema.listing) -> Select[Any]:
    """What ``ListingRow.from_row`` reads, of the table or of a selection of its rows."""
    about, change = schema.subject, schema.change
    return (
        select(listing, change.c.body.label("change_body"), about.c.kind, about.c.value, about.c.scheme)
        .join(about, about.c.id == listing.c.subject_id)
        .outerjoin(change, change.c.seq == listing.c.seq)
    )
