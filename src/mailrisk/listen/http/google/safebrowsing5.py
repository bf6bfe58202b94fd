"""Safe Browsing v5: ``hashes:search``, ``urls:search``, ``hashList`` and ``hashLists``.

https://developers.google.com/safe-browsing/reference/rest/v5. A client names neither itself nor the threats
it asks for. Lists have names (``se-4b``: social engineering, 4 bytes a hash) and are always coded, with
hashes read as big-endian numbers.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from mailrisk.listen.http.google.encoding import Answer, duration, v5_changes
from mailrisk.listen.http.google.errors import GoogleError, invalid
from mailrisk.listen.http.google.schemas import HashLength, ThreatType
from mailrisk.listen.http.google.wire import GoogleRequest, base64_text, read_bytes
from mailrisk.publish.webrisk.threats import Threat
from mailrisk.publish.webrisk.token import MAX_TOKEN
from mailrisk.service.context import Context
from mailrisk.service.follow import refuse_stale
from mailrisk.service.webrisk import CACHE, HashLists, search_uri

MAX_PREFIXES: Final = 1_000
MAX_URLS: Final = 50
LEAST_LIMIT: Final = 1024

PARAMETERS: Final = range(3, 31)
"""Rice parameters of 32-bit values."""

NAMES: Final = {
    "mw-4b": Threat.MALWARE,
    "se-4b": Threat.SOCIAL_ENGINEERING,
    "uws-4b": Threat.UNWANTED_SOFTWARE,
}
"""Our lists under the names that Google has for theirs. There is no global cache: we call nothing safe."""

DESCRIPTIONS: Final = {
    "mw-4b": "Pages that serve malware",
    "se-4b": "Phishing and other deceptive pages",
    "uws-4b": "Pages that serve unwanted software (always empty)",
}


def hashes_search(context: Context, lists: HashLists, request: GoogleRequest) -> Answer:
    """``GET /v5/hashes:search``: full hashes of up to 1,000 prefixes of four bytes."""
    request.expect("hashPrefixes")
    texts = request.fields.get("hashPrefixes", [])
    if not 1 <= len(texts) <= MAX_PREFIXES:
        raise invalid(f"hash_prefixes must have 1 to {MAX_PREFIXES} entries")
    prefixes = [read_bytes(text, "hash_prefixes") for text in texts]
    if any(len(prefix) != 4 for prefix in prefixes):
        raise invalid("hash_prefixes must have 4 bytes each")
    found = lists.search(prefixes, NAMES.values())
    by_hash: dict[bytes, list[Answer]] = {}
    for item, _ in found.hashes:
        detail = {"threatType": request.shown(ThreatType(item.threat))}
        if detail not in by_hash.setdefault(item.full, []):
            by_hash[item.full].append(detail)
    ends = [expires for _, expires in found.hashes]
    keep = min([found.negative_expires, *ends]) - context.clock()
    hashes = [{"fullHash": base64_text(full), "fullHashDetails": of} for full, of in by_hash.items()]
    return {**({"fullHashes": hashes} if hashes else {}), "cacheDuration": duration(keep)}


def urls_search(context: Context, lists: HashLists, request: GoogleRequest) -> Answer:
    """``GET /v5/urls:search``: up to 50 URLs, answered as the native check answers them."""
    request.expect("urls")
    urls = request.fields.get("urls", [])
    if not 1 <= len(urls) <= MAX_URLS:
        raise invalid(f"urls must have 1 to {MAX_URLS} entries")
    refuse_stale(context)
    threats: list[Answer] = []
    keep: timedelta = CACHE
    for url in dict.fromkeys(urls):
        found = search_uri(context, url, NAMES.values(), request.tenant)
        if found is not None:
            threats.append({"url": url, "threatTypes": [request.shown(ThreatType(found.threat))]})
            keep = min(keep, found.expires - context.clock())
    return {**({"threats": threats} if threats else {}), "cacheDuration": duration(keep)}


def hash_list(context: Context, lists: HashLists, request: GoogleRequest) -> Answer:
    """``GET /v5/hashList/{name}``."""
    request.expect("version", "sizeConstraints.maxUpdateEntries", "sizeConstraints.maxDatabaseEntries")
    return _hash_list(lists, request, request.names["name"], request.data("version"))


def batch_get(context: Context, lists: HashLists, request: GoogleRequest) -> Answer:
    """``GET /v5/hashLists:batchGet``: several lists; versions stand in any order and name their list."""
    request.expect(
        "names", "version", "sizeConstraints.maxUpdateEntries", "sizeConstraints.maxDatabaseEntries"
    )
    names = [name.removeprefix("hashLists/") for name in request.fields.get("names", [])]
    if not names or len(set(names)) != len(names):
        raise invalid("names must be given, without duplicates")
    versions = [read_bytes(text, "version") for text in request.fields.get("version", [])]
    answers = []
    for name in names:
        own = [version for version in versions if version and lists.names(_threat(name), version)]
        if len(own) > 1:
            raise invalid(f"more than one version of {name}")
        answers.append(_hash_list(lists, request, name, own[0] if own else b""))
    return {"hashLists": answers}


def list_lists(context: Context, lists: HashLists, request: GoogleRequest) -> Answer:
    """``GET /v5/hashLists``: what lists there are, without their contents, all on one page."""
    request.expect("pageSize", "pageToken")
    return {
        "hashLists": [
            {
                "name": name,
                "metadata": {
                    "threatTypes": [request.shown(ThreatType(threat))],
                    "description": DESCRIPTIONS[name],
                    "hashLength": request.shown(HashLength.FOUR_BYTES),
                },
            }
            for name, threat in NAMES.items()
        ]
    }


def _threat(name: str) -> Threat:
    if name not in NAMES:
        raise GoogleError(404, "NOT_FOUND", f"There is no hash list {name[:100]}.")
    return NAMES[name]


def _hash_list(lists: HashLists, request: GoogleRequest, name: str, version: bytes) -> Answer:
    threat = _threat(name)
    if len(version) > MAX_TOKEN:
        raise invalid(f"version is longer than {MAX_TOKEN} bytes")
    changes, entries = (
        request.number(f"sizeConstraints.{limit}") for limit in ("maxUpdateEntries", "maxDatabaseEntries")
    )
    if changes < 0 or 0 < changes < LEAST_LIMIT or entries < 0:
        raise invalid(f"max_update_entries is 0 or at least {LEAST_LIMIT}")
    found = lists.diff(threat, version, max_changes=changes, max_entries=entries)
    diff = found.diff
    answer: Answer = {"name": name, "version": base64_text(found.token)}
    if not diff.reset:
        answer["partialUpdate"] = True
    answer.update(v5_changes(diff, PARAMETERS))
    if diff.complete:  # Without it the client asks again at once: its own limits held something back.
        answer["minimumWaitDuration"] = duration(CACHE)
    if diff.reset or diff.additions or diff.removals:
        answer["sha256Checksum"] = base64_text(diff.sha256)
    return answer
