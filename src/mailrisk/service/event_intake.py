"""Reading events that clients send: NDJSON or one JSON list, each event accepted or refused by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from mailrisk.collect.logs.account import account_name
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome, SendEvent
from mailrisk.model.ip import parse_ip

MAX_EVENTS: Final = 10_000
"""Events in one request."""

MAX_EVENT_BYTES: Final = 16 * 1024

MAX_NAMED: Final = 50
"""Recipients of a send event that are kept by name."""

MAX_ID: Final = 200
MAX_COUNT: Final = 1_000_000

MAX_ATTEMPTS: Final = 1_000
"""Attempts that one event may stand for: one line of a key's owner shall not outweigh a day of logs."""

AHEAD: Final = timedelta(minutes=10)
"""How far a client's clock may be ahead of ours."""

OLDEST: Final = timedelta(days=366)

_WORD = re.compile(r"[A-Za-z0-9_.+-]{0,40}")


class LoginEventBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One login event as a client sends it; see ``model.events.LoginEvent``. No time: now."""

    ip: str
    outcome: Outcome
    account: str = ""
    seen_at: datetime | None = None
    service: str = "api"
    protocol: str = ""
    attempts: int = 1
    secret: str = ""
    detail: str = ""
    id: str = ""


class SendEventBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One send event as a client sends it; see ``model.events.SendEvent``. No time: now."""

    account: str
    ip: str = ""
    seen_at: datetime | None = None
    service: str = "api"
    sender: str = ""
    to: tuple[str, ...] = ()
    recipients: int | None = None
    size: int = 0
    bounced: int = 0
    queue_id: str = ""
    detail: str = ""
    id: str = ""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was not accepted: its number in the request, from 1, and why."""

    number: int
    error: str


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """What a body held."""

    logins: tuple[LoginEvent, ...] = ()
    sends: tuple[SendEvent, ...] = ()
    refused: tuple[Refused, ...] = ()


_login = msgspec.json.Decoder(LoginEventBody)
_send = msgspec.json.Decoder(SendEventBody)
_list = msgspec.json.Decoder(list[msgspec.Raw])


def read_logins(body: bytes, now: datetime, reporter: str = "") -> Intake:
    """The login events of a request body. BadInput: it is neither NDJSON nor a JSON list, or holds too many.

    ``reporter``: public id of the API key that sends them.
    """
    events: list[LoginEvent] = []
    refused: list[Refused] = []
    for number, raw in _each(body):
        try:
            events.append(_login_event(_login.decode(raw), now, reporter))
        except (BadInput, msgspec.MsgspecError, UnicodeDecodeError) as error:
            refused.append(_refusal(number, error))
    return Intake(logins=tuple(events), refused=tuple(refused))


def read_sends(body: bytes, now: datetime, reporter: str = "") -> Intake:
    """The send events of a request body; arguments and errors as ``read_logins``."""
    events: list[SendEvent] = []
    refused: list[Refused] = []
    for number, raw in _each(body):
        try:
            events.append(_send_event(_send.decode(raw), now, reporter))
        except (BadInput, msgspec.MsgspecError, UnicodeDecodeError) as error:
            refused.append(_refusal(number, error))
    return Intake(sends=tuple(events), refused=tuple(refused))


def _each(body: bytes) -> Iterator[tuple[int, Any]]:
    """(number from 1, JSON text) of each event."""
    if body.lstrip()[:1] == b"[":
        try:
            events: list[Any] = _list.decode(body)
        except msgspec.MsgspecError as error:
            raise BadInput("body", f"no JSON list: {error}") from None
    else:
        events = [line for line in body.split(b"\n") if line.strip()]
    if not events:
        raise BadInput("body", "holds no event; send one JSON object a line, or a list of them")
    if len(events) > MAX_EVENTS:
        raise BadInput("body", f"more than {MAX_EVENTS} events")
    yield from enumerate(events, start=1)


def _refusal(number: int, error: Exception) -> Refused:
    if isinstance(error, BadInput):
        return Refused(number=number, error=f"{error.field}: {error.reason}")
    return Refused(number=number, error=str(error)[:300])


def _login_event(data: LoginEventBody, now: datetime, reporter: str) -> LoginEvent:
    return LoginEvent(
        seen_at=_time(data.seen_at, now),
        service=_word("service", data.service),
        protocol=_word("protocol", data.protocol),
        account=account_name(data.account),
        ip=_address(data.ip),
        outcome=data.outcome,
        detail=account_name(data.detail),
        attempts=_count("attempts", data.attempts, least=1, most=MAX_ATTEMPTS),
        secret=_word("secret", data.secret),
        id=_id(data.id),
        reporter=reporter,
    )


def _send_event(data: SendEventBody, now: datetime, reporter: str) -> SendEvent:
    if not data.account:
        raise BadInput("account", "is empty")
    to = tuple(account_name(one) for one in data.to[:MAX_NAMED])
    recipients = max(1, len(data.to)) if data.recipients is None else data.recipients
    return SendEvent(
        seen_at=_time(data.seen_at, now),
        service=_word("service", data.service),
        account=account_name(data.account),
        ip=_address(data.ip),
        sender=account_name(data.sender),
        recipients=_count("recipients", recipients),
        size=_count("size", data.size, most=1 << 40),
        queue_id=_word("queue_id", data.queue_id),
        detail=account_name(data.detail),
        to=to,
        bounced=_count("bounced", data.bounced),
        id=_id(data.id),
        reporter=reporter,
    )


def _time(given: datetime | None, now: datetime) -> datetime:
    if given is None:
        return now
    if given.tzinfo is None:
        raise BadInput("seen_at", "names no time zone; write 2026-01-31T12:00:00Z")
    if given > now + AHEAD:
        raise BadInput("seen_at", "lies in the future")
    if given < now - OLDEST:
        raise BadInput("seen_at", f"more than {OLDEST.days} days ago")
    return given.astimezone(UTC)


def _address(text: str) -> str:
    return parse_ip(text) if text else ""


def _word(field: str, text: str) -> str:
    if not _WORD.fullmatch(text):
        raise BadInput(field, "holds more than letters, digits, and _.+-, or over 40 of them")
    return text


def _id(text: str) -> str:
    if len(text) > MAX_ID:
        raise BadInput("id", f"longer than {MAX_ID} characters")
    return text


def _count(field: str, value: int, *, least: int = 0, most: int = MAX_COUNT) -> int:
    if not least <= value <= most:
        raise BadInput(field, f"is not between {least} and {most}")
    return value
