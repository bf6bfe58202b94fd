"""The honest traps: none of them is ever high, whatever the counters say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.analyse.login.scenes import ATTACKER, OFFICE, event, evidence_of, names, success, verdict

from mailrisk.analyse.login.analysis import LoginAnalysis
from mailrisk.analyse.login.sources import Sources
from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.model.verdict import SEVERITY, Level

HARMLESS = (Level.UNKNOWN, Level.NONE, Level.LOW)


@pytest.mark.parametrize("gap_s", [0.1, 1, 30, 900])
def test_one_stale_password_10000_times_in_an_office_is_at_most_low(gap_s: float) -> None:
    events = [success(0, "anna@example.org")]
    events += [event(i * gap_s, "old@example.org", ip=OFFICE) for i in range(10_000)]
    assert verdict(events, OFFICE).level in HARMLESS


@pytest.mark.parametrize("gap_s", [0.1, 1, 30, 900])
def test_one_stale_password_10000_times_alone_is_never_high(gap_s: float) -> None:
    found = verdict([event(i * gap_s, "old@example.org") for i in range(10_000)])
    assert SEVERITY[found.level] <= SEVERITY[Level.MEDIUM]


def test_one_stale_password_without_account_names_in_an_office_is_at_most_low() -> None:
    events = [success(0, "anna@example.org"), *(event(i, "", ip=OFFICE) for i in range(10_000))]
    assert verdict(events, OFFICE).level in HARMLESS


def test_a_client_that_repeats_one_password_fails_once_and_one_that_guesses_fails_each_time() -> None:
    stale = [event(i, "anna@example.org", secret="0f24") for i in range(10_000)]
    assert verdict(stale).level in HARMLESS
    guessing = [event(i, "anna@example.org", secret=f"{i:04x}") for i in range(500)]
    found = verdict(guessing)
    assert found.level is Level.HIGH
    assert "login-brute-force" in {reason.code for reason in found.reasons}


def test_many_passwords_on_one_account_beside_honest_people_are_not_high() -> None:
    events = [success(0, name) for name in names(6)]
    events += [event(i, "anna@example.org", ip=OFFICE, secret=f"{i:04x}") for i in range(500)]
    assert verdict(events, OFFICE).level in HARMLESS


def test_what_is_known_goes_on_in_another_process() -> None:
    before, after = LoginAnalysis(), LoginAnalysis()
    evidence_of(
        [success(0, "anna@example.org"), *(event(i, name) for i, name in enumerate(names(8)))], before
    )
    after.restore(before.state())
    assert after.is_familiar(OFFICE, "anna@example.org") and not after.is_familiar(
        ATTACKER, "anna@example.org"
    )
    more = [event(60 + i, name) for i, name in enumerate(names(9))]
    assert [item.ref for one in more for item in before.observe(one)] == [
        item.ref for one in more for item in after.observe(one)
    ]


def test_three_quick_failures_of_one_account_are_at_most_low() -> None:
    assert verdict([event(i, "anna@example.org") for i in range(3)]).level in HARMLESS
    assert verdict([event(i, "") for i in range(3)]).level in HARMLESS


def test_a_typing_error_before_a_success_is_forgiven() -> None:
    events: list[LoginEvent] = []
    for i, name in enumerate(names(40)):
        events += [event(i * 60, name, ip=OFFICE), success(i * 60 + 9, name)]
    assert verdict(events, OFFICE).level in HARMLESS


def test_an_address_whose_owner_gets_in_after_five_errors_is_cleared() -> None:
    failing = [event(i * 5, "anna@example.org") for i in range(5)]
    assert verdict(failing).level == Level.LOW
    found = verdict([*failing, success(60, "anna@example.org", ip=ATTACKER)])
    assert found.level == Level.NONE
    assert any(reason.code == "login-recovered" for reason in found.reasons)


def test_a_success_after_300_failures_clears_nothing() -> None:
    events = [event(i, "anna@example.org") for i in range(300)]
    found = verdict([*events, success(400, "anna@example.org", ip=ATTACKER)])
    assert found.level == Level.MEDIUM


def test_an_office_is_judged_relative_to_its_successes() -> None:
    events = [success(i, name) for i, name in enumerate(names(60))]
    events += [event(600 + i, f"wrong{i}", ip=OFFICE) for i in range(30)]
    assert evidence_of(events) == []


def test_successes_that_come_late_still_lower_a_shared_address() -> None:
    failing = [event(i, f"wrong{i}", ip=OFFICE) for i in range(12)]
    late = [success(700 + i, name) for i, name in enumerate(names(40))]
    assert verdict(failing, OFFICE).level == Level.HIGH
    found = verdict(failing + late, OFFICE)
    assert found.level in HARMLESS
    assert any(reason.code == "login-shared-address" for reason in found.reasons)


def test_policy_refusals_and_disabled_accounts_are_no_failures() -> None:
    events = [event(i, name, Outcome.REFUSED) for i, name in enumerate(names(100))]
    events += [event(i, name, Outcome.DISABLED) for i, name in enumerate(names(100))]
    assert evidence_of(events) == []


def test_an_event_without_an_address_blames_nobody() -> None:
    assert evidence_of([event(i, name, ip="") for i, name in enumerate(names(100))]) == []


def test_a_flood_of_new_addresses_does_not_push_out_an_attacker() -> None:
    analysis = LoginAnalysis(sources=Sources(4, max_light=50, max_heavy=50))
    events = [event(i, name) for i, name in enumerate(names(8))]
    events += [event(20, "x", ip=f"192.0.2.{i % 250}") for i in range(500)]
    events += [event(40 + i, f"more{i}") for i in range(4)]
    assert "login-password-spray" in {item.code for item in evidence_of(events, analysis)}


EVENTS = st.lists(
    st.builds(
        event,
        st.floats(-1e6, 1e7),
        st.sampled_from(["", "a", "b", "ü@x", "\\x00"]),
        st.sampled_from(list(Outcome)),
        ip=st.sampled_from([ATTACKER, OFFICE, "2001:db8::1", "10.0.0.1", ""]),
        attempts=st.integers(1, 1000),
    ),
    max_size=60,
)


@given(EVENTS)
def test_events_in_any_order_never_raise_and_blame_only_addresses_that_failed(
    events: list[LoginEvent],
) -> None:
    failed = {one.ip for one in events if one.outcome in (Outcome.FAILURE, Outcome.UNKNOWN_USER)}
    for item in evidence_of(events):
        assert item.subject.value in failed or item.code == "login-shared-address"
        assert item.value > 0
