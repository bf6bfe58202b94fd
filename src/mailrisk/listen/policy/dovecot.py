"""Dovecot's auth policy, which is weakforced's protocol, on a port of its own.

https://doc.dovecot.org/2.3/configuration_manual/authentication/auth_policy/ and the weakforced manual.
Dovecot sends ``POST /?command=allow`` before it looks at the password, and again after a good one, and
``POST /?command=report`` with the outcome. A good login makes two ``allow`` and one ``report``, a bad one
one of each; a login that was refused by policy is reported with ``policy_reject``. The answer holds
``status``: -1 refuses, 0 allows, N > 0 delays by N seconds. Answers of another kind let the login go on.

Both commands are answered in the parser's callback (``listen/fast/protocol.py``); a report is in memory
then and on the disk within a quarter of a second.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from mailrisk.collect.logs.account import account_name
from mailrisk.listen.fast.outbox import Outbox
from mailrisk.listen.fast.routes import HeaderLines, Reply
from mailrisk.listen.policy.commands import Commands, failure
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.model.ip import parse_ip
from mailrisk.service.login_policy import LoginPolicy

Message = dict[str, Any]

MAX_BODY: Final = 64 * 1024

_FAIL_TYPES: Final = {
    "account": Outcome.UNKNOWN_USER,
    "disabled": Outcome.DISABLED,
    "expired": Outcome.DISABLED,
    "policy": Outcome.REFUSED,
}
"""``fail_type`` of Dovecot 2.4; ``credentials`` and ``internal`` and what else there may be are failures."""

_SMTP: Final = frozenset({"smtp", "submission", "lmtp"})


class LoginTuple(msgspec.Struct, frozen=True):
    """What Dovecot says of one login. Fields that it adds later are no error."""

    login: str = ""
    remote: str = ""
    pwhash: str = ""
    protocol: str = ""
    success: bool | str | None = None
    policy_reject: bool = False
    fail_type: str = ""


class Answered(msgspec.Struct, frozen=True):
    """The answer as weakforced gives it."""

    status: int
    msg: str
    r_attrs: dict[str, str] = {}


_tuple = msgspec.json.Decoder(LoginTuple)
_encode = msgspec.json.Encoder().encode
_OK: Final = b'{"status":"ok"}'
_COMMAND: Final = b"/?command="
_LET_IN: Final = b'{"status":0,"msg":"","r_attrs":{}}'


class PolicyRoutes:
    """The commands that are asked all the time. ``report`` takes the events."""

    def __init__(
        self,
        policy: LoginPolicy,
        report: Callable[[LoginEvent], object],
        clock: Callable[[], datetime],
        password: str = "",
    ) -> None:
        self.policy = policy
        self._report = report
        self._clock = clock
        self._password = password.encode()
        self._admitted: bytes | None = None
        self.header_lines = HeaderLines()
        self.unreadable = 0
        self.table: dict[tuple[bytes, bytes], Callable[[LoginTuple], bytes]] = {
            (b"POST", b"/?command=allow"): self._allow,
            (b"POST", b"/?command=report"): self._take,
        }

    def reply(
        self, route: Callable[[LoginTuple], bytes], key: bytes, authorization: bytes, body: bytes
    ) -> Reply | None:
        """The answer; None when the password is wrong or the body unreadable: the application says so."""
        if authorization != self._admitted and not self.admits(key, authorization):
            return None
        try:
            return Reply(200, route(_tuple.decode(body)))
        except (BadInput, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def share_turns(self, soon: Callable[[Callable[[], None]], object]) -> None:
        """From now on, requests of one turn of the event loop are answered from one state; ``soon`` is its ``call_soon``."""
        self.policy.share_turns(soon)

    @property
    def has_password(self) -> bool:
        """Whether one is configured."""
        return bool(self._password)

    def ready(self) -> Reply:
        """``GET /readyz``."""
        return Reply(200, b'{"status":"ready"}')

    def admits(self, key: bytes, authorization: bytes) -> bool:
        """Whether the password of the Basic credentials, or X-API-Key, is ours. Without a password all may ask."""
        if not self._password or hmac.compare_digest(key, self._password):
            return True
        scheme, _, value = authorization.partition(b" ")
        try:
            shown = base64.b64decode(value, validate=True).partition(b":")[2]
        except ValueError:
            return False
        if scheme.lower() != b"basic" or not hmac.compare_digest(shown, self._password):
            return False
        self._admitted = authorization  # The next request shows the same.
        return True

    def _allow(self, login: LoginTuple) -> bytes:
        ip = parse_ip(login.remote) if login.remote else ""
        answer = self.policy.allow(ip, account_name(login.login))
        return _encode(Answered(*answer)) if answer.status else _LET_IN

    def _take(self, login: LoginTuple) -> bytes:
        if login.policy_reject:
            outcome = Outcome.REFUSED
        elif login.success is True:  # weakforced reads the text "true" as false, and so do we.
            outcome = Outcome.SUCCESS
        else:
            outcome = _FAIL_TYPES.get(login.fail_type, Outcome.FAILURE)
        self._report(
            LoginEvent(
                seen_at=self._clock(),
                service="postfix" if login.protocol in _SMTP else "dovecot",
                protocol=login.protocol[:20],
                account=account_name(login.login),
                ip=parse_ip(login.remote) if login.remote else "",
                outcome=outcome,
                secret=login.pwhash[:16],
            )
        )
        return _OK


class PolicyApp:
    """The ASGI application: what is not answered at once, errors above all."""

    def __init__(self, routes: PolicyRoutes, commands: Commands | None = None) -> None:
        self.routes = routes
        self.outbox = Outbox()
        self._commands = commands

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        headers = dict(reversed(scope["headers"]))
        authorization, key = headers.get(b"authorization", b""), headers.get(b"x-api-key", b"")
        if not self.routes.admits(key, authorization):  # Of a stranger nothing more is read.
            await _send(send, *failure(401, "Unauthorized"))
            return
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        body = await _body(receive)
        status, answer = await self._answer(scope["method"], target, key, authorization, body)
        self.routes.unreadable += status == 400
        await _send(send, status, answer)

    async def _answer(
        self, method: str, target: bytes, key: bytes, authorization: bytes, body: bytes | None
    ) -> tuple[int, bytes]:
        command = target.removeprefix(_COMMAND).decode("latin-1") if target.startswith(_COMMAND) else ""
        if command == "ping" and method in ("GET", "POST"):
            return 200, _OK
        if (route := self.routes.table.get((method.encode(), target))) is not None:
            reply = self.routes.reply(route, key, authorization, body) if body is not None else None
            return (reply.status, reply.body) if reply else failure(400, "no JSON object of a login")
        if self._commands is not None and (method == "POST" or command.startswith("get")):
            if not self.routes.has_password:
                return failure(403, "commands that change or show lists want a password: [login] password")
            if (answer := await self._commands.answer(command, body or b"")) is not None:
                return answer
        return failure(404, "unknown command")


async def _body(receive: Any) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or len(body) > MAX_BODY:
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body) if len(body) <= MAX_BODY else None


async def _send(send: Any, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status == 401:
        headers += [(b"www-authenticate", b'Basic realm="mailrisk"'), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
