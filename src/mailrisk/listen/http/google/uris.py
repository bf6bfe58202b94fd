"""Web Risk v1 ``uris:search``: the look-up by URL, which look-up workers answer by themselves."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from mailrisk.listen.http.google.errors import GoogleError, in_googles_form, invalid
from mailrisk.listen.http.google.wire import GoogleRequest, time_text
from mailrisk.model.errors import MailriskError
from mailrisk.publish.webrisk.threats import Threat
from mailrisk.service.context import LookupContext
from mailrisk.service.follow import refuse_stale
from mailrisk.service.keys import authenticate_key
from mailrisk.service.webrisk import search_uri

logger = logging.getLogger(__name__)

PATH: Final = "/v1/uris:search"
"""A ``GET`` of this address is answered here."""


def uris_search(context: LookupContext, request: GoogleRequest) -> dict[str, Any]:
    """The same answer as the native check's. GoogleError, MailriskError: an argument or the key is wrong."""
    request.grant = authenticate_key(context, request.key)
    request.expect("uri", "threatTypes")
    uri, threats = request.text("uri"), threats_of(request)
    if request.proto:
        raise invalid("alt=proto is not served here; json is")
    if not uri:
        raise invalid("uri is required")
    refuse_stale(context)
    found = search_uri(context, uri, threats, request.tenant)
    if found is None:
        return {}
    return {"threat": {"threatTypes": [request.shown(found.threat)], "expireTime": time_text(found.expires)}}


def threats_of(request: GoogleRequest) -> list[Threat]:
    """The threat types that are asked for. GoogleError: none."""
    threats = request.values("threatTypes", Threat)
    if not threats:
        raise invalid("threat_types is required")
    return threats


def reply(context: LookupContext, query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> tuple[int, bytes]:
    """(status, JSON) for one request."""
    try:
        named = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        request = GoogleRequest(query.decode("latin-1"), {}, named)
        return 200, msgspec.json.encode(uris_search(context, request))
    except GoogleError as error:
        found = error
    except MailriskError as error:
        found = in_googles_form(error)
    except Exception as error:  # noqa: BLE001 - the web boundary: whatever it is, the caller gets an answer
        found = unexpected(error, PATH)
    return found.code, msgspec.json.encode(found.body())


def unexpected(error: Exception, route: str) -> GoogleError:
    """Logs a fault of ours, and what the caller gets to know of it.

    The log names the place and the kind of error; its text could quote what the caller sent.
    """
    place = traceback.extract_tb(error.__traceback__)[-1]
    logger.error(
        "unexpected %s at %s:%s in a request for %s",
        type(error).__name__,
        place.filename,
        place.lineno,
        route,
    )
    return GoogleError(500, "INTERNAL", "Internal error encountered.")
