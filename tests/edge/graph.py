"""A stand-in for Microsoft Graph and its token endpoint on loopback: real HTTP, the documented shapes, no tenant.

The real service cannot be had in a test; what is checked here is that we speak as its documentation says
(learn.microsoft.com: graph/api/signin-list, graph/throttling, entra/identity-platform/v2-oauth2-client-creds-grant-flow),
newest first, ``$top`` records a page, ``@odata.nextLink`` with a ``$skiptoken``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mailrisk.edge.graph import GraphAccess, GraphSignIns

SECRET = "a secret of the test"


def sign_in(number: int, at: datetime, code: int = 50126, ip: str = "203.0.113.7") -> dict[str, Any]:
    """A record as ``/auditLogs/signIns`` gives it, shortened to what its documentation shows first."""
    return {
        "id": f"66ea54eb-6301-4ee5-be62-{number:012x}",
        "createdDateTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "userDisplayName": "Anna Berg",
        "userPrincipalName": "anna.berg@example.org",
        "userId": "d7cc485d-2c1b-422c-98fd-5ce52859a4a3",
        "appDisplayName": "Office 365 Exchange Online",
        "ipAddress": ip,
        "clientAppUsed": "Browser",
        "status": {"errorCode": code, "failureReason": "Other.", "additionalDetails": None},
        "location": {"city": "Uppsala", "countryOrRegion": "SE"},
    }


class GraphServer:
    """What the tenant holds, and what it was asked."""

    def __init__(self) -> None:
        self.base = ""
        self.records: list[dict[str, Any]] = []
        self.page = 2
        self.tokens = 0
        self.asked: list[str] = []  # paths and queries
        self.busy: list[tuple[int, str]] = []  # (status, Retry-After) of the next answers
        self.revoked = False
        self.elsewhere = False  # the next page is at another server
        self.body: bytes | None = None  # answered instead of a page
        self.expires_in = 3599

    def source(self, **settings: str) -> GraphSignIns:
        """A client of this server."""
        given = {"tenant": "example.org", "client_id": "app", "secret": SECRET, "url": self.base}
        return GraphSignIns(GraphAccess(**{**given, "authority": self.base, **settings}))

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, str, bytes]:
        """(status, further headers, body)."""
        if method == "POST" and target == "/example.org/oauth2/v2.0/token":
            return self._token(parse_qs(body.decode()))
        self.asked.append(target)
        if headers.get("authorization") != f"Bearer token{self.tokens}" or self.revoked:
            self.revoked = False
            return (
                401,
                "",
                _error("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
            )
        if self.busy:
            status, wait = self.busy.pop(0)
            return status, f"Retry-After: {wait}\r\n" if wait else "", _error("TooManyRequests", "Throttled.")
        if self.body is not None:
            return 200, "", self.body
        return 200, "", self._found(parse_qs(urlsplit(target).query))

    def _token(self, form: dict[str, list[str]]) -> tuple[int, str, bytes]:
        assert form["grant_type"] == ["client_credentials"] and form["scope"] == [f"{self.base}/.default"]
        if form["client_secret"] != [SECRET]:
            refusal = {
                "error": "invalid_client",
                "error_description": "AADSTS7000215: Invalid client secret provided. Trace ID: 0000aaaa Timestamp: x",
                "error_codes": [7000215],
            }
            return 401, "", json.dumps(refusal).encode()
        self.tokens += 1
        token = {"token_type": "Bearer", "expires_in": self.expires_in, "access_token": f"token{self.tokens}"}
        return 200, "", json.dumps(token).encode()

    def _found(self, query: dict[str, list[str]]) -> bytes:
        words = query["$filter"][0].split()
        assert [words[0], words[1], words[3], words[4], words[5]] == [
            "createdDateTime", "ge", "and", "createdDateTime", "le",
        ]  # fmt: skip
        size, skip = min(self.page, int(query["$top"][0])), int(query.get("$skiptoken", ["0"])[0])
        within = [one for one in self.records if words[2] <= one["createdDateTime"] <= words[6]]
        within.sort(key=lambda one: str(one["createdDateTime"]), reverse=True)
        found: dict[str, Any] = {"@odata.context": f"{self.base}/v1.0/$metadata#auditLogs/signIns"}
        found["value"] = within[skip : skip + size]
        if skip + size < len(within):
            base = "http://127.0.0.2:1" if self.elsewhere else self.base
            text = f"createdDateTime%20ge%20{words[2]}%20and%20createdDateTime%20le%20{words[6]}"
            found["@odata.nextLink"] = (
                f"{base}/v1.0/auditLogs/signIns?$filter={text}&$top={query['$top'][0]}&$skiptoken={skip + size}"
            )
        return json.dumps(found).encode()


def _error(code: str, message: str) -> bytes:
    inner = {"date": "2026-11-23T12:00:00", "request-id": "x"}
    return json.dumps({"error": {"code": code, "message": message, "innerError": inner}}).encode()


@contextlib.asynccontextmanager
async def graph_server() -> AsyncIterator[GraphServer]:
    """The stand-in, on a port of its own."""
    served = GraphServer()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:])}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            method, target, _ = head[0].split()
            status, more, answer = served.answer(method, target, headers, body)
            writer.write(
                f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{more}"
                f"Content-Length: {len(answer)}\r\n\r\n".encode()
                + answer
            )
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        served.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield served
