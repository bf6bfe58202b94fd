"""Errors as RFC 9457 problem details: the one place where internal errors become HTTP answers.

``title`` and ``detail`` are English, or Chinese where ``Accept-Language`` asks for it first (RFC 9457 §3.1.3, §3.1.4);
``status``, ``field`` and the other members are for programs and never change.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from mailrisk.chinese.sentences import problem as in_chinese
from mailrisk.listen.accept_language import wants_chinese
from mailrisk.model.errors import (
    BadInput,
    Conflict,
    Exhausted,
    Forbidden,
    MailriskError,
    NotFound,
    TooLarge,
    Unauthorised,
    Unavailable,
)

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

MAX_TRANSLATED = 4_000
"""Characters of a text that is looked up in the tables; a longer one quotes much of the request and stays English."""

STATUS: tuple[tuple[type[MailriskError], int, str], ...] = (
    (TooLarge, 413, "Too large"),
    (BadInput, 400, "Bad input"),
    (Unauthorised, 401, "Unauthorised"),
    (Forbidden, 403, "Forbidden"),
    (NotFound, 404, "Not found"),
    (Conflict, 409, "Conflict"),
    (Exhausted, 429, "Too many requests"),
    (Unavailable, 503, "Unavailable"),
)
"""The first fitting row wins: subclasses stand before their parents."""


def problem(
    status: int, title: str, detail: str, *, after_s: int = 5, **more: Any
) -> Response[dict[str, Any]]:
    """A problem details object (RFC 9457 §3.1). ``more`` are extension members; 429 and 503 ask to wait ``after_s``."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="mailrisk"'
    if status in (429, 503):
        headers["Retry-After"] = str(after_s)
    return Response(content=body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


MAX_SHOWN = 200
"""Characters of the path that an error names."""

FOR_DEVICES = ("/lists/", "/misp/", "/taxii2")
"""Addresses of devices that show a key as the password of Basic, some of them only when they are asked to."""


def on_mailrisk_error(request: Request[Any, Any, Any], error: MailriskError) -> Response[dict[str, Any]]:
    """An error that we raised on purpose."""
    answer = _spoken(request, _answer_to(error))
    if answer.status_code == 401 and request.url.path.startswith(FOR_DEVICES):
        answer.set_header("WWW-Authenticate", 'Basic realm="mailrisk", Bearer realm="mailrisk"')
    return answer


def _answer_to(error: MailriskError) -> Response[dict[str, Any]]:
    for kind, status, title in STATUS:
        if isinstance(error, kind):
            if isinstance(error, BadInput):
                return problem(status, title, f"{error.field}: {error.reason}", field=error.field)
            if isinstance(error, Exhausted):
                return problem(status, title, str(error), after_s=error.after_s)
            return problem(status, title, str(error))
    return problem(500, "Internal error", "this error has no status; please report it")


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    """An error of the framework: unknown route, wrong method, a body of the wrong shape."""
    title = _title(error.status_code)
    detail = str(error.detail)
    if error.status_code == 404 and detail == HTTPStatus.NOT_FOUND.phrase:
        detail = f"nothing is served at {request.url.path[:MAX_SHOWN]}; /api/v1/openapi.json lists what is"
    more: dict[str, Any] = {}
    if isinstance(error, ValidationException) and error.extra:
        more["errors"] = error.extra
    answer = _spoken(request, problem(error.status_code, title, detail, **more))
    for name, value in (error.headers or {}).items():
        answer.set_header(name, value)
    return answer


def _title(status: int) -> str:
    """What errors of ours with this status are called, else its own words (RFC 9457 §4.2.1)."""
    for _, ours, title in STATUS:
        if ours == status:
            return title
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"


def on_wrong_encoding(request: Request[Any, Any, Any], error: UnicodeDecodeError) -> Response[dict[str, Any]]:
    """A JSON body that is not UTF-8 (RFC 8259 §8.1)."""
    detail = f"the body is not UTF-8: {error.reason} at byte {error.start}"
    return _spoken(request, problem(400, "Bad input", detail))


def on_any_error(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """A fault of ours: logged with its trace, never shown to the caller."""
    logger.error("unexpected error at %s %s", request.method, request.url.path, exc_info=error)
    return _spoken(request, problem(500, "Internal error", "an unexpected error; it is in the server's log"))


def _spoken(request: Request[Any, Any, Any], answer: Response[dict[str, Any]]) -> Response[dict[str, Any]]:
    """The problem in the language that the request asks for."""
    if wants_chinese(request.headers.get("accept-language", "")):
        for name in ("title", "detail"):
            if len(answer.content[name]) <= MAX_TRANSLATED:
                answer.content[name] = in_chinese(answer.content[name], "zh")
        answer.set_header("Content-Language", "zh")
        answer.set_header("Vary", "Accept-Language")
    return answer
