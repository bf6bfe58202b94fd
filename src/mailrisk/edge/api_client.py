"""The native API as an agent uses it: telling login events, asking about addresses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from mailrisk.edge.fetch import Egress
from mailrisk.edge.post import Answer, exchange
from mailrisk.model.errors import Unavailable
from mailrisk.model.events import LoginEvent, SendEvent

MAX_EVENTS: Final = 2_000
MAX_IPS: Final = 10_000
MAX_ANSWER: Final = 64 * 1024 * 1024
TIME_S: Final = 30.0


class Reason(msgspec.Struct, frozen=True):
    """What the agent reads of a reason."""

    text: str = ""
    weight: float = 0.0
    source: str = ""
    text_zh: str = ""

    def said(self, *, chinese: bool) -> str:
        """Its text in the language chosen."""
        return self.text_zh or self.text if chinese else self.text


class IpAnswer(msgspec.Struct, frozen=True):
    """What the agent reads of an answer about an address; ``error`` is set where there is none."""

    input: str
    level: str = "unknown"
    score: int = 0
    suggested_response: str = "none"
    suggested_for_s: int | None = None
    known_for_s: int | None = None
    first_detected: datetime | None = None
    reasons: tuple[Reason, ...] = ()
    error: str | None = None


class _Results(msgspec.Struct, frozen=True):
    results: tuple[IpAnswer, ...]


class _Taken(msgspec.Struct, frozen=True):
    accepted: int = 0
    repeated: int = 0
    refused: tuple[Any, ...] = ()


class ApiClient:
    """A mailrisk server. Every call is Unavailable when it does not answer as it should."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json", "X-API-Key": key}
        self._egress = Egress(allow_private=True)

    async def tell(self, events: Sequence[LoginEvent], sends: Sequence[SendEvent] = ()) -> int:
        """Hands events over; returns how many were refused. They are on the server's disk then."""
        refused = 0
        told: tuple[tuple[str, Sequence[LoginEvent | SendEvent]], ...] = (("login", events), ("send", sends))
        for kind, some in told:
            for start in range(0, len(some), MAX_EVENTS):
                body = msgspec.json.encode([_sent(event) for event in some[start : start + MAX_EVENTS]])
                taken = await self._post(f"/api/v1/{kind}-events", body, _Taken)
                refused += len(taken.refused)
        return refused

    async def may_tell(self) -> None:
        """Asks whether the key may hand events over. Unavailable: it may not, or nobody answers."""
        path = "/api/v1/login-events"
        answer = await self._exchange(path, b"[]")
        if answer.status not in (200, 400):  # 400: it would like to have an event.
            raise Unavailable(f"{path}: HTTP {answer.status} {_detail(answer.body)}".rstrip())

    async def ask(self, ips: Sequence[str]) -> list[IpAnswer]:
        """What the server says about each address, in order."""
        found: list[IpAnswer] = []
        for start in range(0, len(ips), MAX_IPS):
            body = msgspec.json.encode({"ips": ips[start : start + MAX_IPS]})
            found += (await self._post("/api/v1/ips:check", body, _Results)).results
        return found

    async def _post(self, path: str, body: bytes, kind: Any) -> Any:
        answer = await self._exchange(path, body)
        if answer.status != 200 or not answer.whole:
            raise Unavailable(f"{path}: HTTP {answer.status} {_detail(answer.body)}".rstrip())
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Unavailable(f"{path}: an answer that is none: {error}") from None

    async def _exchange(self, path: str, body: bytes) -> Answer:
        try:
            return await exchange(
                self._url + path, body, self._headers, timeout_s=TIME_S, most=MAX_ANSWER, egress=self._egress
            )
        except Unavailable as error:
            raise Unavailable(
                f"no answer from {_shown(self._url)} ({error}): does mailrisk serve run there? "
                "--server or [agent] server names another place"
            ) from None


def _shown(url: str) -> str:
    """Scheme, host and port; a user and a password in a URL are nobody's business."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _sent(event: LoginEvent | SendEvent) -> dict[str, Any]:
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return {name: value for name, value in fields.items() if value != ""}


def _detail(body: bytes) -> str:
    """The detail of a problem (RFC 9457), shortened."""
    try:
        return str(msgspec.json.decode(body).get("detail", ""))[:200]
    except (msgspec.MsgspecError, AttributeError, RecursionError):
        return ""
