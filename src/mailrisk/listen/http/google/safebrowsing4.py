"""Safe Browsing v4: ``threatListUpdates:fetch``, ``fullHashes:find``, ``threatMatches:find``, ``threatLists``.

https://developers.google.com/safe-browsing/v4. A list is named by threat, platform and entry type; ours are
lists of URLs that hold for every platform, so each platform that is asked for gets the same one.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from mailrisk.listen.http.google.encoding import Answer, duration, raw_changes, rice_fields
from mailrisk.listen.http.google.errors import invalid
from mailrisk.listen.http.google.schemas import Compression, EntryType, PlatformType, ThreatType, UpdateType
from mailrisk.listen.http.google.wire import GoogleRequest, base64_text, read_bytes, read_enum
from mailrisk.model.errors import BadInput
from mailrisk.publish.webrisk.threats import Threat
from mailrisk.publish.webrisk.token import MAX_TOKEN
from mailrisk.service.context import Context
from mailrisk.service.follow import refuse_stale
from mailrisk.service.webrisk import CACHE, HashLists, search_uri

MAX_ENTRIES: Final = 500
"""Hashes or URLs in one request."""

MAX_LISTS: Final = 64
"""Lists in one request for updates."""

LEAST_LIMIT: Final = 1024
"""Smallest size limit that a client may set, beside 0 for none."""

Enum = str | int


class Wire(msgspec.Struct, rename="camel", frozen=True):
    """A message of a request; fields that we do not know are passed over."""


class Constraints(Wire, frozen=True):
    """``ListUpdateRequest.Constraints``."""

    max_update_entries: int = 0
    max_database_entries: int = 0
    supported_compressions: list[Enum] = []


class UpdateRequest(Wire, frozen=True):
    """``ListUpdateRequest``."""

    threat_type: Enum = ""
    platform_type: Enum = ""
    threat_entry_type: Enum = ""
    state: str = ""
    constraints: Constraints = Constraints()


class Fetch(Wire, frozen=True):
    """``FetchThreatListUpdatesRequest``."""

    list_update_requests: list[UpdateRequest] = []


class Entry(Wire, frozen=True):
    """``ThreatEntry``."""

    hash: str = ""
    url: str = ""


class ThreatInfo(Wire, frozen=True):
    """``ThreatInfo``."""

    threat_types: list[Enum] = []
    platform_types: list[Enum] = []
    threat_entry_types: list[Enum] = []
    threat_entries: list[Entry] = []


class Find(Wire, frozen=True):
    """``FindFullHashesRequest`` and ``FindThreatMatchesRequest``."""

    threat_info: ThreatInfo = ThreatInfo()


class Asked(msgspec.Struct, frozen=True):
    """What a request to find asks for, read."""

    threats: list[Threat]
    platforms: list[PlatformType]
    entries: list[Entry]


def threat_lists(context: Context, lists: HashLists, request: GoogleRequest) -> Answer:
    """``GET /v4/threatLists``: the lists that there are."""
    request.expect()
    kinds = (ThreatType.MALWARE, ThreatType.SOCIAL_ENGINEERING, ThreatType.UNWANTED_SOFTWARE)
    return {"threatLists": [_named(request, kind, PlatformType.ANY_PLATFORM) for kind in kinds]}


def fetch(context: Context, lists: HashLists, request: GoogleRequest) -> Answer:
    """``POST /v4/threatListUpdates:fetch``: updates of several lists."""
    request.expect()
    asked = request.message(Fetch).list_update_requests
    if not 1 <= len(asked) <= MAX_LISTS:
        raise invalid(f"list_update_requests must have 1 to {MAX_LISTS} entries")
    answers = [_update(lists, request, one) for one in asked]
    wait = {"minimumWaitDuration": duration(CACHE)} if all(complete for _, complete in answers) else {}
    return {"listUpdateResponses": [answer for answer, _ in answers], **wait}


def _update(lists: HashLists, request: GoogleRequest, asked: UpdateRequest) -> tuple[Answer, bool]:
    """(the update of one list, whether there is no more)."""
    kind = read_enum(asked.threat_type, "threat_type", ThreatType)
    platform = read_enum(asked.platform_type, "platform_type", PlatformType)
    entry = read_enum(asked.threat_entry_type, "threat_entry_type", EntryType)
    if kind is ThreatType.POTENTIALLY_HARMFUL_APPLICATION or entry is not EntryType.URL:
        raise invalid(f"there is no list {kind.name}/{platform.name}/{entry.name}")
    state = read_bytes(asked.state, "state")
    if len(state) > MAX_TOKEN:
        raise invalid(f"state is longer than {MAX_TOKEN} bytes")
    limits = asked.constraints
    for limit in (limits.max_update_entries, limits.max_database_entries):
        if limit and limit < LEAST_LIMIT:
            raise invalid(f"a size limit is 0 or at least {LEAST_LIMIT}")
    compressions = [
        read_enum(one, "supported_compressions", Compression) for one in limits.supported_compressions
    ]
    found = lists.diff(
        Threat(kind), state, max_changes=limits.max_update_entries, max_entries=limits.max_database_entries
    )
    coded = Compression.RICE in compressions
    changes = rice_fields(found.diff, "numEntries") if coded else raw_changes(found.diff)
    used = {"compressionType": request.shown(Compression.RICE if coded else Compression.RAW)}
    answer = {
        **_named(request, kind, platform),
        "responseType": request.shown(UpdateType.FULL_UPDATE if found.diff.reset else UpdateType.PARTIAL_UPDATE),
        **{name: [{**used, **one}] for name, one in changes.items()},
        "newClientState": base64_text(found.token),
        "checksum": {"sha256": base64_text(found.diff.sha256)},
    }  # fmt: skip
    return answer, found.diff.complete


def full_hashes(context: Context, lists: HashLists, request: GoogleRequest) -> Answer:
    """``POST /v4/fullHashes:find``: full hashes that begin with one of the prefixes."""
    asked = _asked(request)
    prefixes = [read_bytes(entry.hash, "threat_entries.hash") for entry in asked.entries]
    if not all(4 <= len(prefix) <= 32 for prefix in prefixes):
        raise invalid("threat_entries.hash must have 4 to 32 bytes")
    found = lists.search(prefixes, asked.threats)
    now = context.clock()
    matches = [
        _match(request, ThreatType(item.threat), platform, {"hash": base64_text(item.full)}, duration(expires - now))
        for item, expires in found.hashes
        for platform in asked.platforms
    ]  # fmt: skip
    answer: Answer = {"matches": matches} if matches else {}
    return {**answer, "negativeCacheDuration": duration(found.negative_expires - now)}


def threat_matches(context: Context, lists: HashLists, request: GoogleRequest) -> Answer:
    """``POST /v4/threatMatches:find``: up to 500 URLs, answered as the native check answers them."""
    asked = _asked(request)
    refuse_stale(context)
    now = context.clock()
    matches = []
    for number, entry in enumerate(asked.entries):
        try:
            found = search_uri(context, entry.url, asked.threats, request.tenant)
        except BadInput as error:
            raise invalid(f"threat_entries[{number}].{error}") from None
        if found is not None:
            kind, keep = ThreatType(found.threat), duration(found.expires - now)
            matches += [_match(request, kind, one, {"url": entry.url}, keep) for one in asked.platforms]
    return {"matches": matches} if matches else {}


def _asked(request: GoogleRequest) -> Asked:
    request.expect()
    info = request.message(Find).threat_info
    if not 1 <= len(info.threat_entries) <= MAX_ENTRIES:
        raise invalid(f"threat_entries must have 1 to {MAX_ENTRIES} entries")
    kinds = [read_enum(one, "threat_types", ThreatType) for one in info.threat_types]
    entries = [read_enum(one, "threat_entry_types", EntryType) for one in info.threat_entry_types]
    platforms = [read_enum(one, "platform_types", PlatformType) for one in info.platform_types]
    if not kinds or not entries or not platforms:
        raise invalid("threat_types, platform_types and threat_entry_types are required")
    if EntryType.URL not in entries:
        return Asked([], [], info.threat_entries)
    threats = [Threat(kind) for kind in dict.fromkeys(kinds) if kind <= ThreatType.UNWANTED_SOFTWARE]
    return Asked(threats, list(dict.fromkeys(platforms)), info.threat_entries)


def _match(
    request: GoogleRequest, kind: ThreatType, platform: PlatformType, threat: Answer, keep: str
) -> Answer:
    metadata: dict[str, Any] = {}  # gglsbl reads it from every match.
    named = _named(request, kind, platform)
    return {**named, "threat": threat, "threatEntryMetadata": metadata, "cacheDuration": keep}


def _named(request: GoogleRequest, kind: ThreatType, platform: PlatformType) -> Answer:
    return {
        "threatType": request.shown(kind),
        "platformType": request.shown(platform),
        "threatEntryType": request.shown(EntryType.URL),
    }
