"""The HTTP application: routes, limits, problem details and OpenAPI in one place."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, Request, Response, Router, get
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ASGIApp

from mailrisk import __version__
from mailrisk.listen.http import (
    abuseipdb,
    accounts,
    checks,
    events,
    hash_lists,
    intelligence,
    links,
    lists,
    misp,
    problems,
    start,
    taxii,
    visits,
)
from mailrisk.listen.http.body_slots import BodySlots
from mailrisk.listen.http.bounded_json import BoundedRequest
from mailrisk.listen.http.crowdsec import CrowdSecApp
from mailrisk.listen.http.google.app import GoogleApp
from mailrisk.model.errors import MailriskError
from mailrisk.service.check_url import stale
from mailrisk.service.context import Context
from mailrisk.service.surfaces import Surfaces
from mailrisk.service.watch import Watch
from mailrisk.service.webrisk import HashLists


@get("/readyz", sync_to_thread=True, include_in_schema=False)
def readyz(request: Request[Any, Any, State]) -> Response[dict[str, str]]:
    """200 when checks can be answered, 503 while what we know is too old."""
    if stale(request.app.state.context):
        return Response({"status": "stale"}, status_code=503)
    return Response({"status": "ready"})


@get("/openapi.json", include_in_schema=False)
async def openapi(request: Request[Any, Any, State]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the native API."""
    return request.app.openapi_schema.to_schema()


API_ROUTES: tuple[Any, ...] = (
    *checks.ROUTES,
    *intelligence.API_ROUTES,
    *hash_lists.ROUTES,
    *events.ROUTES,
    *accounts.ROUTES,
    *visits.API_ROUTES,
)
OTHER_ROUTES: tuple[Any, ...] = (
    *start.ROUTES,
    *lists.ROUTES,
    *abuseipdb.ROUTES,
    *misp.ROUTES,
    *taxii.ROUTES,
    *visits.PAGE_ROUTES,
    *links.ROUTES,
)


def make_app(
    context: Context, *, max_body_bytes: int, watch: Watch | None = None, surfaces: Surfaces | None = None
) -> Litestar:
    """The ASGI application over one context. Without ``watch`` no events are taken."""
    surfaces = surfaces or Surfaces(context)
    api = Router(path="/api/v1", route_handlers=[openapi, *API_ROUTES])
    return Litestar(
        route_handlers=[readyz, api, *OTHER_ROUTES],
        state=State(
            {
                "context": context,
                "lists": surfaces.lists,
                "hash_lists": HashLists(context),
                "watch": watch,
                "surfaces": surfaces,
            }
        ),
        request_class=BoundedRequest,
        request_max_body_size=max_body_bytes,
        exception_handlers={
            MailriskError: problems.on_mailrisk_error,
            HTTPException: problems.on_http_error,
            UnicodeDecodeError: problems.on_wrong_encoding,
            Exception: problems.on_any_error,
        },
        openapi_config=OpenAPIConfig(
            title="mailrisk",
            version=__version__,
            use_handler_docstrings=True,
            path="/schema",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        logging_config=None,
    )


def make_service(
    context: Context, *, max_body_bytes: int, watch: Watch | None = None, surfaces: Surfaces | None = None
) -> ASGIApp:
    """Everything that one port serves: Google's and CrowdSec's dialects in front, the native API behind them."""
    surfaces = surfaces or Surfaces(context)
    native = make_app(context, max_body_bytes=max_body_bytes, watch=watch, surfaces=surfaces)
    google = GoogleApp(context, native.state.hash_lists)
    crowdsec = CrowdSecApp(context, surfaces)
    slots = BodySlots(native)  # Google's requests are small.

    async def service(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith(CrowdSecApp.PREFIXES):
            await crowdsec(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(GoogleApp.PREFIXES):
            await google(scope, receive, send)
        else:
            await slots(scope, receive, send)

    return service
