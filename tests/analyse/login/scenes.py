"""Scenes for the login analysis: lists of events, and the verdict that comes of them."""

from __future__ import annotations

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
