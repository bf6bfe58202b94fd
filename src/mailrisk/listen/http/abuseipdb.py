"""AbuseIPDB's API v2, so that programs that report to it (fail2ban) or ask it work with another address.

A key of ours stands in the header ``Key``. Answers are ``{"data": ...}``, errors
``{"errors": [{"detail": "...", "status": 422}]}``, as theirs are.
"""

from __future__ import annotations

import asyncio
from datetime import UTC
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import State, UploadFile
from litestar.exceptions import HTTPException, SerializationException
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter

from mailrisk.listen.http.access import Connection, Guard, grant_of, presented
from mailrisk.listen.http.problems import STATUS
from mailrisk.model.errors import BadInput, Forbidden, MailriskError
from mailrisk.service.abuseipdb import MAX_AGE_DAYS, AbuseIpDb, read_report
from mailrisk.service.context import Context
from mailrisk.service.keys import Role, allows, authenticate_key

AnyRequest = Request[Any, Any, State]

MAX_CSV = 4 * 1024 * 1024
MAX_BLACKLIST = 500_000

FORM = {
    400: 422,  # What we call bad input they call unprocessable.
}


def with_key(role: Role) -> Guard:
    """A guard that takes the key from the header ``Key`` too."""

    def guard(connection: Connection, _: BaseRouteHandler) -> None:
        context: Context = connection.app.state.context
        grant = authenticate_key(context, connection.headers.get("key", "").strip() or presented(connection))
        if not allows(grant, role):
            raise Forbidden(f"this needs a key of the role {role}")
        connection.state.grant = grant

    return guard


def _database(request: AnyRequest) -> AbuseIpDb:
    return AbuseIpDb(request.app.state.context, request.app.state.surfaces)


@get("/check", guards=[with_key(Role.READER)], sync_to_thread=True)
def check(
    request: AnyRequest,
    ip_address: Annotated[str, Parameter(query="ipAddress")],
    max_age_in_days: Annotated[int, Parameter(query="maxAgeInDays", ge=1, le=MAX_AGE_DAYS)] = 30,
    verbose: str | None = None,
) -> dict[str, Any]:
    """What is known of an address; ``verbose`` with its reports. The score is mailrisk's."""
    told = _database(request).check(
        ip_address, max_age_in_days, verbose=verbose is not None, tenant=grant_of(request).tenant
    )
    return {"data": told}


@post("/report", guards=[with_key(Role.REPORTER)], status_code=200)
async def report(request: AnyRequest) -> dict[str, Any]:
    """Reports an address: ``ip``, ``categories``, ``timestamp``; in the query, a form, or JSON. A comment is not kept."""
    fields = await _fields(request)
    now = request.app.state.context.clock()
    read = read_report(fields.get("ip", ""), fields.get("categories", ""), fields.get("timestamp", ""), now)
    return {"data": await asyncio.to_thread(_database(request).report, read, grant_of(request))}


@post("/bulk-report", guards=[with_key(Role.REPORTER)], status_code=200)
async def bulk_report(request: AnyRequest) -> dict[str, Any]:
    """Reports up to 10,000 addresses: a file ``csv`` of lines ``IP,Categories,ReportDate,Comment``."""
    file = (await request.form()).get("csv")
    raw = await file.read(MAX_CSV + 1) if isinstance(file, UploadFile) else str(file or "").encode()
    if len(raw) > MAX_CSV:
        raise BadInput("csv", f"is larger than {MAX_CSV} bytes")
    return {"data": await asyncio.to_thread(_database(request).bulk, raw, grant_of(request))}


@get("/check-block", guards=[with_key(Role.READER)], sync_to_thread=True)
def check_block(
    request: AnyRequest,
    network: str,
    max_age_in_days: Annotated[int, Parameter(query="maxAgeInDays", ge=1, le=MAX_AGE_DAYS)] = 30,
) -> dict[str, Any]:
    """The listed addresses of a network of up to 65,536 addresses."""
    return {"data": _database(request).block(network, max_age_in_days)}


@get("/blacklist", guards=[with_key(Role.READER)], sync_to_thread=True)
def blacklist(
    request: AnyRequest,
    confidence_minimum: Annotated[int, Parameter(query="confidenceMinimum", ge=25, le=100)] = 90,
    limit: Annotated[int, Parameter(ge=1, le=MAX_BLACKLIST)] = 10_000,
    ip_version: Annotated[int | None, Parameter(query="ipVersion", ge=4, le=6)] = None,
    only_countries: Annotated[str, Parameter(query="onlyCountries")] = "",
    except_countries: Annotated[str, Parameter(query="exceptCountries")] = "",
    plaintext: str | None = None,
) -> Response[Any]:
    """Listed addresses, the most dangerous and most recent first; one a line with ``plaintext`` or ``Accept: text/plain``."""
    found = _database(request).blacklist(
        confidence_minimum, limit, ip_version, _countries(only_countries), _countries(except_countries)
    )
    if plaintext is not None or "text/plain" in request.headers.get("accept", ""):
        return Response("".join(f"{one['ipAddress']}\n" for one in found), media_type="text/plain")
    at = request.app.state.context.clock().astimezone(UTC).isoformat(timespec="seconds")
    body = msgspec.json.encode({"meta": {"generatedAt": at}, "data": list(found)})
    return Response(body, media_type="application/json")


def _countries(text: str) -> frozenset[str]:
    return frozenset(word.strip().upper() for word in text[:2_000].split(",") if word.strip())


async def _fields(request: AnyRequest) -> dict[str, str]:
    """The fields of a report, wherever they stand."""
    fields = {name: str(value) for name, value in request.query_params.items()}
    if "json" in request.headers.get("content-type", ""):
        try:
            sent = await request.json()
        except SerializationException:
            raise BadInput("body", "is no JSON") from None
        if not isinstance(sent, dict):
            raise BadInput("body", "is no JSON object")
        more = {
            name: ",".join(map(str, value)) if isinstance(value, list) else str(value)
            for name, value in sent.items()
        }
    else:
        more = {name: str(value) for name, value in (await request.form()).items()}
    return fields | more


def _on_error(_: AnyRequest, error: MailriskError) -> Response[Any]:
    status = next((number for kind, number, _ in STATUS if isinstance(error, kind)), 500)
    told: dict[str, Any] = {"detail": str(error), "status": FORM.get(status, status)}
    if isinstance(error, BadInput):
        told = {"detail": error.reason, "status": told["status"], "source": {"parameter": error.field}}
    return Response({"errors": [told]}, status_code=told["status"], media_type="application/json")


def _on_http_error(_: AnyRequest, error: HTTPException) -> Response[Any]:
    status = FORM.get(error.status_code, error.status_code)
    return Response({"errors": [{"detail": str(error.detail), "status": status}]}, status_code=status)


ROUTES = [
    Router(
        path="/api/v2",
        route_handlers=[check, report, bulk_report, check_block, blacklist],
        exception_handlers={MailriskError: _on_error, HTTPException: _on_http_error},
    )
]
