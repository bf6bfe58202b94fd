"""The routes of Google's dialects as one bare ASGI application, which stands in front of the native API."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import msgspec

from mailrisk.listen.http.google import protobuf, safebrowsing4, safebrowsing5, schemas, uris, webrisk
from mailrisk.listen.http.google.errors import GoogleError, in_googles_form, invalid
from mailrisk.listen.http.google.protobuf import Schema
from mailrisk.listen.http.google.wire import GoogleRequest, read_bytes
from mailrisk.model.errors import Forbidden, MailriskError
from mailrisk.service.context import Context
from mailrisk.service.keys import RANK, Role, authenticate_key, role_of
from mailrisk.service.webrisk import HashLists

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Handler = Callable[[Context, HashLists, GoogleRequest], dict[str, Any]]

MAX_THREADS: Final = 4

MAX_BODY: Final = 1024 * 1024
"""Largest body of a request, in bytes."""


JSON: Final = "application/json; charset=UTF-8"
PROTOBUF: Final = "application/x-protobuf"


class Route(msgspec.Struct, frozen=True):
    """What answers at an address, for keys of at least a role."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    role: Role = Role.READER
    takes: Schema = ()  # of a body in protocol buffers
    gives: Schema = ()  # of an answer in protocol buffers; () when the dialect has none


def _path(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[A-Za-z0-9._-]{1,100})", template))


ROUTES: Final = (
    Route("GET", _path("/v1/hashes:search"), webrisk.hashes_search),
    Route("GET", _path("/v1/threatLists:computeDiff"), webrisk.compute_diff),
    Route("POST", _path("/v1/projects/{project}/submissions"), webrisk.create_submission, Role.REPORTER),
    Route("POST", _path("/v1/projects/{project}/uris:submit"), webrisk.submit_uri, Role.REPORTER),
    Route("GET", _path("/v1/projects/{project}/operations/{operation}"), webrisk.get_operation, Role.REPORTER),
    Route("GET", _path("/v4/threatLists"), safebrowsing4.threat_lists, gives=schemas.THREAT_LISTS),
    Route("POST", _path("/v4/threatListUpdates:fetch"), safebrowsing4.fetch, Role.READER, schemas.FETCH_REQUEST, schemas.FETCH_RESPONSE),
    Route("POST", _path("/v4/fullHashes:find"), safebrowsing4.full_hashes, Role.READER, schemas.HASHES_REQUEST, schemas.HASHES_RESPONSE),
    Route("POST", _path("/v4/threatMatches:find"), safebrowsing4.threat_matches, Role.READER, schemas.MATCHES_REQUEST, schemas.MATCHES_RESPONSE),
    Route("GET", _path("/v5/hashes:search"), safebrowsing5.hashes_search, gives=schemas.SEARCH_RESPONSE),
    Route("GET", _path("/v5/urls:search"), safebrowsing5.urls_search),
    Route("GET", _path("/v5/hashLists"), safebrowsing5.list_lists, gives=schemas.HASH_LISTS),
    Route("GET", _path("/v5/hashLists:batchGet"), safebrowsing5.batch_get, gives=schemas.HASH_LISTS),
    Route("GET", _path("/v5/hashList/{name}"), safebrowsing5.hash_list, gives=schemas.HASH_LIST),
)  # fmt: skip

_FIXED: Final = {(route.method, route.pattern.pattern): route for route in ROUTES}


class GoogleApp:
    """Answers ``/v1/``, ``/v4/`` and ``/v5/``."""

    PREFIXES: Final = ("/v1/", "/v4/", "/v5/")

    def __init__(self, context: Context, lists: HashLists) -> None:
        self._context = context
        self._lists = lists
        # Threads of their own: when lists are built for the first time, nothing else has to wait.
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="google")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        try:
            await _send(send, *await self._answer(scope, receive))
        except GoogleError as error:
            await _send(send, error.code, msgspec.json.encode(error.body()), JSON)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes, str]:
        query, method = scope["query_string"].decode("latin-1"), scope["method"]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _body(receive) if method == "POST" else b""
        if headers.get("x-http-method-override", "").upper() == "GET":  # a query too long for an address
            method, query = "GET", "&".join(filter(None, (query, body.decode("latin-1"))))
        if scope["path"] == uris.PATH and method == "GET":
            # A few reads of mapped memory: a thread would cost more.
            return *uris.reply(self._context, query.encode("latin-1"), scope["headers"]), JSON
        carried = _carried(query) if method == "GET" and "httpMethod=POST" in query else None
        if carried is not None:
            method, body = "POST", carried
        route, names = _find(method, scope["path"])
        proto = PROTOBUF in headers.get("content-type", "") or carried is not None
        request = GoogleRequest(query, names, headers, lambda: _content(route, body, proto))
        request.proto |= carried is not None
        loop = asyncio.get_running_loop()
        return 200, *await loop.run_in_executor(self._threads, self._run, route, request)

    def _run(self, route: Route, request: GoogleRequest) -> tuple[bytes, str]:
        try:
            request.grant = authenticate_key(self._context, request.key)
            if RANK[role_of(request.grant.role)] < RANK[route.role]:
                raise Forbidden(f"this needs a key of the role {route.role}")
            if request.proto and not route.gives:
                raise invalid("alt=proto is not served here; json is")
            answer = route.handler(self._context, self._lists, request)
            if request.proto:
                return protobuf.encode(answer, route.gives), PROTOBUF
            return msgspec.json.encode(answer), JSON
        except MailriskError as error:
            raise in_googles_form(error) from None
        except GoogleError:
            raise
        except Exception as error:  # noqa: BLE001 - the web boundary: whatever it is, the caller gets an answer
            raise uris.unexpected(error, route.pattern.pattern) from None


def _carried(query: str) -> bytes | None:
    """The protocol buffer that a browser sends in the query of a GET that stands for a POST."""
    fields = GoogleRequest(query, {}, {}).fields
    if fields.get("$httpMethod") != ["POST"] or "$req" not in fields:
        return None
    return read_bytes(fields["$req"][-1], "$req")


def _content(route: Route, body: bytes, proto: bool) -> Any:
    if not proto:
        return msgspec.json.decode(body)
    if not route.takes:
        raise invalid("protocol buffers are not taken here; JSON is")
    return protobuf.decode(body, route.takes)


def _find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    if (fixed := _FIXED.get((method, path))) is not None:
        return fixed, {}
    for route in ROUTES:
        if route.method == method and (match := route.pattern.fullmatch(path)):
            return route, match.groupdict()
    raise GoogleError(404, "NOT_FOUND", "Requested entity was not found.")


async def _body(receive: Receive) -> bytes:
    parts = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise GoogleError(499, "CANCELLED", "The client went away.")
        parts += message.get("body", b"")
        if len(parts) > MAX_BODY:
            raise GoogleError(
                400, "INVALID_ARGUMENT", f"Request payload size exceeds the limit: {MAX_BODY} bytes."
            )
        if not message.get("more_body"):
            return bytes(parts)


async def _send(send: Send, status: int, body: bytes, kind: str) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    headers.append((b"cache-control", b"private, no-store"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
