"""Attacks are found, each by its kind, in words with counters."""

from __future__ import annotations

import pytest
from tests.analyse.login.scenes import ATTACKER, event, evidence_of, names, verdict

from mailrisk.model.events import Outcome
from mailrisk.model.verdict import Category, Level

HOUR = 3600


def test_fast_brute_force_on_many_accounts_is_high() -> None:
    events = [event(i, name) for i in range(0, 500, 5) for name in names(10)]
    found = verdict(events)
    assert (found.level, found.category) == (Level.HIGH, Category.BRUTE_FORCE)
    assert any("1000 failures on 10 accounts in 10 minutes" in reason.text for reason in found.reasons)


def test_a_password_spray_is_high_and_says_so_in_two_languages() -> None:
    found = verdict([event(i * 10, name) for i, name in enumerate(names(41))])
    assert (found.level, found.category) == (Level.HIGH, Category.PASSWORD_SPRAY)
    assert "41 failures on 41 accounts in 10 minutes" in found.reasons[0].text
    assert "10 分钟内对 41 个账号登录失败 41 次" in found.reasons[0].text_zh


def test_guessing_names_that_do_not_exist_is_high_sooner() -> None:
    events = [event(i * 20, name, Outcome.UNKNOWN_USER) for i, name in enumerate(names(7) * 2)]
    found = verdict(events)
    assert found.level == Level.HIGH
    assert "login-user-enumeration" in {reason.code for reason in found.reasons}


def test_a_list_of_stolen_passwords_is_credential_stuffing() -> None:
    events = [
        event(i * 10, name, Outcome.UNKNOWN_USER if i % 2 else Outcome.FAILURE)
        for i, name in enumerate(names(50))
    ]
    assert "login-credential-stuffing" in {item.code for item in evidence_of(events)}


@pytest.mark.parametrize(("gap_s", "count"), [(HOUR, 24), (4 * HOUR, 42)])
def test_slow_attacks_are_found_by_the_longer_windows(gap_s: int, count: int) -> None:
    assert verdict([event(i * gap_s, name) for i, name in enumerate(names(count))]).level == Level.HIGH


def test_a_handful_of_failing_accounts_is_medium_or_low() -> None:
    assert verdict([event(i, name) for i, name in enumerate(names(5))]).level == Level.MEDIUM
    assert verdict([event(i, name) for i, name in enumerate(names(3))]).level == Level.LOW


def test_fast_guessing_on_five_accounts_is_high_though_five_are_few() -> None:
    assert verdict([event(i / 2, name) for i in range(40) for name in names(5)]).level == Level.HIGH


def test_many_failures_without_account_names_are_high_where_nobody_logs_in() -> None:
    assert verdict([event(i, "") for i in range(30)]).level == Level.MEDIUM
    found = verdict([event(i, "") for i in range(120)])
    assert found.level == Level.HIGH
    assert "names no accounts" in found.reasons[0].text


def test_an_attack_from_behind_a_shared_address_is_found_by_its_excess() -> None:
    home = [event(i, f"tenant{i}", Outcome.SUCCESS) for i in range(20)]
    found = verdict(home + [event(100 + i, name) for i, name in enumerate(names(400))])
    assert found.level in (Level.MEDIUM, Level.HIGH)


def test_a_million_accounts_from_one_address_stay_in_bounded_memory_and_are_high() -> None:
    events = (event(i / 10, f"user{i}") for i in range(20_000))
    found = verdict(events)
    assert found.level == Level.HIGH


def test_one_ipv6_network_is_one_attacker() -> None:
    events = [event(i, name, ip=f"2001:db8:1:2::{i + 1:x}") for i, name in enumerate(names(12))]
    evidence = evidence_of(events)
    assert {item.code for item in evidence} >= {"login-password-spray"}
    assert {item.data["counted_as"] for item in evidence} == {"2001:db8:1:2::/64"}


def test_a_hit_among_the_failures_is_counted() -> None:
    events = [event(i, name) for i, name in enumerate(names(15))]
    events += [event(20, names(1)[0], Outcome.SUCCESS)]
    events += [event(30 + i, f"more{i}") for i in range(20)]
    assert evidence_of(events)[-1].data["hits"] == 1


def test_private_addresses_are_analysed_and_marked() -> None:
    evidence = evidence_of([event(i, name, ip="10.0.0.9") for i, name in enumerate(names(12))])
    assert {item.data["range"] for item in evidence} == {"private"}


def test_reading_the_same_events_again_gives_the_same_refs() -> None:
    events = [event(i * 7, name) for i, name in enumerate(names(60) * 3)]
    first, second = evidence_of(events), evidence_of(events)
    assert first == second
    assert len({(item.code, item.ref) for item in first}) == len(first)


def test_an_attack_gives_a_handful_of_evidence_not_one_a_failure() -> None:
    assert len(evidence_of([event(i / 5, name) for i, name in enumerate(names(1000) * 3)])) < 40


def test_an_attack_that_goes_on_for_a_day_is_written_down_a_few_times() -> None:
    events = [event(i * 5, name) for i, name in enumerate(names(40) * 430)]
    evidence = evidence_of(events)
    assert len(evidence) < 15
    assert evidence[-1].data["failures"] > 17_000 or evidence[-2].data["failures"] > 17_000


def test_the_last_evidence_of_a_window_holds_its_final_counters() -> None:
    evidence = evidence_of([event(i, name) for i, name in enumerate(names(29))])
    assert evidence[-1].data["failures"] == 29
    assert evidence[-1].subject.value == ATTACKER
