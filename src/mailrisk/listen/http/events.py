"""Routes by which mail servers and their agents tell what happens: logins and messages handed in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, post
from litestar.datastructures import State

from mailrisk.listen.http.access import grant_of, needs
from mailrisk.model.errors import Unavailable
from mailrisk.service.event_intake import Intake, Refused, read_logins, read_sends
from mailrisk.service.keys import Role
from mailrisk.service.watch import Watch

AnyRequest = Request[Any, Any, State]


class EventsTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the events: accepted, sent before under the same id, refused with the reason."""

    accepted: int
    repeated: int
    refused: tuple[Refused, ...]


@post("/login-events", guards=[needs(Role.REPORTER)], status_code=200)
async def login_events(request: AnyRequest) -> EventsTaken:
    """Up to 10,000 login events, one JSON object a line or a list of them. When it answers they are on the disk."""
    return await _take(request, read_logins)


@post("/send-events", guards=[needs(Role.REPORTER)], status_code=200)
async def send_events(request: AnyRequest) -> EventsTaken:
    """Up to 10,000 messages that accounts handed in, one JSON object a line or a list of them."""
    return await _take(request, read_sends)


async def _take(request: AnyRequest, read: Callable[[bytes, datetime, str], Intake]) -> EventsTaken:
    watch: Watch | None = request.app.state.watch
    if watch is None:
        raise Unavailable("events are taken by `mailrisk serve` alone")
    key = grant_of(request).public_id
    watch.reporters.check(key)
    intake = read(await request.body(), request.app.state.context.clock(), key)
    try:
        taken = await watch.take(intake.logins, intake.sends)
    except OSError as error:
        raise Unavailable(f"events cannot be written: {error.strerror}") from None
    return EventsTaken(accepted=taken.accepted, repeated=taken.repeated, refused=intake.refused)


ROUTES = [login_events, send_events]
