"""ThreatFox dumps in CSV: indicators of malware of every kind.

Source: https://threatfox.abuse.ch/export/#csv. ``#`` comments, the last of which names the columns:
``first_seen_utc, ioc_id, ioc_value, ioc_type, threat_type, fk_malware, malware_alias, malware_printable,
last_seen_utc, confidence_level, is_compromised, reference, tags, anonymous, reporter``. Values are quoted,
with a blank after each comma; older dumps have no ``is_compromised``. Types: ``url``, ``domain``,
``ip:port``, ``sha256_hash``; ``md5_hash`` and ``sha1_hash`` name no file here and are left out.

``is_compromised``: an honest site was broken into. It becomes the tag ``compromised``, so that the scope
rules keep its domain out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailrisk.collect.feeds.entry import endpoint_of, fields_of, file_of, host_of, tags_of, time_of, url_of
from mailrisk.collect.feeds.lines import Entries, each_line
from mailrisk.model.errors import BadInput
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.subject import IP_KINDS, Subject
from mailrisk.model.verdict import Category

_PERCENT = re.compile(r"[0-9]{1,3}\Z")
_NUMBER = re.compile(r"[0-9]{1,12}\Z")
_NOT_USED = frozenset({"md5_hash", "sha1_hash", "sha3_384_hash", "email", "envelope_from", "body_from"})


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """URLs, hosts and files are ``malware-file``, addresses ``listed``."""

    def read(text: str) -> tuple[Sighting, ...]:
        row = fields_of(text)
        if len(row) == 14:
            row.insert(10, "")
        if len(row) != 15:
            raise BadInput("line", f"{len(row)} columns instead of 15")
        seen, number, value, kind, threat, _, _, malware, _, confidence, compromised = row[:11]
        tags = ",".join(
            ("compromised" if compromised in ("True", "true", "1") else "", threat, malware, row[12])
        )
        return indicator(options, kind, value, seen, tags, confidence, number)

    return each_line(lines, read)


def indicator(
    options: FeedOptions, kind: str, value: str, seen: str, tags: str, confidence: str, number: str
) -> tuple[Sighting, ...]:
    """One entry, common to the CSV and the JSON form."""
    if kind in _NOT_USED:
        return ()
    subject, scheme = _subject(kind, value)
    plain = Category.LISTED if subject.kind in IP_KINDS else Category.MALWARE_FILE
    return (
        Sighting(
            subject=subject,
            scheme=scheme,
            seen_at=time_of(seen),
            category=options.category or plain,
            tags=tags_of(tags),
            reference=f"https://threatfox.abuse.ch/ioc/{number}/" if _NUMBER.match(number) else "",
            confidence=min(int(confidence), 100) / 100 if _PERCENT.match(confidence) else 1.0,
        ),
    )


def _subject(kind: str, value: str) -> tuple[Subject, str]:
    match kind:
        case "url":
            return url_of(value)
        case "domain":
            return host_of(value), "https"
        case "ip:port":
            return endpoint_of(value), "https"
        case "sha256_hash":
            return file_of(value), "https"
    raise BadInput("entry", f"unknown type {ascii(kind)[:40]}")
