"""A botnet with one try an address is suspected; the account's owner and offices are left alone."""

from __future__ import annotations

from tests.analyse.login.scenes import OFFICE, event, evidence_of, success, verdict

from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.model.verdict import Level

VICTIM = "anna@example.org"
DAY = 86_400


def _botnet(count: int, account: str = VICTIM) -> list[LoginEvent]:
    return [event(i * 3600, account, ip=f"203.0.{i // 250}.{i % 250 + 1}") for i in range(count)]


def test_addresses_that_try_one_account_once_each_are_suspected_the_first_ones_too() -> None:
    assert evidence_of(_botnet(9)) == []
    assert {item.subject.value for item in evidence_of(_botnet(12))} == {one.ip for one in _botnet(12)}
    assert verdict(_botnet(12), "203.0.0.1").level == Level.LOW
    found = verdict(_botnet(60), "203.0.0.1")
    assert found.level == Level.MEDIUM
    assert "30 addresses" in found.reasons[0].text
    assert "7 天内有 30 个地址" in found.reasons[0].text_zh


def test_no_number_of_attackers_makes_one_of_them_high_by_itself() -> None:
    events = [event(i, VICTIM, ip=f"203.{i // 62500}.{i // 250 % 250}.{i % 250 + 1}") for i in range(10_000)]
    assert verdict(events, "203.0.0.1").level == Level.MEDIUM


def test_the_owners_familiar_address_is_never_among_them() -> None:
    events = [
        success(0, VICTIM, ip=OFFICE),
        event(5, VICTIM, ip=OFFICE),
        *_botnet(100),
        event(DAY, VICTIM, ip=OFFICE),
    ]
    assert OFFICE not in {item.subject.value for item in evidence_of(events)}


def test_an_address_where_others_log_in_is_not_among_them() -> None:
    events = [success(0, "bo@example.org", ip=OFFICE), *_botnet(100), event(DAY, VICTIM, ip=OFFICE)]
    assert OFFICE not in {item.subject.value for item in evidence_of(events)}


def test_the_owner_on_a_new_address_is_cleared_by_getting_in() -> None:
    new = "198.51.100.99"
    events = [*_botnet(40), event(DAY * 2, VICTIM, ip=new)]
    assert verdict(events, new).level == Level.MEDIUM
    events.append(event(DAY * 2 + 20, VICTIM, Outcome.SUCCESS, ip=new))
    assert verdict(events, new).level == Level.NONE


def test_addresses_weeks_apart_are_no_siege() -> None:
    events = [event(i * DAY, VICTIM, ip=f"203.0.113.{i + 1}") for i in range(60)]
    assert evidence_of(events) == []


def test_the_account_is_named_nowhere_in_the_evidence() -> None:
    assert all(VICTIM not in str(item) for item in evidence_of(_botnet(40)))
