"""Routes of the visit gate: for gateways, for nginx's ``auth_request``, and the page that a visitor sees."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote

import msgspec
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Meta

from mailrisk.listen.http.access import grant_of, needs
from mailrisk.listen.http.bodies import Body
from mailrisk.listen.http.pages import AnyRequest, led_to, reads_chinese, refused, shown, token_of
from mailrisk.listen.http.visit_page import visit_page
from mailrisk.model.errors import BadInput
from mailrisk.service.answers import ErrorAnswer
from mailrisk.service.keys import Role
from mailrisk.service.visit_words import MAX_NAME, MAX_URL, Visit, VisitAnswer
from mailrisk.service.visits import MAX_BATCH, MAX_LEARNT, VisitGate


class VisitsBody(Body, frozen=True):
    """``POST /api/v1/visits:decide``."""

    visits: Annotated[list[Visit], Meta(min_length=1, max_length=MAX_BATCH)]


class VisitResults(msgspec.Struct, frozen=True, kw_only=True):
    """One result for each visit, in order. A URL that is none has ``input`` and ``error`` alone."""

    results: list[VisitAnswer]


class LearntVisit(Body, frozen=True):
    """One line of a proxy's log: who went to which host, when (seconds since 1970)."""

    host: Annotated[str, Meta(max_length=255)]
    user: Annotated[str, Meta(max_length=MAX_NAME)]
    at: Annotated[float, Meta(ge=0)]


class LearnBody(Body, frozen=True):
    """``POST /api/v1/visits:learn``."""

    visits: Annotated[list[LearntVisit], Meta(min_length=1, max_length=MAX_LEARNT)]


class Learnt(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the visits were of any use."""

    learnt: int


@post(
    "/visits:decide",
    guards=[needs(Role.READER)],
    status_code=200,
    responses={200: ResponseSpec(VisitResults, description="One result for each visit, in order")},
)
async def visits_decide(request: AnyRequest, data: VisitsBody) -> Response[bytes]:
    """Decides up to 100 visits by the response policy: allow, warn, block or hold."""
    answers = await _gate(request).decide(data.visits, grant_of(request).tenant)
    return Response(msgspec.json.encode({"results": answers}), media_type="application/json")


@post("/visits:learn", guards=[needs(Role.REPORTER)], status_code=200)
async def visits_learn(request: AnyRequest, data: LearnBody) -> Learnt:
    """Teaches the gate up to 10,000 visits of a proxy's log, so that it knows what is common."""
    told = ((one.host, one.user, one.at) for one in data.visits)
    return Learnt(learnt=_gate(request).learn(told, grant_of(request).tenant))


@get("/visits:auth", guards=[needs(Role.READER)])
async def visits_auth(request: AnyRequest) -> Response[None]:
    """For nginx's ``auth_request``: 204 lets the visit go on, 403 does not and names the page that says why.

    The visit stands in the headers ``X-Visit-URL``, ``-Method``, ``-User`` and ``-Client``.
    """
    headers = request.headers
    url = headers.get("x-visit-url", "")
    if "://" not in url:  # nginx's $arg_url is as it stands in the address: escaped.
        url = unquote(url)
    if not url or len(url) > MAX_URL:
        raise BadInput("X-Visit-URL", "is missing or too long")
    visit = Visit(
        url=url,
        method=headers.get("x-visit-method", "GET")[:40],
        user=headers.get("x-visit-user", "")[:MAX_NAME],
        client=headers.get("x-visit-client", "")[:80],
        waits=True,
    )
    (answer,) = await _gate(request).decide([visit], grant_of(request).tenant)
    if isinstance(answer, ErrorAnswer):
        raise BadInput("X-Visit-URL", answer.error)
    said = {"X-Visit-Action": answer.action, "X-Visit-Wanted": answer.wanted, "X-Visit-Level": answer.level}
    if answer.action == "allow":
        return Response(None, status_code=204, headers=said)
    return Response(None, status_code=403, headers={**said, "X-Visit-Page": answer.page})


@get("/visit", include_in_schema=False)
async def page(request: AnyRequest, t: str = "") -> Response[str]:
    """The page that says why, to whoever was sent here by a gateway; no key is needed, the token is signed."""
    try:
        token, found = _gate(request).explained(t)
    except BadInput as error:
        return refused(request, error.reason)
    status = 403 if token.action == "block" else 200
    return shown(visit_page(token, found, t, chinese=reads_chinese(request)), status)


@post("/visit", include_in_schema=False, status_code=303)
async def go_on(request: AnyRequest) -> Response[str]:
    """The visitor has read the warning and goes on."""
    try:
        return led_to(_gate(request).consent(await token_of(request)))
    except BadInput as error:
        return refused(request, error.reason)


def _gate(request: AnyRequest) -> VisitGate:
    gate: VisitGate = request.app.state.surfaces.visits
    return gate


API_ROUTES = [visits_decide, visits_learn, visits_auth]
PAGE_ROUTES = [page, go_on]
