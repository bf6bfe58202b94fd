"""What the login analysis says: pictures for the judge, and evidence in its final form."""

from __future__ import annotations

from datetime import UTC, datetime

from mailrisk.analyse.login.judge import ATTACKS, SUSPICION, Finding, Picture
from mailrisk.analyse.login.sources import Source
from mailrisk.analyse.login.tally import Tally
from mailrisk.model.events import LoginEvent
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Kind, Subject

SOURCE = "analyser:login"


def said_elsewhere(source: Source, finding: Finding) -> bool:
    """Whether an open window has said this, or that it is an attack where this only is a suspicion."""
    return any(
        value >= finding.value if code == finding.code else finding.code == SUSPICION and code in ATTACKS
        for tally in source.tallies
        if tally is not None
        for code, value in tally.said.items()
    )


def recovered(event: LoginEvent, key: str, failures: int) -> Evidence:
    """Lowers: all that failed from the address was one account, a few times, and it has logged in since."""
    return Evidence(
        code="login-recovered",
        subject=Subject(Kind.IP, event.ip),
        source=SOURCE,
        seen_at=event.seen_at,
        data={"failures": failures},
        ref=f"{key} {stamp(event.seen_at)}",
    )


def picture_of(source: Source, tally: Tally) -> Picture:
    """The counters of an address in one window."""
    return Picture(
        failures=tally.failures,
        unnamed=tally.unnamed,
        accounts=tally.accounts,
        unknown=tally.unknown_accounts,
        successes=len(source.at_home),
    )


def stamp(at: datetime) -> str:
    """A time as evidence holds it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
