"""Lists for firewalls, proxies and resolvers: ``GET /lists/<type>.<format>``."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.params import Parameter

from mailrisk.listen.http.access import needs
from mailrisk.listen.http.encodings import takes_gzip
from mailrisk.model.errors import BadInput
from mailrisk.model.verdict import Category
from mailrisk.publish.firewall.selection import level_named
from mailrisk.service.keys import Role
from mailrisk.service.lists import ListFile, Lists, list_named

AnyRequest = Request[Any, Any, State]


@get("/lists/{name:str}", guards=[needs(Role.READER)], sync_to_thread=True)
def list_route(
    request: AnyRequest,
    name: str,
    level: str = "",
    max_age_d: Annotated[float | None, Parameter(gt=0, le=3_660)] = None,
    category: str = "",
    limit: Annotated[int | None, Parameter(ge=1, le=5_000_000)] = None,
    local: bool = False,
) -> Response[bytes]:
    """A list, a fold of the change feed; answers 304 when the caller's copy is current, 503 while we are stale.

    The most dangerous and most recent come first. ``level``: the smallest one; ``max_age_d``: days since an indicator
    was last seen; ``category``: one or several, with commas; ``limit``: entries; ``local``: without what feeds alone know.
    """
    lists: Lists = request.app.state.lists
    kind = list_named(name)
    wanted = lists.default(kind)
    changes: dict[str, Any] = {"local": local}
    if level:
        changes["level"] = level_named(level, wanted.type)
    if max_age_d is not None:
        changes["max_age_s"] = int(max_age_d * 86_400)
    if category:
        changes["categories"] = frozenset(map(_category, category.split(",")))
    if limit is not None:
        changes["limit"] = min(limit, wanted.limit)
    return _answer(request, lists.get(name, msgspec.structs.replace(wanted, **changes)))


def _category(text: str) -> Category:
    try:
        return Category(text.strip())
    except ValueError:
        raise BadInput("category", f"is one of {', '.join(Category)}") from None


def _answer(request: AnyRequest, found: ListFile) -> Response[bytes]:
    headers = {
        "ETag": found.etag,
        "Cache-Control": "private, max-age=60",
        "Vary": "Accept-Encoding",
        "X-Entries": str(found.entries),
        "X-Left-Out": str(found.left_out),
    }
    asked = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if found.etag in asked or "*" in asked:  # RFC 9110 §13.1.2: the comparison is weak.
        return Response(b"", status_code=304, headers=headers)
    if takes_gzip(request.headers.get("accept-encoding", "")) and len(found.packed) < len(found.body):
        headers |= {"Content-Encoding": "gzip", "ETag": f"W/{found.etag}"}
        return Response(found.packed, headers=headers, media_type=found.media_type)
    return Response(found.body, headers=headers, media_type=found.media_type)


ROUTES = [list_route]
