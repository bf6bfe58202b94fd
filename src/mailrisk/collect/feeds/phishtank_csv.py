"""PhishTank's ``online-valid.csv``: phishing pages that its community confirmed and that are online.

Source: https://phishtank.org/developer_info.php. The first line names the columns:
``phish_id,url,phish_detail_url,submission_time,verified,verification_time,online,target``; fields with commas
are quoted, times are ISO 8601 with a zone. ``target`` is the impersonated brand, ``Other`` when unknown.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailrisk.collect.feeds.entry import brand_of, fields_of, reference_of, time_of, url_of
from mailrisk.collect.feeds.lines import Entries, each_line
from mailrisk.model.errors import BadInput
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.verdict import Category

UNVERIFIED = 0.5
"""Confidence of an entry that nobody confirmed; the public downloads hold none."""


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Category ``credential-phishing``; seen when it was submitted."""
    category = options.category or Category.CREDENTIAL_PHISHING

    def read(text: str) -> tuple[Sighting, ...]:
        row = fields_of(text)
        if len(row) != 8:
            raise BadInput("line", f"{len(row)} columns instead of 8")
        identifier, url, link, submitted, verified, _, online, target = row
        if identifier == "phish_id":
            return ()
        return (phish(category, url, link, submitted, verified, online, target),)

    return each_line(lines, read)


def phish(
    category: Category, url: str, link: str, submitted: str, verified: str, online: str, target: str
) -> Sighting:
    """One entry, common to the CSV and the JSON form."""
    subject, scheme = url_of(url)
    return Sighting(
        subject=subject,
        scheme=scheme,
        seen_at=time_of(submitted),
        category=category,
        tags=() if online == "yes" else ("offline",),
        brand=brand_of(target),
        reference=reference_of(link),
        confidence=1.0 if verified == "yes" else UNVERIFIED,
    )
