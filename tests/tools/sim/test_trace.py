"""The simulator: the same seed gives the same trace, and its lines say what its events say."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest
from tools.sim.lines import lines_of
from tools.sim.model import HONEST, Traced, TraceSettings, family_of
from tools.sim.trace import FAMILIES, Trace, TruthTable

from mailrisk.collect.logs.read import read_events
from mailrisk.model.events import LoginEvent, Outcome, SendEvent
from mailrisk.model.ip import counting_key, parse_ip

SMALL = TraceSettings(seed=7, days=6, people=100, attackers=0.1)
NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def played() -> list[Traced]:
    return list(Trace(SMALL).events())


def test_the_same_seed_gives_the_same_events_and_another_one_gives_others(played: list[Traced]) -> None:
    assert list(Trace(SMALL).events()) == played
    other = msgspec.structs.replace(SMALL, seed=8)
    assert list(Trace(other).events())[:1000] != played[:1000]


def test_events_come_in_the_order_of_time_with_canonical_addresses(played: list[Traced]) -> None:
    times = [event.seen_at for event, _ in played]
    assert times == sorted(times)
    assert all(parse_ip(event.ip) == event.ip for event, _ in played if event.ip)


def test_every_family_and_trap_is_in_the_trace(played: list[Traced]) -> None:
    families = Counter(family_of(actor) for _, actor in played)
    assert set(families) == {HONEST, *FAMILIES}
    traps = {actor for _, actor in played if actor.startswith("trap:")}
    wanted = {
        "stale-office",
        "stale-home",
        "departed",
        "probe",
        "migration",
        "reset-day",
        "mail-merge",
        "strayed",
        "shared-mailbox",
    }
    assert {f"trap:{name}" for name in wanted} <= traps


def test_no_address_is_an_honest_and_an_attacking_one(played: list[Traced]) -> None:
    sides: dict[bool, set[str]] = {True: set(), False: set()}
    for event, actor in played:
        if event.ip:
            sides[family_of(actor) == HONEST].add(counting_key(event.ip))
    assert not sides[True] & sides[False]


def test_a_botnet_tries_once_a_day_from_each_of_two_hundred_addresses(played: list[Traced]) -> None:
    days: Counter[tuple[str, object]] = Counter()
    for event, actor in played:
        if actor == "botnet#0":
            days[event.ip, event.seen_at.date()] += 1
    assert len({ip for ip, _ in days}) >= 200
    assert max(days.values()) <= 2  # Two only where midnight falls between the tries of two days.


def test_the_lines_are_read_back_as_the_same_login_events(played: list[Traced]) -> None:
    logins = [event for event, _ in played if isinstance(event, LoginEvent)]
    lines = [line.encode() for number, (event, _) in enumerate(played) for line in lines_of(event, number)]
    read = [item for item in read_events(lines, timezone=UTC, now=NOW) if isinstance(item, LoginEvent)]
    assert [(one.seen_at, one.account, one.ip, one.outcome, one.attempts) for one in read] == [
        (one.seen_at, one.account, one.ip, one.outcome, one.attempts) for one in logins
    ]
    # A password database does not say over which protocol the client came, and no line names the secret.
    front = [one for one in read if one.outcome is not Outcome.UNKNOWN_USER]
    kept = [
        msgspec.structs.replace(one, secret="") for one in logins if one.outcome is not Outcome.UNKNOWN_USER
    ]
    assert front == kept


def test_the_truth_names_each_attacking_address_and_each_stolen_account_once(played: list[Traced]) -> None:
    truth = TruthTable()
    for traced in played:
        truth.see(traced)
    rows = [msgspec.json.decode(line) for line in truth.lines()]
    named = [row.get("ip") or row["account"] for row in rows]
    assert len(named) == len(set(named))
    assert {row["account"] for row in rows if "account" in row} <= Trace(SMALL).stolen
    attackers = {event.ip for event, actor in played if family_of(actor) != HONEST and event.ip}
    assert {row["ip"] for row in rows if "ip" in row} == attackers


def test_the_office_repeats_one_stale_password_and_nothing_else() -> None:
    whole = Trace(msgspec.structs.replace(SMALL, days=12))
    stale = [event for event, actor in whole.events() if actor == "trap:stale-office"]
    assert len(stale) == 10_000
    assert len({(event.ip, event.account) for event in stale}) == 1
    assert len({event.secret for event in stale if isinstance(event, LoginEvent)}) == 1


def test_a_stolen_account_sends_in_its_owners_name_from_elsewhere(played: list[Traced]) -> None:
    own: dict[str, set[str]] = {}
    for event, actor in played:
        if isinstance(event, SendEvent) and actor == HONEST:
            own.setdefault(event.account, set()).add(event.ip)
    thefts = [
        event for event, actor in played if actor.startswith("compromised") and isinstance(event, SendEvent)
    ]
    assert thefts
    assert not any(event.ip in own.get(event.account, set()) for event in thefts if event.ip)
