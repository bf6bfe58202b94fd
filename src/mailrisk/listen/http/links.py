"""The page behind a rewritten link: checked when it is clicked, then followed, warned of or blocked."""

from __future__ import annotations

import re
from typing import Final

from litestar import Response, get, head, post

from mailrisk.listen.http.pages import (
    SAFE,
    AnyRequest,
    led_to,
    reads_chinese,
    refused,
    shown,
    token_of,
)
from mailrisk.listen.http.visit_page import click_page
from mailrisk.model.errors import BadInput, NotFound
from mailrisk.service.clicks import GO_ON, Click, ClickGate

_PREVIEWS: Final = re.compile(
    r"bot\b|bot/|crawl|spider|preview|facebookexternalhit|whatsapp/|slurp|embedly|curl/|wget/|python-|go-http-client",
    re.IGNORECASE,
)
"""Programs that fetch links without anybody's having clicked; what they call themselves, as far as they say."""

_PREFETCH: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_STATUS: Final = {"warn": 200, "hold": 200, "block": 403}


@get("/go/{link:str}", include_in_schema=False)
async def follow(request: AnyRequest, link: str) -> Response[str]:
    """Where a link leads, if it may be followed; else the page that says why not. No key is needed: the link is signed."""
    return await _answer(request, link, 302, counted=not _nobody(request))


@head("/go/{link:str}", include_in_schema=False)
async def look(request: AnyRequest, link: str) -> Response[None]:
    """Whether the link is ours. Nothing is checked and nobody is led anywhere: a HEAD is no click."""
    try:
        _gate(request).opened(link)
    except BadInput:
        return Response(None, status_code=400, headers=SAFE)
    except NotFound:
        return Response(None, status_code=410, headers=SAFE)
    return Response(None, status_code=200, headers=SAFE)


@post("/go/{link:str}", include_in_schema=False)
async def send(request: AnyRequest, link: str) -> Response[str]:
    """A form in a mail is sent: the browser sends it to its target if that may be (307), and we never read it."""
    return await _answer(request, link, 307, counted=True)


@post(GO_ON, include_in_schema=False, status_code=303)
async def go_on(request: AnyRequest) -> Response[str]:
    """The reader has read the warning and goes on."""
    try:
        return led_to(await _gate(request).go_on(await token_of(request)))
    except (BadInput, NotFound) as error:
        return _refused(request, error)


async def _answer(request: AnyRequest, link: str, status: int, *, counted: bool) -> Response[str]:
    wait = request.query_params.get("wait", "0")
    waited = int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 4 else 0
    try:
        gate = _gate(request)
        click = await gate.click(link, counted=counted, waited=waited)
    except (BadInput, NotFound) as error:
        return _refused(request, error)
    if click.action == "allow":
        return led_to(click.location, status)
    return shown(_page(request, gate, click), _STATUS[click.action])


def _page(request: AnyRequest, gate: ClickGate, click: Click) -> str:
    return click_page(
        click.action,
        click.found,
        click.location,
        chinese=reads_chinese(request),
        unchecked=click.unchecked,
        again=click.again,
        form=(gate.page_of(GO_ON), click.consent),
    )


def _refused(request: AnyRequest, error: BadInput | NotFound) -> Response[str]:
    """A link or token that leads nowhere, or not any more."""
    if isinstance(error, BadInput):
        return refused(request, error.reason)
    return refused(request, str(error), 410)


def _nobody(request: AnyRequest) -> bool:
    """Whether a program looks at the link, and nobody has clicked it."""
    headers = request.headers
    if any(
        word in headers.get(name, "") for name in _PREFETCH for word in ("prefetch", "preview", "prerender")
    ):
        return True
    return _PREVIEWS.search(headers.get("user-agent", "")[:500]) is not None


def _gate(request: AnyRequest) -> ClickGate:
    gate: ClickGate | None = request.app.state.surfaces.clicks
    if gate is None:
        raise NotFound("links are not rewritten here")
    return gate


ROUTES = [follow, look, send, go_on]
