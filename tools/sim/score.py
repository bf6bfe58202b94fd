"""Plays a trace against defences and scores each by the truth.

The loop is closed: an attempt that a defence refuses does not reach its analysis, as behind a firewall or a mail
server that asks first. Each defence sees its own world; the trace itself does not react.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Protocol

import msgspec
from tools.sim.model import HONEST, Event, Traced, family_of
from tools.sim.ours import Ours

from mailrisk.model.events import LoginEvent, Outcome, SendEvent
from mailrisk.model.ip import aggregate, counting_key

_key = lru_cache(200_000)(counting_key)

FOUND_FROM = 10
"""A botnet is found once half of its addresses seen so far are refused, and at least five: one lucky hit is not it."""


class Defence(Protocol):
    """Something that looks at login events and refuses some."""

    @property
    def name(self) -> str: ...

    def refuses(self, ip: str, account: str, at: datetime) -> bool: ...

    def observe_login(self, event: LoginEvent) -> list[str]: ...


class Attacker(msgspec.Struct):
    """One attacking address (an IPv6 /64)."""

    family: str
    actor: str
    attempts: int = 0
    through: int = 0
    blocked_after: int | None = None


class Group(msgspec.Struct):
    """One attacker with many addresses."""

    used: int = 0
    blocked: int = 0
    attempts: int = 0
    found_after: int | None = None


class Stolen(msgspec.Struct):
    """One stolen account."""

    actor: str
    messages: int = 0  # that went out
    refused: int = 0
    flagged_after: int | None = None


class Score:
    """What one defence did in a trace."""

    def __init__(self, defence: Defence) -> None:
        self.defence = defence
        self._ours = defence if isinstance(defence, Ours) else None
        self.attackers: dict[str, Attacker] = {}
        self.groups: dict[str, Group] = {}
        self.stolen: dict[str, Stolen] = {}
        self.honest_logins = 0
        self.honest_refused = 0
        self.honest_addresses: dict[str, str] = {}  # counting key -> trap or HONEST
        self.honest_blocked: dict[str, str] = {}
        self.honest_flagged: dict[str, str] = {}

    def see(self, traced: Traced) -> None:
        """Plays one event."""
        event, actor = traced
        family = family_of(actor)
        key = _key(event.ip) if event.ip else ""
        refused = bool(key) and self.defence.refuses(event.ip, event.account, event.seen_at)
        if isinstance(event, LoginEvent):
            if family == HONEST:
                self._honest(event, key, actor, refused)
            else:
                self._attack(event, key, family, actor, refused)
        elif family != HONEST and event.ip:
            self._theft(event, actor, refused)
        if not refused:
            for name in self._observed(event):
                self._acted(name, event, actor)

    def _observed(self, event: Event) -> list[str]:
        if isinstance(event, LoginEvent):
            return self.defence.observe_login(event)
        return self._ours.observe_send(event) if self._ours is not None else []

    def _honest(self, event: LoginEvent, key: str, actor: str, refused: bool) -> None:
        self.honest_logins += event.outcome is Outcome.SUCCESS
        self.honest_refused += refused and event.outcome is Outcome.SUCCESS
        self.honest_addresses.setdefault(key, actor)
        if refused:
            self.honest_blocked.setdefault(key, actor)

    def _attack(self, event: LoginEvent, key: str, family: str, actor: str, refused: bool) -> None:
        group = self.groups.setdefault(actor, Group())
        attacker = self.attackers.get(key)
        if attacker is None:
            attacker = self.attackers[key] = Attacker(family, actor)
            group.used += 1
        if refused:
            self._blocked(attacker)
        attacker.attempts += event.attempts
        attacker.through += 0 if refused else event.attempts
        group.attempts += event.attempts
        self._found(group)

    def _blocked(self, attacker: Attacker) -> None:
        if attacker.blocked_after is None:
            attacker.blocked_after = attacker.attempts
            self.groups[attacker.actor].blocked += 1

    def _found(self, group: Group) -> None:
        if group.found_after is None and group.used >= FOUND_FROM and 2 * group.blocked >= group.used:
            group.found_after = group.attempts

    def _theft(self, event: SendEvent, actor: str, refused: bool) -> None:
        stolen = self.stolen.get(event.account)
        if stolen is None:
            stolen = self.stolen[event.account] = Stolen(actor)
            if self._ours is not None and self._ours.is_flagged(event.account, event.seen_at):
                stolen.flagged_after = 0  # Wrongly until now; that stands among the honest ones.
        if refused:
            stolen.refused += 1
        else:
            stolen.messages += 1

    def _acted(self, name: str, event: Event, actor: str) -> None:
        """An address is blocked or an account flagged by what this event added."""
        if "@" in name:
            stolen = self.stolen.get(name)
            if stolen is not None or actor.startswith("compromised"):
                stolen = self.stolen.setdefault(name, Stolen(actor))
                if stolen.flagged_after is None:
                    stolen.flagged_after = stolen.messages
            else:
                self.honest_flagged.setdefault(name, actor)
        elif ":" not in name and name in self.attackers:  # Of an IPv6 /64 what counts is the next attempt.
            self._blocked(self.attackers[name])
            self._found(self.groups[self.attackers[name].actor])
        elif name in self.honest_addresses:
            self.honest_blocked.setdefault(name, self.honest_addresses[name])

    def codes_of(self, name: str) -> set[str]:
        """What an address or account was blocked or flagged for, its networks included; empty for the peers."""
        if self._ours is None:
            return set()
        names = (name,) if "@" in name else (name, *aggregate(name.partition("/")[0]))
        return {code for one in names for code in self._ours.codes.get(one, ())}

    def close(self) -> None:
        """Addresses that never came back after their network was blocked."""
        if self._ours is None:
            return
        for key, attacker in self.attackers.items():
            if self._ours.in_blocked_network(key.partition("/")[0]):
                self._blocked(attacker)
        for key, actor in self.honest_addresses.items():
            if self._ours.in_blocked_network(key.partition("/")[0]):
                self.honest_blocked.setdefault(key, actor)


def play(events: Iterable[Traced], defences: Sequence[Defence]) -> list[Score]:
    """Plays a trace against several defences at once."""
    scores = [Score(defence) for defence in defences]
    for traced in events:
        for score in scores:
            score.see(traced)
    for score in scores:
        score.close()
    return scores
