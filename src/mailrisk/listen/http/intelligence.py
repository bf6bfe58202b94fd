"""Routes that change or explain what we know: reports, withdrawals, explanations, the change feed."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.params import Parameter

from mailrisk.listen.http.access import grant_of, needs
from mailrisk.listen.http.bodies import ListingBody, Outcome, WithdrawalBody
from mailrisk.service.answers import Explanation
from mailrisk.service.changes import MAX_WAIT_S, ChangesAnswer, changed, changes
from mailrisk.service.envelope import make_envelope
from mailrisk.service.explain import explain, in_utc
from mailrisk.service.keys import Role
from mailrisk.service.once import Once
from mailrisk.service.status import Status, status
from mailrisk.service.withdraw import list_by_hand, withdraw

AnyRequest = Request[Any, Any, State]
IdempotencyKey = Annotated[str | None, Parameter(header="Idempotency-Key", required=False)]


@post("/reports", guards=[needs(Role.REPORTER)], status_code=201)
async def reports(
    request: AnyRequest,
    client_ip: str = "",
    helo: str = "",
    mail_from: str = "",
    rcpt_to: list[str] | None = None,
    network: bool = True,
    idempotency_key: IdempotencyKey = None,
) -> Response[Any]:
    """Reports one raw message (``message/rfc822``): it is stored as a sample and its indicators decided.

    With an ``Idempotency-Key`` a repeated request gets the receipt of the first one (sample, level,
    indicators; nothing that names a person is kept); the same key with another message is a conflict (409).
    """
    # Loaded here, so that the service is ready before.
    from mailrisk.service.check_message import report_message

    context = request.app.state.context
    grant = grant_of(request)
    smtp = make_envelope(client_ip, helo, mail_from, rcpt_to or [])
    raw = await request.body()
    once = Once(context, grant, idempotency_key or "", request.url.query.encode() + b"\0" + raw)
    receipt = await asyncio.to_thread(once.receipt)
    if receipt is None:
        answer = await report_message(
            context, raw, smtp, reporter=f"key {grant.public_id}", network=network, tenant=grant.tenant
        )
        await asyncio.to_thread(once.keep, answer)
        return Response(msgspec.json.encode(answer), status_code=201, media_type="application/json")
    return Response(receipt, status_code=200, media_type="application/json")


@post("/withdrawals", guards=[needs(Role.ANALYST)], status_code=200, sync_to_thread=True)
def withdrawals(request: AnyRequest, data: WithdrawalBody) -> Outcome:
    """Takes a listing back and exempts the indicator until an analyst lists it again."""
    grant = grant_of(request)
    return Outcome(
        indicators=withdraw(
            request.app.state.context,
            data.indicator,
            comment=data.reason,
            analyst=grant.public_id,
            tenant=grant.tenant,
        )
    )


@post("/listings", guards=[needs(Role.ANALYST)], status_code=200, sync_to_thread=True)
def listings(request: AnyRequest, data: ListingBody) -> Outcome:
    """Lists an indicator on an analyst's word, and lifts an exemption."""
    grant = grant_of(request)
    return Outcome(
        indicators=list_by_hand(
            request.app.state.context,
            data.indicator,
            comment=data.reason,
            category=data.category or "",
            analyst=grant.public_id,
            tenant=grant.tenant,
        )
    )


@get("/explain", guards=[needs(Role.READER)], sync_to_thread=True)
def explain_route(request: AnyRequest, indicator: str, as_of: datetime | None = None) -> Explanation:
    """The evidence behind a verdict, and the verdict computed again from it; ``as_of`` in RFC 3339."""
    when = None if as_of is None else in_utc(as_of)
    return explain(request.app.state.context, indicator, as_of=when, tenant=grant_of(request).tenant)


@get("/changes", guards=[needs(Role.READER)])
async def changes_route(
    request: AnyRequest,
    after: Annotated[int, Parameter(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Parameter(ge=1, le=1000)] = 1000,
    wait_s: Annotated[float, Parameter(ge=0, le=MAX_WAIT_S)] = 0.0,
    own: bool = False,
) -> ChangesAnswer:
    """Listings and withdrawals numbered above ``after``, in order; go on with ``next``.

    With ``wait_s`` an answer without changes waits so many seconds for the first one. ``own`` is for
    partners: it leaves out what is known from other partners alone.
    """
    context = request.app.state.context
    await changed(context, after, wait_s)
    return await asyncio.to_thread(changes, context, after, limit, grant_of(request).tenant, own=own)


@get("/status", guards=[needs(Role.READER)], sync_to_thread=True)
def status_route(request: AnyRequest) -> Status:
    """What is known and how fresh it is."""
    return status(request.app.state.context)


API_ROUTES = [reports, withdrawals, listings, explain_route, changes_route, status_route]
