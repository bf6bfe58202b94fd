"""MISP events in JSON, one document at a time, and the manifest of a MISP feed.

Source: draft-dulaunoy-misp-core-format (§2 events, §3 manifest) and the feeds of CIRCL and Botvrij. A feed is a
folder: ``manifest.json`` maps the id of each event to its summary, ``<uuid>.json`` holds one event,
``{"Event": {"uuid", "info", "timestamp", "Tag": [{"name"}], "Attribute": [...], "Object": [{"Attribute":
[...]}]}}``. Also read: the answer of MISP's own search, ``{"response": [{"Event": ...}, ...]}``.

An attribute counts if ``to_ids`` is true (MISP's word for "detect this") and it is not deleted. Types
that name a place or a file are used; of ``domain|ip`` the domain, of ``ip-dst|port`` the address, of
``filename|sha256`` the hash; all others (subjects, registry keys, YARA, ...) are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec

from mailrisk.collect.feeds.entry import file_of, host_of, network_of, reference_of, time_of, url_of, words_of
from mailrisk.collect.feeds.lines import Entries, each_item, json_of, read_document
from mailrisk.model.errors import FeedRefused
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_SECONDS = re.compile(r"[0-9]{1,12}\Z")

MAX_EVENTS = 100_000
"""Most events that a manifest may name."""


class _Tag(msgspec.Struct):
    name: str = ""


class _Attribute(msgspec.Struct):
    type: str
    value: str
    to_ids: bool = False
    deleted: bool = False
    timestamp: str | int = ""
    last_seen: str | None = None
    tags: list[_Tag] = msgspec.field(name="Tag", default_factory=list)


class _Object(msgspec.Struct):
    attributes: list[msgspec.Raw] = msgspec.field(name="Attribute", default_factory=list)


class _Event(msgspec.Struct):
    uuid: str = ""
    info: str = ""
    tags: list[_Tag] = msgspec.field(name="Tag", default_factory=list)
    attributes: list[msgspec.Raw] = msgspec.field(name="Attribute", default_factory=list)
    objects: list[_Object] = msgspec.field(name="Object", default_factory=list)


class _Wrapped(msgspec.Struct):
    event: _Event | None = msgspec.field(name="Event", default=None)
    response: list[_Wrapped] = []


class _Line(msgspec.Struct):
    timestamp: str | int = 0


class Summary(msgspec.Struct, frozen=True):
    """What a manifest says of an event; ``timestamp`` tells whether it changed since it was read."""

    uuid: str
    timestamp: int


_FORMS: dict[str, Callable[[str], tuple[Subject, str]]] = {
    "url": url_of,
    "uri": url_of,
    "domain": lambda text: (host_of(text), "https"),
    "hostname": lambda text: (host_of(text), "https"),
    "domain|ip": lambda text: (host_of(text.partition("|")[0]), "https"),
    "hostname|port": lambda text: (host_of(text.partition("|")[0]), "https"),
    "ip-src": lambda text: (network_of(text), "https"),
    "ip-dst": lambda text: (network_of(text), "https"),
    "ip-src|port": lambda text: (network_of(text.partition("|")[0]), "https"),
    "ip-dst|port": lambda text: (network_of(text.partition("|")[0]), "https"),
    "sha256": lambda text: (file_of(text), "https"),
    "filename|sha256": lambda text: (file_of(text.rpartition("|")[2]), "https"),
}


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """The attributes of one event, or of every event of a search answer; the event is the reference."""
    document = read_document(lines, _Wrapped)
    events = [document.event] if document.event else [one.event for one in document.response if one.event]
    if not events and not document.response:
        raise FeedRefused("it has neither Event nor response")

    def read(item: tuple[_Event, msgspec.Raw]) -> tuple[Sighting, ...]:
        event, raw = item
        return _sighting(event, json_of(raw, _Attribute), options)

    return each_item(_attributes(events), read)


def _attributes(events: list[_Event]) -> Iterator[tuple[_Event, msgspec.Raw]]:
    for event in events:
        for raw in event.attributes:
            yield event, raw
        for compound in event.objects:
            for raw in compound.attributes:
                yield event, raw


def _sighting(event: _Event, attribute: _Attribute, options: FeedOptions) -> tuple[Sighting, ...]:
    form = _FORMS.get(attribute.type)
    if form is None or not attribute.to_ids or attribute.deleted:
        return ()
    subject, scheme = form(attribute.value)
    tags = words_of(tag.name for tag in (*event.tags, *attribute.tags))
    return (
        Sighting(
            subject=subject,
            scheme=scheme,
            seen_at=_seen_at(attribute),
            category=options.category or _category(subject, f"{event.info} {' '.join(tags)}".lower()),
            tags=tags,
            reference=reference_of(event.uuid),
        ),
    )


def _seen_at(attribute: _Attribute) -> datetime | None:
    return time_of(attribute.last_seen or "") or time_of(str(attribute.timestamp))


def _category(subject: Subject, words: str) -> Category | None:
    """What the event's title and tags suggest. An address gets none: its part in the story is not said."""
    if subject.kind is Kind.FILE:
        return Category.MALWARE_FILE
    if subject.kind in (Kind.IP, Kind.NETWORK):
        return None
    if "phish" in words:
        return Category.CREDENTIAL_PHISHING
    return Category.MALWARE_FILE if "malware" in words or "ransomware" in words else None


def read_manifest(pieces: Iterable[bytes]) -> list[Summary]:
    """The events that a feed offers, newest first. FeedRefused if it is no manifest or names too many."""
    entries = read_document(pieces, dict[str, _Line])
    if len(entries) > MAX_EVENTS:
        raise FeedRefused(f"its manifest names more than {MAX_EVENTS} events")
    if not all(_UUID.match(uuid) for uuid in entries):
        raise FeedRefused("its manifest holds an id that is no UUID")  # It becomes part of a URL.
    found = [Summary(uuid.lower(), _seconds(line.timestamp)) for uuid, line in entries.items()]
    return sorted(found, key=lambda event: event.timestamp, reverse=True)


def _seconds(stamp: str | int) -> int:
    text = str(stamp)
    return int(text) if _SECONDS.match(text) else 0
