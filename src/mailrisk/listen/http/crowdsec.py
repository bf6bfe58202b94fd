"""CrowdSec's local API, as its bouncers, agents and ``cscli`` call it: a bare ASGI application.

A bouncer shows an API key of ours as ``X-Api-Key``. A machine (an agent, ``cscli``) logs in with any name and
an API key as its password; the token that it gets is that key, so that revoking the key ends it at once.

| call | who | answer |
|---|---|---|
| ``GET /v1/decisions/stream`` | reader | see ``publish/crowdsec.py`` |
| ``GET /v1/decisions?ip=`` | reader | a list, or the literal ``null`` |
| ``DELETE /v1/decisions?ip=`` | analyst | the listing is withdrawn: ``{"nbDeleted":"1"}`` |
| ``GET /v1/alerts`` | reader | decisions in force as alerts, the last ones first |
| ``POST /v1/alerts`` | reporter | evidence of the reporter; of ``cscli decisions add``, an analyst's word |
| ``POST /v1/watchers``, ``/v1/watchers/login`` | reporter | 201; a token |
| ``POST /v1/usage-metrics``, ``GET /v1/heartbeat`` | reader | taken note of by nobody |

Errors are ``{"message": "..."}``; a wrong key is 403 ``access forbidden`` (*ran*: see protocols.md).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from mailrisk.listen.http.crowdsec_body import Alert, Call, Login, alerts_json, parse, wanted_of
from mailrisk.listen.http.encodings import takes_gzip
from mailrisk.listen.http.problems import STATUS
from mailrisk.model.change import KeyGrant
from mailrisk.model.errors import BadInput, MailriskError, Unauthorised
from mailrisk.model.subject import Kind
from mailrisk.model.verdict import Category
from mailrisk.publish.crowdsec import ORIGIN
from mailrisk.service.context import Context
from mailrisk.service.decisions import Answer, unpacked
from mailrisk.service.keys import Role, allows, authenticate_key
from mailrisk.service.report_address import Report
from mailrisk.service.surfaces import Surfaces
from mailrisk.service.withdraw import list_by_hand, withdraw

logger = logging.getLogger(__name__)

MAX_BODY: Final = 4 * 1024 * 1024
MAX_LOGIN: Final = 64 * 1024
MAX_ALERTS: Final = 1_000
TOKEN_FOR_S: Final = 3_600
MAX_THREADS: Final = 4

Scope = dict[str, Any]
Reply = tuple[int, bytes]


class Gone(Exception):
    """The client went away."""


class CrowdSecApp:
    """Answers the paths that begin with one of PREFIXES."""

    PREFIXES: Final = ("/v1/decisions", "/v1/alerts", "/v1/watchers", "/v1/usage-metrics", "/v1/heartbeat")

    def __init__(self, context: Context, surfaces: Surfaces) -> None:
        self._context = context
        self._decisions = surfaces.decisions
        self._reports = surfaces.reports
        self._expand = surfaces.settings.expand
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="crowdsec")

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        """One HTTP request."""
        headers = {name: value.decode("latin-1") for name, value in reversed(scope["headers"])}
        loop = asyncio.get_running_loop()
        try:
            body = b""
            if scope["method"] == "POST":
                most = await loop.run_in_executor(self._threads, self._most_body, scope, headers)
                body = await _body(receive, most)
            answer = await loop.run_in_executor(self._threads, self._answer, scope, headers, body)
        except Gone:
            return
        except Exception as error:  # noqa: BLE001 - the web boundary: whatever it is, the caller gets an answer
            answer = _refusal(error, scope["path"])
        if isinstance(answer, Answer):
            if await _stream(receive, send, answer, gzip=takes_gzip(headers.get(b"accept-encoding", ""))):
                answer.written()
        else:
            await _send(send, *answer)

    def _answer(self, scope: Scope, headers: dict[bytes, str], body: bytes) -> Reply | Answer:
        method, path = scope["method"], scope["path"].rstrip("/")
        query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=50)
        if (method, path) == ("POST", "/v1/watchers/login"):
            return self._login(parse(body, Login))
        if (method, path) == ("POST", "/v1/watchers"):
            self._machine(parse(body, Login))
            return 201, b""
        route = _ROUTES.get((method, path))
        if route is None:
            return 404, _message("page or method not found")
        role, handler = route
        grant = self._grant(headers, role)
        client = scope["client"][0] if scope.get("client") else ""
        return handler(self, Call(grant, f"{grant.public_id}@{client}", query, headers, body))

    def _most_body(self, scope: Scope, headers: dict[bytes, str]) -> int:
        """Bytes of a body that are kept: without a key only those of a login. Unauthorised: none are read."""
        route = _ROUTES.get((scope["method"], scope["path"].rstrip("/")))
        if route is None:
            return MAX_LOGIN
        self._grant(headers, route[0])
        return MAX_BODY

    # -- who --------------------------------------------------------------------------------------

    def _grant(self, headers: dict[bytes, str], role: Role) -> KeyGrant:
        scheme, _, token = headers.get(b"authorization", "").partition(" ")
        key = headers.get(b"x-api-key", "") or (token if scheme.lower() == "bearer" else "")
        grant = authenticate_key(self._context, key.strip())
        if not allows(grant, role):
            raise Unauthorised(f"this needs a key of the role {role}")
        return grant

    def _machine(self, login: Login) -> KeyGrant:
        grant = authenticate_key(self._context, login.password)
        if not allows(grant, Role.READER):
            raise Unauthorised("this key may not log in")
        return grant

    def _login(self, login: Login) -> Reply:
        self._machine(login)
        expire = self._context.clock().timestamp() + TOKEN_FOR_S
        answer = {"code": 200, "expire": _rfc3339(expire), "token": login.password}
        return 200, msgspec.json.encode(answer)

    # -- what -------------------------------------------------------------------------------------

    def _stream(self, call: Call) -> Reply | Answer:
        wanted = wanted_of(call.query, self._expanding(call.headers))
        startup = call.first("startup").lower() in ("true", "1")
        if (origins := call.first("origins")) and ORIGIN not in origins.split(","):
            return 200, b'{"deleted":null,"new":null}'
        bouncer = call.bouncer + "".join(f"|{part}" for part in wanted)
        return self._decisions.stream(bouncer, wanted, startup=startup)

    def _expanding(self, headers: dict[bytes, str]) -> int:
        agent = headers.get(b"user-agent", "")
        return max((most for start, most in self._expand if agent.startswith(start)), default=0)

    def _about(self, call: Call) -> Reply:
        wanted = wanted_of(call.query, 0)
        subject = call.subject()
        if subject is None:
            return 200, self._decisions.newest(wanted, call.number("limit", 1_000, 100_000))
        if subject.kind is Kind.IP:
            return 200, self._decisions.about(subject.value, wanted)
        return 200, self._decisions.named(subject, wanted)

    def _delete(self, call: Call) -> Reply:
        subject = call.subject()
        if subject is None:
            raise BadInput("ip", "say which address or range; deleting everything is not offered")
        in_force = self._decisions.named(subject, wanted_of({}, 0))
        if in_force == b"null":
            return 200, b'{"nbDeleted":"0"}'
        withdraw(
            self._context, subject.value, comment="deleted by cscli", analyst=call.grant.public_id,
            tenant=call.grant.tenant,
        )  # fmt: skip
        return 200, b'{"nbDeleted":"1"}'

    def _alerts(self, call: Call) -> Reply:
        subject, wanted = call.subject(), wanted_of(call.query, 0)
        if subject is None:
            found = self._decisions.newest(wanted, call.number("limit", 100, 10_000))
        elif subject.kind is Kind.IP:
            found = self._decisions.about(subject.value, wanted)
        else:
            found = self._decisions.named(subject, wanted)
        return 200, alerts_json(found, self._context.clock())

    def _take_alerts(self, call: Call) -> Reply:
        alerts = parse(call.body, list[Alert])
        if len(alerts) > MAX_ALERTS:
            raise BadInput("body", f"more than {MAX_ALERTS} alerts")
        reports = []
        for alert in alerts:
            if alert.is_manual and allows(call.grant, Role.ANALYST):
                self._by_hand(alert, call.grant)
            elif (report := alert.report()) is not None:
                reports.append(report)
        self._take(reports, call.grant)
        return 201, msgspec.json.encode([str(number) for number in range(1, len(alerts) + 1)])

    def _take(self, reports: list[Report], grant: KeyGrant) -> None:
        for outcome in self._reports.take(reports, grant):
            if outcome is not None:
                logger.info("an alert was not taken: %s", outcome)

    def _by_hand(self, alert: Alert, grant: KeyGrant) -> None:
        for value in alert.values():
            list_by_hand(
                self._context, value, comment=alert.scenario[:200] or "cscli", category=Category.BRUTE_FORCE,
                analyst=grant.public_id, tenant=grant.tenant,
            )  # fmt: skip

    def _nothing(self, _: Call) -> Reply:
        return 200, b""

    def _noted(self, _: Call) -> Reply:
        return 201, b""


_ROUTES: Final[dict[tuple[str, str], tuple[Role, Callable[[CrowdSecApp, Call], Reply | Answer]]]] = {
    ("GET", "/v1/decisions/stream"): (Role.READER, CrowdSecApp._stream),
    ("GET", "/v1/decisions"): (Role.READER, CrowdSecApp._about),
    ("HEAD", "/v1/decisions"): (Role.READER, CrowdSecApp._nothing),
    ("HEAD", "/v1/decisions/stream"): (Role.READER, CrowdSecApp._nothing),
    ("DELETE", "/v1/decisions"): (Role.ANALYST, CrowdSecApp._delete),
    ("GET", "/v1/alerts"): (Role.READER, CrowdSecApp._alerts),
    ("POST", "/v1/alerts"): (Role.REPORTER, CrowdSecApp._take_alerts),
    ("GET", "/v1/heartbeat"): (Role.READER, CrowdSecApp._nothing),
    ("POST", "/v1/usage-metrics"): (Role.READER, CrowdSecApp._noted),
}


def _refusal(error: Exception, path: str) -> Reply:
    if isinstance(error, Unauthorised):
        return 403, _message("access forbidden")
    if isinstance(error, BadInput):
        return 400, _message(f"{error.field}: {error.reason}")
    if isinstance(error, MailriskError):
        code = next((status for kind, status, _ in STATUS if isinstance(error, kind)), 500)
        return code, _message(str(error))
    if isinstance(error, ValueError):
        return 400, _message("the query cannot be read")
    logger.error("unexpected error at %s", path, exc_info=error)
    return 500, _message("an unexpected error; it is in the server's log")


def _message(text: str) -> bytes:
    return msgspec.json.encode({"message": text})


def _rfc3339(timestamp: float) -> str:
    return datetime.fromtimestamp(int(timestamp), UTC).isoformat().replace("+00:00", "Z")


async def _body(receive: Callable[[], Awaitable[Any]], most: int) -> bytes:
    parts = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts += message.get("body", b"")
        if len(parts) > most:
            raise BadInput("body", f"larger than {most} bytes")
        if not message.get("more_body"):
            return bytes(parts)


async def _stream(receive: Any, send: Any, answer: Answer, *, gzip: bool) -> bool:
    """Whether all of it was written while the client was there."""
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"cache-control", b"private, no-store"),
    ]
    if gzip:
        headers.append((b"content-encoding", b"gzip"))
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in answer.pieces if gzip else unpacked(answer.pieces):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)  # Others get their turn, and a client that is gone is noticed.
            if gone.done():
                return False
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
    return True


async def _until_gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Any, status: int, body: bytes) -> None:
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
