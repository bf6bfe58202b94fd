"""Google Workspace: the login activities of the Reports API in JSON, one object a line or a whole export.

The shape (``events`` is an array, or one object where an exporter has split it)::

    {"id":{"time":"2026-10-02T15:00:00Z","applicationName":"login"},"actor":{"email":"a@example.org"},
     "ipAddress":"192.0.2.1","events":[{"name":"login_failure","parameters":[{"name":"login_type","value":"exchange"}]}]}

``login_success`` and ``login_failure`` are logins; challenges, warnings and log-outs are not.

**Log injection.** JSON quotes the client's words; the address is a member of its own.
"""

from __future__ import annotations

from datetime import UTC
from typing import Final

import msgspec

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import client_ip
from mailrisk.collect.logs.entry import LineFormat, ParseLine
from mailrisk.collect.logs.times import Times
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

_NAMES: Final = {"login_success": Outcome.SUCCESS, "login_failure": Outcome.FAILURE}
_REASONS: Final = {
    "login_failure_account_disabled": Outcome.DISABLED,
    "login_failure_access_code_disallowed": Outcome.REFUSED,
}


class _Parameter(msgspec.Struct):
    name: str = ""
    value: str | None = None


class _Event(msgspec.Struct):
    name: str = ""
    parameters: list[_Parameter] = []


class _Id(msgspec.Struct):
    time: str = ""


class _Actor(msgspec.Struct):
    email: str | None = None


class _Activity(msgspec.Struct):
    """What matters of an activity (Reports API, ``activities.list``)."""

    id: _Id = msgspec.field(default_factory=_Id)
    actor: _Actor = msgspec.field(default_factory=_Actor)
    address: str | None = msgspec.field(name="ipAddress", default=None)
    events: list[_Event] | _Event = []


_DECODER = msgspec.json.Decoder(_Activity, strict=False)


def claims(line: str) -> bool:
    """Whether the line is an activity of Google Workspace."""
    return line.startswith("{") and '"admin#reports#activity"' in line


def open_log(times: Times) -> ParseLine:
    """A reader of activities; their times name their zone."""

    def parse(line: str) -> LoginEvent | None:
        try:
            found = _DECODER.decode(line)
        except (msgspec.DecodeError, RecursionError):
            raise BadInput("line", "no activity in JSON") from None
        events = found.events if isinstance(found.events, list) else [found.events]
        login = next((event for event in events if event.name in _NAMES), None)
        return None if login is None else _event(found, login, times)

    return parse


def _event(activity: _Activity, login: _Event, times: Times) -> LoginEvent:
    told = {parameter.name: parameter.value or "" for parameter in login.parameters}
    return LoginEvent(
        seen_at=times.iso(activity.id.time, zone=UTC),
        service="google",
        protocol="http",
        account=account_name(activity.actor.email or ""),
        ip=client_ip(activity.address) if activity.address else "",
        outcome=_REASONS.get(told.get("login_failure_type", ""), _NAMES[login.name]),
        detail=account_name(told.get("login_type", "")),
    )


FORMAT = LineFormat("google", claims, open_log, "{")
