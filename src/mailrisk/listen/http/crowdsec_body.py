"""What CrowdSec's clients send to the local API, as far as we read it, and alerts as they read them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec

from mailrisk.model.change import KeyGrant
from mailrisk.model.errors import BadInput
from mailrisk.model.ip import parse_ip, parse_network
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category
from mailrisk.publish.crowdsec import SCENARIOS, Wanted
from mailrisk.publish.listing_table import ACTIONS
from mailrisk.service.report_address import Report

Read = TypeVar("Read")
Query = dict[str, list[str]]

MAX_DECISIONS: Final = 100
"""Decisions of one alert that are read."""

_CATEGORIES: Final = (
    (("-bf", "bruteforce", "brute-force", "slow-bf"), Category.BRUTE_FORCE),
    (("user-enum", "spray"), Category.PASSWORD_SPRAY),
    (("credential", "stuffing"), Category.CREDENTIAL_STUFFING),
    (("spam", "postfix"), Category.SPAM_SOURCE),
)
"""Parts of a scenario's name -> what it is with us; the first that fits."""


class Call:
    """One request of somebody who may make it."""

    def __init__(
        self, grant: KeyGrant, bouncer: str, query: Query, headers: dict[bytes, str], body: bytes
    ) -> None:
        self.grant, self.bouncer, self.query, self.headers, self.body = grant, bouncer, query, headers, body

    def first(self, name: str) -> str:
        """The first value of a parameter, '' when it is not there."""
        return self.query.get(name, [""])[0]

    def number(self, name: str, default: int, most: int) -> int:
        """A number of a parameter, at most ``most``."""
        text = self.first(name)
        return (
            min(int(text), most)
            if text.isascii() and text.isdigit() and len(text) < 10 and int(text)
            else default
        )

    def subject(self) -> Subject | None:
        """The address or range that is asked about."""
        if text := self.first("ip") or (
            self.first("value") if "range" not in self.first("scope").lower() else ""
        ):
            return Subject(Kind.IP, parse_ip(text))
        if text := self.first("range") or self.first("value"):
            return Subject(Kind.NETWORK, parse_network(text))
        return None


class Login(msgspec.Struct, frozen=True):
    """``POST /v1/watchers`` and ``/v1/watchers/login``."""

    machine_id: str
    password: str
    scenarios: list[str] | None = None


class Source(msgspec.Struct, frozen=True):
    """Who did it."""

    scope: str = ""
    value: str = ""
    ip: str = ""
    range: str = ""


class Decision(msgspec.Struct, frozen=True):
    """A decision that comes with an alert (``cscli decisions add``)."""

    scope: str = ""
    value: str = ""
    type: str = ""
    origin: str = ""
    duration: str = ""
    scenario: str = ""


class Alert(msgspec.Struct, frozen=True):
    """One alert. What it holds beyond this (events, hashes) is not read."""

    scenario: str = ""
    message: str = ""
    events_count: int = 1
    stop_at: str = ""
    simulated: bool = False
    source: Source | None = None
    decisions: list[Decision] | None = None

    @property
    def is_manual(self) -> bool:
        """Whether a person made it with ``cscli decisions add``."""
        return any(one.origin == "cscli" for one in self.decisions or ())

    def values(self) -> Iterator[str]:
        """Addresses and ranges of its decisions."""
        for one in (self.decisions or [])[:MAX_DECISIONS]:
            if one.scope.lower() in ("ip", "range"):
                yield one.value

    def report(self) -> Report | None:
        """What it says of an address; None when it is about something else, or a rehearsal."""
        source = self.source
        if source is None or self.simulated or source.scope.lower() not in ("ip", ""):
            return None
        name = self.scenario.lower()
        category = next((found for parts, found in _CATEGORIES if any(part in name for part in parts)), None)
        return Report(
            ip=source.value or source.ip, why=f"CrowdSec {self.scenario}", category=category,
            seen_at=_time(self.stop_at),
        )  # fmt: skip


def parse(body: bytes, type_: type[Read]) -> Read:
    """A JSON body. BadInput: it is something else."""
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("body", str(error)[:200] or "nested too deep") from None


def wanted_of(query: Query, expand: int) -> Wanted:
    """What a bouncer's parameters ask for: scopes, types, scenarios by a part of their name."""

    def words(name: str) -> tuple[str, ...]:
        return tuple(
            sorted({word.strip().lower() for word in ",".join(query.get(name, ())).split(",")} - {""})
        )

    having, without = words("scenarios_containing"), words("scenarios_not_containing")
    scenarios: tuple[int, ...] = ()
    if having or without:
        scenarios = tuple(
            number
            for number, name in enumerate(SCENARIOS)
            if (not having or any(word in name for word in having))
            and not any(word in name for word in without)
        ) or (-1,)
    scopes = tuple(one for one in words("scopes") or words("scope") if one in ("ip", "range"))
    if not scopes and not (words("scopes") or words("scope")):
        scopes = ("ip", "range")
    asked = words("types") or words("type")
    types = tuple(one for one in asked if one in ACTIONS) or (("none",) if asked else ())
    return Wanted(scopes, scenarios, types, expand)  # Of few different values: a bouncer is remembered by it.


def alerts_json(decisions: bytes, now: datetime) -> bytes:
    """Decisions as a list of alerts, one for each, as ``cscli decisions list`` reads them."""
    at = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    found = msgspec.json.decode(decisions)
    return msgspec.json.encode([_alert(one, at) for one in found]) if found else b"null"


def _alert(decision: dict[str, Any], at: str) -> dict[str, Any]:
    value, scope = decision["value"], decision["scope"]
    source = {"scope": scope, "value": value, "range" if "/" in value else "ip": value}
    return {
        "id": decision["id"], "uuid": "", "machine_id": "mailrisk", "created_at": at, "start_at": at, "stop_at": at,
        "scenario": decision["scenario"], "scenario_hash": "", "scenario_version": "", "message": "",
        "capacity": 0, "leakspeed": "0s", "simulated": False, "events_count": 1, "events": [], "labels": None,
        "source": source, "decisions": [{**decision, "simulated": False}],
    }  # fmt: skip


def _time(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text[:40])
    except ValueError:
        return None
    return read if read.tzinfo is not None else None
