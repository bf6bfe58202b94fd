"""Microsoft Graph: the sign-ins of a tenant, page by page.

A token comes from the tenant's token endpoint by the client credentials grant (RFC 6749 §4.4) with the scope
``<service root>/.default``; with it ``GET /v1.0/auditLogs/signIns`` is asked, filtered by ``createdDateTime`` (of
which ``eq``, ``le`` and ``ge`` are documented), newest first. ``@odata.nextLink`` is the next page, to be used as it
is. Reports are throttled hard (5 requests in 10 seconds for an app in a tenant): 429 names the wait in
``Retry-After``. The application permission needed is ``AuditLog.Read.All``; the tenant needs Entra ID P1.

https://learn.microsoft.com/graph/api/signin-list, /graph/throttling, /graph/deployments (national clouds)

Both places are named by the administrator, so private addresses are allowed; the token goes to the origin of the
service root alone, and errors name neither it nor the secret.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from mailrisk import __version__
from mailrisk.edge.fetch import Egress
from mailrisk.edge.post import Answer, exchange
from mailrisk.model.errors import ConfigError, Unavailable

PAGE = 500
"""Sign-ins of a page; the API gives 1,000 at most, each of several kilobytes."""

MAX_PAGE_BYTES = 32 * 1024 * 1024
TIMEOUT_S = 90.0
RENEW_BEFORE_S = 300.0

LONGEST_WAIT_S = 300.0
"""However long a server tells us to wait, it is asked again after this."""

USER_AGENT = f"mailrisk/{__version__} (sign-ins)"

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}")
_BUSY = frozenset({429, 502, 503, 504})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class GraphAccess(msgspec.Struct, frozen=True, kw_only=True):
    """Whose sign-ins are read, and as whom. ConfigError: it cannot be used."""

    tenant: str
    client_id: str
    secret: str
    url: str = "https://graph.microsoft.com"
    authority: str = "https://login.microsoftonline.com"
    proxy: str = ""

    def __post_init__(self) -> None:
        if not _TENANT.fullmatch(self.tenant):
            raise ConfigError("config.login.graph.tenant", "neither a directory ID nor a domain")
        if not self.client_id:
            raise ConfigError("config.login.graph.client_id", "the application's ID is missing")
        if not self.secret:
            raise ConfigError("config.login.graph.secret", "missing; MAILRISK_GRAPH_SECRET may hold it")
        for name in ("url", "authority"):
            parts = urlsplit(getattr(self, name))
            if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
                raise ConfigError(f"config.login.graph.{name}", "no https URL: a secret is sent there")


class Busy(Unavailable):
    """The service wants to be asked later; ``wait_s`` is how much later, 0 when it did not say."""

    def __init__(self, host: str, status: int, wait_s: float) -> None:
        super().__init__(
            f"{host}: HTTP {status}, asked too much" if status == 429 else f"{host}: HTTP {status}"
        )
        self.wait_s = wait_s


class SignInPage(msgspec.Struct, frozen=True):
    """Sign-ins as JSON objects, and where the next page is ('' : there is none)."""

    records: list[msgspec.Raw] = msgspec.field(name="value", default_factory=list)
    following: str = msgspec.field(name="@odata.nextLink", default="")


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float = 0.0


class _TokenRefusal(msgspec.Struct):
    error: str = ""
    error_description: str = ""


class _Reason(msgspec.Struct, frozen=True):
    code: str = ""
    message: str = ""


class _Refusal(msgspec.Struct):
    error: _Reason = _Reason()


class GraphSignIns:
    """The sign-ins of one tenant."""

    def __init__(self, access: GraphAccess, now: Callable[[], float] = time.monotonic) -> None:
        self.access = access
        self._now = now
        self._egress = Egress(proxy=access.proxy, allow_private=True)
        self._root = access.url.rstrip("/")
        self._token = ""
        self._renew_at = 0.0

    async def page(self, since: datetime, until: datetime, link: str = "", *, top: int = PAGE) -> SignInPage:
        """The first page of the sign-ins from ``since`` to ``until``, both included, or the page at ``link``.

        Busy: to be asked again later. Unavailable: no usable answer, a link that leads elsewhere included.
        """
        if link and _origin(link) != _origin(self._root):
            raise Unavailable(f"{self._host}: its next page is at another server")
        url = link or f"{self._root}/v1.0/auditLogs/signIns?{_query(since, until, top)}"
        answer = await self._get(url)
        if answer.status == 401:  # Revoked, or our clock is wrong: once more with a new one.
            self._token = ""
            answer = await self._get(url)
        if answer.status != 200:
            raise _refused(self._host, answer)
        if not answer.whole:
            raise Unavailable(f"{self._host}: a page of more than {MAX_PAGE_BYTES} bytes")
        try:
            return msgspec.json.decode(answer.body, type=SignInPage)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise Unavailable(f"{self._host}: its answer is no page of sign-ins") from None

    @property
    def _host(self) -> str:
        return urlsplit(self._root).hostname or ""

    async def _get(self, url: str) -> Answer:
        headers = {
            "Authorization": f"Bearer {await self._access_token()}",
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
        }
        return await exchange(
            url, b"", headers, timeout_s=TIMEOUT_S, most=MAX_PAGE_BYTES, egress=self._egress, method="GET"
        )

    async def _access_token(self) -> str:
        if self._token and self._now() < self._renew_at:
            return self._token
        access = self.access
        form = {
            "client_id": access.client_id,
            "client_secret": access.secret,
            "scope": f"{self._root}/.default",
            "grant_type": "client_credentials",
        }
        url = f"{access.authority.rstrip('/')}/{access.tenant}/oauth2/v2.0/token"
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
        }
        answer = await exchange(url, urlencode(form).encode(), headers, timeout_s=30.0, egress=self._egress)
        host = urlsplit(access.authority).hostname or ""
        if answer.status != 200:
            raise _no_token(host, answer)
        try:
            token = msgspec.json.decode(answer.body, type=_Token, strict=False)
            token.access_token.encode("ascii")
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise Unavailable(f"{host}: its answer is no token") from None
        self._token = token.access_token
        self._renew_at = self._now() + max(0.0, token.expires_in - RENEW_BEFORE_S)
        return self._token


def _query(since: datetime, until: datetime, top: int) -> str:
    span = f"createdDateTime ge {_stamp(since)} and createdDateTime le {_stamp(until)}"
    return f"$filter={quote(span, safe='')}&$top={top}"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "", "", None


def _wait(answer: Answer) -> float:
    """Seconds of ``Retry-After`` (RFC 9110 §10.2.3; Graph never sends a date); 0 when there are none."""
    text = answer.headers.get("retry-after", "").strip()
    known = text.isascii() and text.isdecimal() and len(text) < 8
    return min(float(text), LONGEST_WAIT_S) if known else 0.0


def _refused(host: str, answer: Answer) -> Unavailable:
    if answer.status in _BUSY:
        return Busy(host, answer.status, _wait(answer))
    try:
        reason = msgspec.json.decode(answer.body, type=_Refusal).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        reason = _Reason()
    return Unavailable(f"{host}: HTTP {answer.status} {reason.code} {reason.message}".rstrip()[:300])


def _no_token(host: str, answer: Answer) -> Unavailable:
    if answer.status in _BUSY:
        return Busy(host, answer.status, _wait(answer))
    try:
        reason = msgspec.json.decode(answer.body, type=_TokenRefusal)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        reason = _TokenRefusal()
    said = reason.error_description.partition("Trace ID:")[0].strip() or reason.error
    return Unavailable(f"{host}: no token, HTTP {answer.status} {said}".rstrip()[:300])
