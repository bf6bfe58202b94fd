"""STIX 2.1 bundles and TAXII 2.1 envelopes: indicators whose pattern compares for equality.

Source: OASIS STIX 2.1 §4.7 (Indicator) and §9 (patterning); TAXII 2.1 §3.7 (envelope). Both forms
hold their objects in ``objects``. Used are objects of type ``indicator`` with ``pattern_type`` ``stix`` that
are not revoked. Of the pattern language we read comparisons by ``=`` and ``IN`` joined by ``OR`` and ``AND``,
in one or several observations:

- ``url:value``, ``domain-name:value``, ``ipv4-addr:value``, ``ipv6-addr:value`` (also with a network),
  ``file:hashes.'SHA-256'``, ``network-traffic:dst_ref.value``
- joined by ``AND`` only a URL or a file hash counts: ``[domain-name:value = 'x' AND ...]`` does not say that
  the domain alone is bad
- anything else (``LIKE``, ``MATCHES``, ``NOT``, ``FOLLOWEDBY``, ...) is no list of indicators: a bad entry
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from mailrisk.collect.feeds.entry import file_of, host_of, network_of, reference_of, time_of, url_of, words_of
from mailrisk.collect.feeds.lines import Entries, each_item, json_of, read_document
from mailrisk.model.errors import BadInput
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category

MAX_PATTERN = 64 * 1024
MAX_COMPARISONS = 1000

_STRING = r"'(?:[^'\\]|\\.)*'"
_TOKEN = re.compile(
    rf"\s*(?:(?P<path>[a-z0-9-]+:[A-Za-z0-9_.-]+(?:{_STRING}|\"[^\"]*\")?)|(?P<string>{_STRING})"
    r"|(?P<number>-?[0-9]+(?:\.[0-9]+)?|true|false)|(?P<word>[A-Z]+)|(?P<sign>!?=|[][(),<>]))",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class _Document(msgspec.Struct):
    objects: list[msgspec.Raw] = []


class _Head(msgspec.Struct):
    type: str = ""


class _Indicator(msgspec.Struct):
    id: str
    pattern: str
    pattern_type: str = "stix"
    revoked: bool = False
    valid_from: str = ""
    valid_until: str | None = None
    confidence: int | None = None
    indicator_types: list[str] = []
    labels: list[str] = []


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Every value that an indicator's pattern names; the indicator's id is the reference."""

    def read(raw: msgspec.Raw) -> tuple[Sighting, ...]:
        if json_of(raw, _Head).type != "indicator":
            return ()
        indicator = json_of(raw, _Indicator)
        if indicator.revoked or indicator.pattern_type != "stix":
            return ()
        found = tuple(subjects_of(indicator.pattern))
        if not found:
            raise BadInput("pattern", "names no URL, host, address or file by itself")
        return tuple(_sighting(indicator, subject, scheme, options) for subject, scheme in found)

    return each_item(read_document(lines, _Document).objects, read)


def _sighting(indicator: _Indicator, subject: Subject, scheme: str, options: FeedOptions) -> Sighting:
    words = words_of((*indicator.indicator_types, *indicator.labels))
    known = 100 if indicator.confidence is None else indicator.confidence
    return Sighting(
        subject=subject,
        scheme=scheme,
        seen_at=time_of(indicator.valid_from),
        category=options.category or _category(subject, " ".join(words)),
        tags=words,
        reference=reference_of(indicator.id),
        confidence=min(max(known, 0), 100) / 100,
        valid_until=time_of(indicator.valid_until or ""),
    )


def _category(subject: Subject, words: str) -> Category | None:
    if subject.kind is Kind.FILE:
        return Category.MALWARE_FILE
    if subject.kind in (Kind.IP, Kind.NETWORK):
        return None
    return Category.CREDENTIAL_PHISHING if "phish" in words else None


def subjects_of(pattern: str) -> Iterator[tuple[Subject, str]]:
    """Subject and scheme of every value that the pattern names. BadInput if it is none of our kind."""
    if len(pattern) > MAX_PATTERN:
        raise BadInput("pattern", f"longer than {MAX_PATTERN} characters")
    tokens = list(_tokens(pattern))
    together = ("word", "AND") in tokens
    for path, value in _comparisons(tokens):
        found = _subject(path, value)
        if found is not None and (not together or _stands_alone(path, found[0])):
            yield found


def _stands_alone(path: str, subject: Subject) -> bool:
    # A traffic pattern must say which kind of reference it means, so its AND takes nothing away.
    return subject.kind in (Kind.URL, Kind.FILE) or path.startswith("network-traffic:")


def _tokens(pattern: str) -> Iterator[tuple[str, str]]:
    at = 0
    end = len(pattern.rstrip())
    while at < end:
        match = _TOKEN.match(pattern, at)
        if match is None or match.lastgroup is None:
            raise BadInput("pattern", "not a pattern that is known here")
        yield match.lastgroup, match[match.lastgroup]
        at = match.end()


def _comparisons(tokens: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Path and value of each ``path = 'value'`` and ``path IN ('a', 'b')``."""
    path = ""
    count = 0
    for group, text in tokens:
        if group == "path":
            path = text
        elif group == "string":
            count += 1
            if count > MAX_COMPARISONS:
                raise BadInput("pattern", f"more than {MAX_COMPARISONS} comparisons")
            yield path, _ESCAPED.sub(r"\1", text[1:-1])
        elif group != "number" and text not in ("OR", "AND", "IN", "=", "[", "]", "(", ")", ","):
            raise BadInput("pattern", f"{text} is more than equality")


def _subject(path: str, value: str) -> tuple[Subject, str] | None:
    match path:
        case "url:value":
            return url_of(value)
        case "domain-name:value":
            return host_of(value), "https"
        case "ipv4-addr:value" | "ipv6-addr:value":
            return network_of(value), "https"
        case "network-traffic:dst_ref.value":
            return (network_of(value) if value[:1].isdigit() or ":" in value else host_of(value)), "https"
    if path.startswith("file:hashes.") and path[12:].strip("'\"").upper() in ("SHA-256", "SHA256"):
        return file_of(value), "https"
    return None
