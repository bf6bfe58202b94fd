"""ThreatFox dumps in JSON: ``{"1234567": [{"ioc_value": ..., "ioc_type": ..., ...}], ...}``.

Source: https://threatfox.abuse.ch/export/#json. The fields are those of the CSV form; ``tags`` is one text
with commas, or null. See :mod:`.threatfox_csv`. Read whole, within 64 MiB; the full dump is larger.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mailrisk.collect.feeds.lines import Entries, each_item, json_of, read_document
from mailrisk.collect.feeds.threatfox_csv import indicator
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting


class _Entry(msgspec.Struct):
    ioc_value: str
    ioc_type: str
    threat_type: str = ""
    malware_printable: str | None = None
    first_seen_utc: str | None = None
    confidence_level: int = 100
    is_compromised: bool = False
    tags: str | None = None


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """URLs, hosts and files are ``malware-file``, addresses ``listed``."""

    def read(item: tuple[str, msgspec.Raw]) -> list[Sighting]:
        number, raw = item
        found: list[Sighting] = []
        for entry in json_of(raw, list[_Entry]):
            flag = "compromised" if entry.is_compromised else ""
            tags = ",".join((flag, entry.threat_type, entry.malware_printable or "", entry.tags or ""))
            seen, confidence = entry.first_seen_utc or "", str(entry.confidence_level)
            found += indicator(options, entry.ioc_type, entry.ioc_value, seen, tags, confidence, number)
        return found

    return each_item(read_document(lines, dict[str, msgspec.Raw]).items(), read)
