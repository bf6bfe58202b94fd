"""What the login analysis says: pictures for the judge, and evidence in its final form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from mailrisk.analyse.login.judge import ATTACKS, SUSPICION, Finding, Picture
from mailrisk.analyse.login.settings import SiegeSettings, WindowSettings
from mailrisk.analyse.login.sieges import Suspicion
from mailrisk.analyse.login.sources import Source
from mailrisk.analyse.login.tally import Tally
from mailrisk.model.events import LoginEvent, voice
from mailrisk.model.evidence import Evidence
from mailrisk.model.ip import reserved_range
from mailrisk.model.subject import Kind, Subject

SOURCE = "analyser:login"


WIDER: Final = 1.2
"""Factor for evidence about a whole /64, whose prior is lower than an address's."""


def about(source: Source, key: str, ip: str, value: float) -> tuple[Subject, float]:
    """Whom evidence blames, and its value: the address, or the whole /64 once it has failed from several of it."""
    return (Subject(Kind.NETWORK, key), value * WIDER) if source.moved else (Subject(Kind.IP, ip), value)


def said_elsewhere(source: Source, finding: Finding) -> bool:
    """Whether an open window has said this, or that it is an attack where this only is a suspicion."""
    return any(
        value >= finding.value if code == finding.code else finding.code == SUSPICION and code in ATTACKS
        for tally in source.tallies
        if tally is not None
        for code, value in tally.said.items()
    )


def told(
    ip: str, key: str, source: Source, window: WindowSettings, tally: Tally, finding: Finding, ref: str
) -> Evidence:
    """What the counters of one window say of an address."""
    subject, value = about(source, key, ip, finding.value)
    picture = picture_of(source, tally)
    data = {
        "failures": picture.failures,
        "accounts": picture.accounts,
        "unknown": picture.unknown,
        "unnamed": picture.unnamed,
        "successes": picture.successes,
        "hits": source.hits,
        "window": window.name,
        "window_zh": window.name_zh,
        "window_s": window.length_s,
        "first_at": stamp(source.first_failure_at or tally.start),
        **ago(source.first_failure_at, tally.last_at),
        "from": stamp(tally.start),
        "last_at": stamp(tally.last_at),
        "range": reserved_range(ip),
        "counted_as": key,
    }
    return Evidence(
        code=finding.code,
        subject=subject,
        source=voice(source.reporter, SOURCE),
        seen_at=tally.last_at,
        value=value,
        data=data,
        ref=ref,
    )


def besieged(found: Suspicion, source: Source, siege: SiegeSettings) -> Evidence:
    """One of the addresses that attack an account together."""
    return Evidence(
        code="login-attacked-account",
        subject=Subject(Kind.IP, found.attacker.ip),
        source=voice(source.reporter, SOURCE),
        seen_at=found.attacker.at,
        value=found.value,
        data={
            "addresses": found.addresses,
            "window": siege.name,
            "window_zh": siege.name_zh,
            "window_s": siege.length_s,
            "from": stamp(found.since),
            "range": reserved_range(found.attacker.ip),
            "counted_as": found.attacker.key,
        },
        ref=f"{found.attacker.key} {stamp(found.since)} {found.value:g}",
    )


def recovered(event: LoginEvent, source: Source, key: str, failures: int) -> Evidence:
    """Lowers: all that failed from the address was one account, a few times, and it has logged in since."""
    subject, value = about(source, key, event.ip, 1.0)
    return Evidence(
        code="login-recovered",
        subject=subject,
        source=voice(source.reporter, SOURCE),
        seen_at=event.seen_at,
        value=value,
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
        guesses=tally.guesses,
    )


def relisted(source: Source, key: str, ip: str, at: datetime) -> Evidence:
    """An address that attacked before, was quiet for long, and has come again."""
    attacked_at = source.attacked_at or at
    days = max(1, round((at - attacked_at).total_seconds() / 86_400))
    subject, value = about(source, key, ip, 1.0)
    return Evidence(
        code="login-relisted",
        subject=subject,
        source=voice(source.reporter, SOURCE),
        seen_at=at,
        value=value,
        data={"before": stamp(attacked_at)[:10], "days": days, "counted_as": key},
        ref=f"{key} {stamp(at)}",
    )


_UNITS = ((86_400, "day", "天"), (3_600, "hour", "小时"), (60, "minute", "分钟"))


def ago(first: datetime | None, at: datetime) -> dict[str, str]:
    """``first_seen`` of evidence, in words: how long before it the first failure was."""
    elapsed = (at - first).total_seconds() if first is not None else 0.0
    for length, unit, unit_zh in _UNITS:
        number = int(elapsed // length)
        if number > 0:
            return {
                "first_seen": f"{number} {unit}{'s' if number > 1 else ''} ago",
                "first_seen_zh": f"{number} {unit_zh}前",
            }
    return {"first_seen": "just now", "first_seen_zh": "刚才"}


def stamp(at: datetime) -> str:
    """A time as evidence holds it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
