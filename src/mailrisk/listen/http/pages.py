"""What the pages that people see have in common: no browser keeps them, and the form on one brings a sealed token back."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qs

from litestar import Request, Response
from litestar.datastructures import State

from mailrisk.listen.accept_language import wants_chinese
from mailrisk.listen.http.visit_page import refusal_page
from mailrisk.model.errors import BadInput

AnyRequest = Request[Any, Any, State]

MAX_FORM: Final = 16_384
"""Bytes of the form by which somebody goes on."""

SAFE: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action *; frame-ancestors 'none'; "
    "base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def shown(page: str, status: int) -> Response[str]:
    """A page."""
    return Response(page, status_code=status, media_type="text/html", headers=SAFE)


def refused(request: AnyRequest, why: str, status: int = 400) -> Response[str]:
    """The page for a token or a link that leads nowhere. It is never followed, whatever it holds."""
    return shown(refusal_page(why, chinese=reads_chinese(request)), status)


def led_to(url: str, status: int = 303) -> Response[str]:
    """Where the browser is to go."""
    return Response("", status_code=status, headers={**SAFE, "Location": url})


def reads_chinese(request: AnyRequest) -> bool:
    """Whether the page is wanted in Chinese."""
    return wants_chinese(request.headers.get("accept-language", ""))


async def token_of(request: AnyRequest) -> str:
    """The token in the form. BadInput: the form is larger than one can be.

    Nobody has shown a key, so nothing more of it is read or waited for.
    """
    declared = request.headers.get("content-length", "0")
    raw = b""
    if len(declared) < 6 and int(declared) <= MAX_FORM:
        async for piece in request.stream():
            raw += piece
            if len(raw) > MAX_FORM:
                break
        else:
            return parse_qs(raw.decode("ascii", "replace")).get("t", [""])[0]
    raise BadInput("t", "is no token of this service")
