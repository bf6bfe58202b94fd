"""Scenes for the login analysis: lists of events, and the verdict that comes of them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from mailrisk.analyse.login.analysis import LoginAnalysis
from mailrisk.decide.verdict import decide
from mailrisk.edge.policy_files import load_policy
from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Verdict

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
ATTACKER = "203.0.113.7"
OFFICE = "198.51.100.20"
POLICY = load_policy({})
DAY = 86_400.0
GHOSTS = [f"ghost{number}@example.org" for number in range(400)]


def event(
    at_s: float,
    account: str,
    outcome: Outcome = Outcome.FAILURE,
    *,
    ip: str = ATTACKER,
    attempts: int = 1,
    secret: str = "",
) -> LoginEvent:
    """One event, ``at_s`` seconds after START."""
    return LoginEvent(
        seen_at=START + timedelta(seconds=at_s),
        service="dovecot",
        protocol="imap",
        account=account,
        ip=ip,
        outcome=outcome,
        attempts=attempts,
        secret=secret,
    )


def success(at_s: float, account: str, *, ip: str = OFFICE) -> LoginEvent:
    """A successful login, from the office unless told otherwise."""
    return event(at_s, account, Outcome.SUCCESS, ip=ip)


def names(count: int) -> list[str]:
    """That many account names."""
    return [f"user{number}@example.org" for number in range(count)]


def evidence_of(events: Iterable[LoginEvent], analysis: LoginAnalysis | None = None) -> list[Evidence]:
    """All evidence that the events give, the closing one included."""
    analysis = analysis or LoginAnalysis()
    found = [item for one in events for item in analysis.observe(one)]
    return found + list(analysis.finish())


def verdict(events: Iterable[LoginEvent], ip: str = ATTACKER) -> Verdict:
    """The verdict of the shipped policy on an address, right after the last evidence."""
    subject = Subject(Kind.IP, ip)
    evidence = [item for item in evidence_of(events) if item.subject == subject]
    at = max((item.seen_at for item in evidence), default=START)
    return decide(subject, evidence, at, POLICY)


def bot(number: int) -> str:
    """The address of one bot, each in a network of its own."""
    return f"203.{number // 250}.{number % 250}.7"


def botnet(addresses: int, words: list[str], days: int = 1, seed: int = 1) -> list[LoginEvent]:
    """So many addresses, one try a day each, from one list."""
    rng = random.Random(seed)
    tries = [
        (day * DAY + rng.random() * DAY, bot(number), rng.choice(words))
        for day in range(days)
        for number in range(addresses)
    ]
    return [
        event(at, word, Outcome.UNKNOWN_USER if word in GHOSTS else Outcome.FAILURE, ip=ip)
        for at, ip, word in sorted(tries)
    ]
