"""What a trace is made of: events with who caused them, and the actors that cause them day by day."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import msgspec

from mailrisk.model.events import LoginEvent, Outcome, SendEvent

START: Final = datetime(2026, 2, 2, tzinfo=UTC)
"""Midnight of the trace's first day, a Monday."""

DOMAIN: Final = "example.org"
DAY_S: Final = 86_400

HONEST: Final = ""

Event = LoginEvent | SendEvent
Traced = tuple[Event, str]
"""An event and who caused it: HONEST, ``trap:name`` for honest oddities, else ``family#number``."""


class TraceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Size and seed of a trace. 1,000 people make about 20,000 logins on a working day."""

    seed: int = 1
    days: int = 30
    people: int = 3_000
    attackers: float = 1.0  # scale of the number of attackers; botnets and traps keep their size
    tells_unknown: bool = (
        True  # the server says that an account does not exist, as Dovecot 2.4 and auth_verbose do
    )


class Actor(Protocol):
    """Causes the events of one day after the other."""

    def day(self, day: int) -> Iterator[Traced]:
        """The events of a day (0 is the first), in any order. Called once for each day, in order."""


def rng_for(seed: int, *names: object) -> random.Random:
    """A generator of its own for each actor, so that one more actor changes no other."""
    return random.Random("/".join(map(str, (seed, *names))))  # noqa: S311  a simulation


def at(day: int, second: float) -> datetime:
    """The moment ``second`` seconds into a day, to the millisecond (log lines hold no more)."""
    return START + timedelta(milliseconds=round((day * DAY_S + second) * 1000))


def secret(account: str, password: object) -> str:
    """What a mail server tells of a password: a short hash, equal for equal tries."""
    return f"{zlib.crc32(f'{account} {password}'.encode()):08x}"


def login(
    when: datetime, protocol: str, account: str, ip: str, outcome: Outcome, password: object
) -> LoginEvent:
    """One attempt over ``imap``, ``pop3`` or ``submission``."""
    return LoginEvent(
        seen_at=when,
        service="postfix" if protocol == "submission" else "dovecot",
        protocol=protocol,
        account=account,
        ip=ip,
        outcome=outcome,
        detail="LOGIN" if protocol == "submission" else "PLAIN",
        secret=secret(account, password),
    )


def family_of(actor: str) -> str:
    """The family of an actor; HONEST for honest people and traps."""
    return HONEST if actor.startswith("trap:") else actor.partition("#")[0]
