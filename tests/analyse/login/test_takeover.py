"""Somebody else got in: after an attack, after guessing, from two countries at once; never on a telephone's day."""

from __future__ import annotations

from collections.abc import Iterable

from tests.analyse.login.scenes import ATTACKER, OFFICE, POLICY, START, event, names, success

from mailrisk.analyse.login.analysis import LoginAnalysis
from mailrisk.analyse.login.takeover import TakeoverAnalysis
from mailrisk.decide.verdict import decide
from mailrisk.model.events import LoginEvent
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Level

COUNTRIES = {OFFICE: "CN", ATTACKER: "NG", "192.0.2.77": "CN"}
ANNA = "user0@example.org"
DAY = 86_400.0


def run(events: Iterable[LoginEvent]) -> list[Evidence]:
    """Evidence about all accounts, from logins as the live watch takes them."""
    logins = LoginAnalysis()
    watched = TakeoverAnalysis(
        lambda name: Subject(Kind.ACCOUNT, name), logins.attacking, lambda ip: COUNTRIES.get(ip, "")
    )
    found: list[Evidence] = []
    for one in events:
        found += watched.observe(one)
        list(logins.observe(one))
    return found


def level(events: Iterable[LoginEvent], name: str = ANNA) -> Level:
    evidence = [item for item in run(events) if item.subject.value == name]
    at = max((item.seen_at for item in evidence), default=START)
    return decide(Subject(Kind.ACCOUNT, name), evidence, at, POLICY).level


def test_a_login_from_an_address_that_attacks_many_accounts_is_a_break_in() -> None:
    attack = [event(DAY + n, name) for n, name in enumerate(names(20))]
    assert level([success(0, ANNA), *attack, success(DAY + 60, ANNA, ip=ATTACKER)]) is Level.HIGH


def test_guessing_at_one_account_until_it_opens_is_at_least_a_suspicion() -> None:
    guesses = [event(DAY + n, ANNA) for n in range(30)]
    assert level([success(0, ANNA), *guesses, success(DAY + 60, ANNA, ip=ATTACKER)]) is Level.MEDIUM


def test_typing_errors_in_a_new_place_are_nothing() -> None:
    errors = [event(DAY + n, ANNA, ip="192.0.2.77") for n in range(4)]
    assert run([success(0, ANNA), *errors, success(DAY + 60, ANNA, ip="192.0.2.77")]) == []


def test_a_victim_who_logs_in_from_home_while_he_is_attacked_is_no_break_in() -> None:
    attack = [event(DAY + n, name) for n, name in enumerate(names(50))]
    assert run([success(0, ANNA), *attack, success(DAY + 60, ANNA)]) == []


def test_two_countries_within_minutes_are_a_suspicion_and_no_more() -> None:
    found = run([success(0, ANNA), success(DAY, ANNA), success(DAY + 600, ANNA, ip=ATTACKER)])
    assert [item.code for item in found] == ["account-impossible-travel"]
    assert level([success(0, ANNA), success(DAY + 600, ANNA, ip=ATTACKER)]) is not Level.HIGH


def test_a_telephone_on_many_networks_of_one_country_is_nothing() -> None:
    day = [success(n * 900, ANNA, ip=f"192.0.{n}.7") for n in range(60)]
    assert run(day) == []


def test_the_first_login_ever_is_nothing_even_during_an_attack() -> None:
    attack = [event(n, name) for n, name in enumerate(names(20))]
    assert run([*attack, success(60, "new@example.org", ip=ATTACKER)]) == []


def test_what_is_known_goes_on_in_another_process() -> None:
    before = TakeoverAnalysis(lambda name: Subject(Kind.ACCOUNT, name), lambda ip: 20, lambda ip: "")
    after = TakeoverAnalysis(lambda name: Subject(Kind.ACCOUNT, name), lambda ip: 20, lambda ip: "")
    before.observe(success(0, ANNA))
    after.restore(before.state())
    assert (
        after.observe(success(60, ANNA, ip=ATTACKER)) == before.observe(success(60, ANNA, ip=ATTACKER)) != []
    )
