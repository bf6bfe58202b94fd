"""URLhaus database dumps in CSV: ``csv_recent``, ``csv_online`` and the full dump.

Source: https://urlhaus.abuse.ch/api/#csv. Comment lines start with ``#``; the last one names the columns:
``id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter``, each value in double
quotes, times in UTC without a zone. Dumps from before 2022 have no ``last_online``. Every entry is
a place that serves malware; ``url_status`` (``online``, ``offline``, ``unknown``) becomes a tag.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailrisk.collect.feeds.entry import fields_of, reference_of, tags_of, time_of, url_of
from mailrisk.collect.feeds.lines import Entries, each_line
from mailrisk.model.errors import BadInput
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.verdict import Category


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Category ``malware-file``; the reference is URLhaus's own page about the entry."""
    category = options.category or Category.MALWARE_FILE

    def read(text: str) -> tuple[Sighting]:
        row = fields_of(text)
        if len(row) == 9:
            _, added, url, status, _, threat, tags, link, _ = row
        elif len(row) == 8:
            _, added, url, status, threat, tags, link, _ = row
        else:
            raise BadInput("line", f"{len(row)} columns instead of 9")
        subject, scheme = url_of(url)
        return (
            Sighting(
                subject=subject,
                scheme=scheme,
                seen_at=time_of(added),
                category=category,
                tags=tags_of(f"{status},{threat},{tags}"),
                reference=reference_of(link),
            ),
        )

    return each_line(lines, read)
