"""Who may ask what: API keys in ``Authorization: Bearer``, ``X-API-Key`` or HTTP Basic's password."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from mailrisk.model.change import KeyGrant
from mailrisk.model.errors import Forbidden, Unauthorised
from mailrisk.service.context import Context
from mailrisk.service.keys import RANK, Role, authenticate_key, role_of

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], None]


def presented(connection: Connection) -> str:
    """The key that a request presents. Unauthorised when there is none.

    Basic authentication serves devices that know nothing else (Palo Alto EDL); the user name is ignored.
    """
    if key := connection.headers.get("x-api-key"):
        return key.strip()
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            raise Unauthorised("the Basic credentials are malformed") from None
    raise Unauthorised("send an API key as X-API-Key or Authorization: Bearer")


def needs(role: Role) -> Guard:
    """A guard that lets keys of this role and of greater ones pass and notes the grant for the handler."""

    def guard(connection: Connection, _: BaseRouteHandler) -> None:
        context: Context = connection.app.state.context
        grant = authenticate_key(context, presented(connection))
        if RANK[role_of(grant.role)] < RANK[role]:
            raise Forbidden(f"this needs a key of the role {role}; this one is {grant.role}")
        connection.state.grant = grant

    return guard


def grant_of(connection: Connection) -> KeyGrant:
    """The grant that the guard noted."""
    grant: KeyGrant = connection.state.grant
    return grant
