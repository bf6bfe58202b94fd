"""Who may ask what: API keys in ``Authorization: Bearer``, ``X-API-Key`` or HTTP Basic's password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from mailrisk.listen.http.credentials import presented_key
from mailrisk.model.change import KeyGrant
from mailrisk.model.errors import Forbidden
from mailrisk.service.context import Context
from mailrisk.service.keys import RANK, Role, authenticate_key, role_of

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], None]


def presented(connection: Connection) -> str:
    """The key that a request presents. Unauthorised when there is none."""
    headers = connection.headers
    return presented_key(headers.get("x-api-key", ""), headers.get("authorization", ""))


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
