"""Web Risk v1: ``hashes:search``, ``threatLists:computeDiff`` and submissions; ``uris:search`` is in ``uris``.

https://cloud.google.com/web-risk/docs/reference/rest. Answers have Google's fields and no others, since Go's
protojson refuses what it does not know. ``{}`` means that nothing matched.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import msgspec

from mailrisk.listen.http.google.encoding import Answer, raw_changes, rice_fields
from mailrisk.listen.http.google.errors import invalid
from mailrisk.listen.http.google.uris import threats_of
from mailrisk.listen.http.google.wire import GoogleRequest, base64_text, time_text
from mailrisk.publish.webrisk.diff import Diff
from mailrisk.publish.webrisk.threats import Threat
from mailrisk.publish.webrisk.token import MAX_TOKEN
from mailrisk.service import submissions
from mailrisk.service.context import Context
from mailrisk.service.webrisk import HashLists

LIMITS: Final = frozenset({0, *(1 << power for power in range(10, 21))})
"""Limits of lists and diffs that a client may set; 0 is none."""

TYPE: Final = "type.googleapis.com/google.cloud.webrisk.v1."


class Compression(IntEnum):
    """``google.cloud.webrisk.v1.CompressionType``."""

    COMPRESSION_TYPE_UNSPECIFIED = 0
    RAW = 1
    RICE = 2


class ResponseType(IntEnum):
    """``ComputeThreatListDiffResponse.ResponseType``."""

    DIFF = 1
    RESET = 2


class State(IntEnum):
    """``SubmitUriMetadata.State``."""

    RUNNING = 1
    SUCCEEDED = 2
    CLOSED = 5


def hashes_search(context: Context, lists: HashLists, request: GoogleRequest) -> Answer:
    """``GET /v1/hashes:search``: full hashes that begin with a prefix."""
    request.expect("hashPrefix", "threatTypes")
    prefix, threats = request.data("hashPrefix"), threats_of(request)
    if not 4 <= len(prefix) <= 32:
        raise invalid("hash_prefix must have 4 to 32 bytes")
    found = lists.search([prefix], threats)
    by_hash: dict[bytes, Answer] = {}
    for item, expires in found.hashes:
        entry = by_hash.setdefault(
            item.full,
            {"threatTypes": [], "hash": base64_text(item.full), "expireTime": time_text(expires)},
        )
        if request.shown(item.threat) not in entry["threatTypes"]:
            entry["threatTypes"].append(request.shown(item.threat))
        entry["expireTime"] = min(entry["expireTime"], time_text(expires))
    answer: Answer = {"threats": list(by_hash.values())} if by_hash else {}
    return {**answer, "negativeExpireTime": time_text(found.negative_expires)}


def compute_diff(context: Context, lists: HashLists, request: GoogleRequest) -> Answer:
    """``GET /v1/threatLists:computeDiff``: what a client must do to its list."""
    request.expect(
        "threatType", "versionToken", "constraints.maxDiffEntries", "constraints.maxDatabaseEntries",
        "constraints.supportedCompressions",
    )  # fmt: skip
    threats = request.values("threatType", Threat)
    if len(threats) != 1:
        raise invalid("threat_type is required, once")
    token = request.data("versionToken")
    if len(token) > MAX_TOKEN:
        raise invalid(f"version_token is longer than {MAX_TOKEN} bytes")
    changes, entries = (
        _limit(request, f"constraints.{name}") for name in ("maxDiffEntries", "maxDatabaseEntries")
    )
    compressions = request.values("constraints.supportedCompressions", Compression)
    found = lists.diff(threats[0], token, max_changes=changes, max_entries=entries)
    kind = ResponseType.RESET if found.diff.reset else ResponseType.DIFF
    return {
        "responseType": request.shown(kind),
        **_changes(found.diff, coded=Compression.RICE in compressions),
        "newVersionToken": base64_text(found.token),
        "checksum": {"sha256": base64_text(found.diff.sha256)},
        "recommendedNextDiff": time_text(found.next_at),
    }


def _changes(diff: Diff, *, coded: bool) -> Answer:
    if coded:
        return dict(rice_fields(diff, "entryCount"))
    answer = raw_changes(diff)
    if "additions" in answer:
        answer["additions"]["rawHashes"] = [answer["additions"]["rawHashes"]]
    return dict(answer)


def _limit(request: GoogleRequest, name: str) -> int:
    value = request.number(name)
    if value not in LIMITS:
        raise invalid(f"{name} must be a power of 2 between 1024 and 1048576")
    return value


# -- submissions ------------------------------------------------------------------------------------


class Submission(msgspec.Struct, rename="camel"):
    """``google.cloud.webrisk.v1.Submission``; threat types are what we say, not what the caller does."""

    uri: str = ""


class SubmitUri(msgspec.Struct, rename="camel"):
    """The body of ``uris:submit``; what is said about the threat is taken for the submission itself."""

    submission: Submission = msgspec.field(default_factory=Submission)


def create_submission(context: Context, lists: HashLists, request: GoogleRequest) -> Answer:
    """``POST /v1/projects/*/submissions``: reports a URL; it is analysed and may or may not be listed."""
    request.expect()
    uri = request.message(Submission).uri
    submissions.submit(context, _given(uri), reporter=_reporter(request), tenant=request.tenant)
    return {"uri": uri}


def submit_uri(context: Context, lists: HashLists, request: GoogleRequest) -> Answer:
    """``POST /v1/projects/*/uris:submit``: the same as a long-running operation."""
    request.expect()
    uri = request.message(SubmitUri).submission.uri
    submitted = submissions.submit(
        context, _given(uri), reporter=_reporter(request), project=request.names["project"], tenant=request.tenant
    )  # fmt: skip
    return {"name": submitted.name, "metadata": _metadata(request, submitted, State.RUNNING), "done": False}


def get_operation(context: Context, lists: HashLists, request: GoogleRequest) -> Answer:
    """``GET /v1/projects/*/operations/*``: SUCCEEDED when the URL is listed, CLOSED when it is not."""
    request.expect()
    name = f"projects/{request.names['project']}/operations/{request.names['operation']}"
    submitted = submissions.operation(context, name, request.tenant)
    threat = submissions.outcome(context, submitted, request.tenant)
    state = State.CLOSED if threat is None else State.SUCCEEDED
    response: Answer = {"@type": TYPE + "Submission", "uri": submitted.uri}
    if threat is not None:
        response["threatTypes"] = [request.shown(threat)]
    metadata = _metadata(request, submitted, state)
    return {"name": submitted.name, "metadata": metadata, "done": True, "response": response}


def _metadata(request: GoogleRequest, submitted: submissions.Operation, state: State) -> Answer:
    at = time_text(submitted.at)
    return {
        "@type": TYPE + "SubmitUriMetadata", "state": request.shown(state), "createTime": at, "updateTime": at,
    }  # fmt: skip


def _given(uri: str) -> str:
    if not uri:
        raise invalid("submission.uri is required")
    return uri


def _reporter(request: GoogleRequest) -> str:
    assert request.grant is not None
    return f"key {request.grant.public_id}"
