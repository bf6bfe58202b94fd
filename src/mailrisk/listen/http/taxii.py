"""A TAXII 2.1 server for reading: discovery, one API root, collections, objects and their manifest.

Source: OASIS TAXII 2.1. A key is the password of HTTP Basic (any user name) or a Bearer token. ``next`` is the time
at which the last object of a page was added, since no two objects share one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State

from mailrisk.listen.http.access import needs
from mailrisk.model.errors import BadInput
from mailrisk.publish.stix import COLLECTIONS, Collection, Page, stamp
from mailrisk.service.exchange import Exchange
from mailrisk.service.keys import Role

AnyRequest = Request[Any, Any, State]

MEDIA_TYPE: Final = "application/taxii+json;version=2.1"
STIX: Final = "application/stix+json;version=2.1"
ROOT: Final = "/taxii2/api/"
DEFAULT_LIMIT: Final = 1_000
MAX_LIMIT: Final = 10_000
MAX_IDS: Final = 1_000


def _taxii(content: Any, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(msgspec.json.encode(content), media_type=MEDIA_TYPE, headers=headers or {})


@get("/taxii2", guards=[needs(Role.READER)])
async def discovery() -> Response[bytes]:
    """TAXII: where the API root is."""
    return _taxii({"title": "mailrisk", "default": ROOT, "api_roots": [ROOT]})


@get("/taxii2/api", guards=[needs(Role.READER)])
async def api_root() -> Response[bytes]:
    """TAXII: the API root."""
    return _taxii({"title": "mailrisk", "versions": [MEDIA_TYPE], "max_content_length": 1_048_576})


@get("/taxii2/api/collections", guards=[needs(Role.READER)])
async def collections() -> Response[bytes]:
    """TAXII: the collections ``addresses``, ``domains``, ``urls``."""
    return _taxii({"collections": [_described(one) for one in COLLECTIONS.values()]})


@get("/taxii2/api/collections/{collection:str}", guards=[needs(Role.READER)])
async def collection_route(request: AnyRequest, collection: str) -> Response[bytes]:
    """TAXII: one collection."""
    return _taxii(_described(_exchange(request).collection(collection)))


@get("/taxii2/api/collections/{collection:str}/objects", guards=[needs(Role.READER)], sync_to_thread=True)
def objects(request: AnyRequest, collection: str) -> Response[bytes]:
    """TAXII: indicators, in the order in which they were added; ``added_after``, ``limit``, ``next``, ``match[...]``."""
    page, headers = _page(request, collection)
    return _taxii(_envelope(page, page.objects), headers)


@get(
    "/taxii2/api/collections/{collection:str}/objects/{name:str}",
    guards=[needs(Role.READER)],
    sync_to_thread=True,
)
def one_object(request: AnyRequest, collection: str, name: str) -> Response[bytes]:
    """TAXII: one indicator by its id."""
    page, headers = _page(request, collection, frozenset({name}))
    return _taxii(_envelope(page, page.objects), headers)


@get("/taxii2/api/collections/{collection:str}/manifest", guards=[needs(Role.READER)], sync_to_thread=True)
def manifest(request: AnyRequest, collection: str) -> Response[bytes]:
    """TAXII: ids, versions and times of the indicators, with the parameters of ``objects``."""
    page, headers = _page(request, collection)
    lines = [
        {"id": one["id"], "date_added": stamp(added), "version": one["modified"], "media_type": STIX}
        for one, added in zip(page.objects, page.added, strict=True)
    ]
    return _taxii(_envelope(page, lines), headers)


def _exchange(request: AnyRequest) -> Exchange:
    return Exchange(request.app.state.context, request.app.state.surfaces)


def _described(one: Collection) -> dict[str, Any]:
    return {
        "id": one.id, "title": one.title, "alias": one.title, "description": one.description,
        "can_read": True, "can_write": False, "media_types": [STIX],
    }  # fmt: skip


def _page(
    request: AnyRequest, collection: str, only: frozenset[str] = frozenset()
) -> tuple[Page, dict[str, str]]:
    exchange, query = _exchange(request), request.query_params
    found = exchange.collection(collection)
    types = _words(query.get("match[type]", ""))
    if (types and "indicator" not in types) or "2.1" not in (
        _words(query.get("match[spec_version]", "")) or {"2.1"}
    ):
        return Page([], [], False), {}
    after = max(_time(query.get("added_after", "")), _number(query.get("next", ""), "next", 1 << 62, 0))
    limit = _number(query.get("limit", ""), "limit", MAX_LIMIT, DEFAULT_LIMIT)
    page = exchange.objects(found, after, limit, only or _words(query.get("match[id]", "")))
    if not page.added:
        return page, {}
    return page, {
        "X-TAXII-Date-Added-First": stamp(page.added[0]),
        "X-TAXII-Date-Added-Last": stamp(page.added[-1]),
    }


def _envelope(page: Page, content: list[dict[str, Any]]) -> dict[str, Any]:
    """§3.7: an empty one is ``{}``."""
    more = {"more": True, "next": str(page.added[-1])} if page.more else {}
    return more | ({"objects": content} if content else {})


def _words(text: str) -> frozenset[str]:
    words = frozenset(word.strip() for word in text.split(",") if word.strip())
    if len(words) > MAX_IDS:
        raise BadInput("match", f"more than {MAX_IDS} words")
    return words


def _number(text: str, name: str, most: int, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 20 or int(text) == 0:
        raise BadInput(name, "is no positive number")
    return min(int(text), most)


def _time(text: str) -> int:
    """Microseconds of an RFC 3339 time, 0 for none."""
    if not text:
        return 0
    try:
        read = datetime.fromisoformat(text[:40])
    except ValueError:
        raise BadInput("added_after", "is no time of RFC 3339") from None
    if read.tzinfo is None or read.year < 1970:
        raise BadInput("added_after", "is no time of RFC 3339")
    return int(read.timestamp()) * 1_000_000 + read.microsecond


ROUTES = [discovery, api_root, collections, collection_route, objects, one_object, manifest]
