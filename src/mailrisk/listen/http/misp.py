"""A MISP feed: ``/misp/manifest.json``, ``/misp/<uuid>.json``, ``/misp/hashes.csv``."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State

from mailrisk.listen.http.access import needs
from mailrisk.model.errors import NotFound
from mailrisk.service.exchange import Exchange
from mailrisk.service.keys import Role

_EVENT: Final = re.compile(r"([0-9a-fA-F-]{36})\.json")


@get("/misp/{name:str}", guards=[needs(Role.READER)], sync_to_thread=True)
def misp(request: Request[Any, Any, State], name: str) -> Response[bytes]:
    """A file of the MISP feed: ``manifest.json``, ``<uuid>.json``, ``hashes.csv``."""
    exchange = Exchange(request.app.state.context, request.app.state.surfaces)
    if name == "hashes.csv":
        return Response(exchange.hashes().encode(), media_type="text/csv")
    if name == "manifest.json":
        return Response(msgspec.json.encode(exchange.manifest()), media_type="application/json")
    found = _EVENT.fullmatch(name)
    if found is None:
        raise NotFound("a MISP feed has manifest.json, hashes.csv and <uuid>.json")
    return Response(msgspec.json.encode(exchange.event(found[1])), media_type="application/json")


ROUTES = [misp]
