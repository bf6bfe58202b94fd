"""The re-implementations of other programs' default rules, against cases made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tools.sim.peers import CrowdSec, Fail2ban

from mailrisk.model.events import LoginEvent, Outcome

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
IP = "203.0.113.9"


def failed(
    second: float, service: str = "dovecot", ip: str = IP, outcome: Outcome = Outcome.FAILURE
) -> LoginEvent:
    return LoginEvent(
        seen_at=START + timedelta(seconds=second),
        service=service,
        protocol="imap",
        account="a@example.org",
        ip=ip,
        outcome=outcome,
    )


def bans(defence: Fail2ban | CrowdSec, seconds: list[float], service: str = "dovecot") -> list[float]:
    """The seconds of the failures that brought a ban."""
    return [second for second in seconds if defence.observe_login(failed(second, service))]


def refused(defence: Fail2ban | CrowdSec, second: float) -> bool:
    return defence.refuses(IP, "a@example.org", START + timedelta(seconds=second))


def test_fail2ban_bans_at_the_fifth_failure_within_ten_minutes_for_ten_minutes() -> None:
    defence = Fail2ban()
    assert bans(defence, [0, 100, 200, 300, 400]) == [400]
    assert refused(defence, 401)
    assert refused(defence, 999)
    assert not refused(defence, 1000)


def test_fail2ban_forgets_failures_after_ten_minutes() -> None:
    assert not bans(Fail2ban(), [150.0 * number for number in range(40)])
    assert bans(Fail2ban(), [149.0 * number for number in range(5)]) == [596]


def test_fail2ban_counts_dovecot_and_postfix_in_jails_of_their_own() -> None:
    defence = Fail2ban()
    assert not bans(defence, [0, 1, 2, 3], "dovecot")
    assert not bans(defence, [4, 5, 6, 7], "postfix")
    assert bans(defence, [8], "dovecot") == [8]


def test_crowdsec_overflows_at_the_fourth_failure_of_dovecot_and_bans_for_four_hours() -> None:
    defence = CrowdSec()
    assert bans(defence, [0, 1, 2, 3]) == [3]
    assert refused(defence, 3 + 4 * 3600 - 1)
    assert not refused(defence, 3 + 4 * 3600)


def test_crowdsecs_bucket_leaks_one_failure_in_six_minutes() -> None:
    assert not bans(CrowdSec(), [361.0 * number for number in range(50)])
    assert bans(CrowdSec(), [0, 1, 2, 400, 401]) == [401]


def test_crowdsec_lets_postfix_fail_five_times_and_once_more_every_ten_seconds() -> None:
    assert bans(CrowdSec(), [0, 1, 2, 3, 4, 5], "postfix") == [5]
    assert not bans(CrowdSec(), [10.1 * number for number in range(50)], "postfix")


def test_crowdsec_is_silent_for_five_minutes_after_an_overflow() -> None:
    assert bans(CrowdSec(), [float(number) for number in range(100)]) == [3]


@pytest.mark.parametrize("defence", [Fail2ban([IP]), CrowdSec([IP])])
def test_a_trusted_front_end_is_never_banned(defence: Fail2ban | CrowdSec) -> None:
    assert not bans(defence, [float(number) for number in range(100)])


@pytest.mark.parametrize("make", [Fail2ban, CrowdSec])
def test_successes_and_other_addresses_do_not_count(make: type[Fail2ban | CrowdSec]) -> None:
    defence = make()
    for number in range(50):
        assert not defence.observe_login(failed(number, outcome=Outcome.SUCCESS))
        assert not defence.observe_login(failed(number, ip=f"203.0.113.{number}"))
