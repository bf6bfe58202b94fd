"""URLhaus dumps and API answers in JSON (``json_recent``, ``json_online``, ``/v1/urls/recent/``).

Source: https://urlhaus.abuse.ch/api/#json and https://urlhaus-api.abuse.ch/. A dump is one object that maps
an id to an array with one entry: ``{"3467001": [{"dateadded": ..., "url": ..., "url_status": ..., "last_online":
..., "threat": ..., "tags": [...] or null, "urlhaus_link": ..., "reporter": ...}]}``. The API's answer is
``{"query_status": "ok", "urls": [...]}`` with ``date_added`` (``2025-03-04 10:14:08 UTC``) and
``urlhaus_reference`` instead. The full dump is larger than the limit of 64 MiB: take the CSV.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec

from mailrisk.collect.feeds.entry import reference_of, tags_of, time_of, url_of
from mailrisk.collect.feeds.lines import Entries, each_item, json_of, read_document
from mailrisk.model.errors import FeedRefused
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.verdict import Category


class _Entry(msgspec.Struct):
    url: str
    url_status: str = ""
    threat: str = ""
    tags: list[str] | None = None
    dateadded: str | None = None
    date_added: str | None = None
    urlhaus_link: str = ""
    urlhaus_reference: str = ""


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Category ``malware-file``; the status and the threat become tags."""
    category = options.category or Category.MALWARE_FILE

    def read(raw: msgspec.Raw) -> tuple[Sighting]:
        entry = json_of(raw, _Entry)
        subject, scheme = url_of(entry.url)
        return (
            Sighting(
                subject=subject,
                scheme=scheme,
                seen_at=time_of(entry.dateadded or entry.date_added or ""),
                category=category,
                tags=tags_of(",".join([entry.url_status, entry.threat, *(entry.tags or ())])),
                reference=reference_of(entry.urlhaus_link or entry.urlhaus_reference),
            ),
        )

    return each_item(_entries(lines), read)


def _entries(lines: Iterable[bytes]) -> Iterator[msgspec.Raw]:
    document = read_document(lines, dict[str, msgspec.Raw])
    if "query_status" not in document:
        lists = (msgspec.json.decode(raw, type=list[msgspec.Raw]) for raw in document.values())
        yield from _refusing(chain.from_iterable(lists))
        return
    status = msgspec.json.decode(document["query_status"])
    if status != "ok" or "urls" not in document:
        raise FeedRefused(f"the API answered {ascii(status)[:40]}")
    yield from _refusing(iter(msgspec.json.decode(document["urls"], type=list[msgspec.Raw])))


def _refusing(entries: Iterator[msgspec.Raw]) -> Iterator[msgspec.Raw]:
    try:
        yield from entries
    except msgspec.MsgspecError as error:
        raise FeedRefused(f"not a URLhaus dump: {error}") from None
