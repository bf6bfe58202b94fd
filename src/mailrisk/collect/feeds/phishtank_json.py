"""PhishTank's ``online-valid.json``: one array of objects with the fields of the CSV form.

Source: https://phishtank.org/developer_info.php. ``phish_id`` is a number, ``details`` (addresses and
networks of the host at the time) is not used: it says where a page was, not what is bad. Some 60,000
entries, about 40 MB: read whole, within 64 MiB.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mailrisk.collect.feeds.lines import Entries, each_item, json_of, read_document
from mailrisk.collect.feeds.phishtank_csv import phish
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.verdict import Category


class _Entry(msgspec.Struct):
    url: str
    phish_detail_url: str = ""
    submission_time: str = ""
    verified: str = "yes"
    online: str = "yes"
    target: str = ""


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Category ``credential-phishing``; seen when it was submitted."""
    category = options.category or Category.CREDENTIAL_PHISHING

    def read(raw: msgspec.Raw) -> tuple[Sighting]:
        e = json_of(raw, _Entry)
        link, submitted = e.phish_detail_url, e.submission_time
        return (phish(category, e.url, link, submitted, e.verified, e.online, e.target),)

    return each_item(read_document(lines, list[msgspec.Raw]), read)
