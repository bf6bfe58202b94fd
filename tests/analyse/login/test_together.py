"""Botnets with one list of names and attacking networks are found; people beside them are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.analyse.login.scenes import (
    DAY,
    GHOSTS,
    OFFICE,
    POLICY,
    bot,
    botnet,
    event,
    evidence_of,
    names,
    success,
    verdict,
)

from mailrisk.analyse.login.analysis import LoginAnalysis
from mailrisk.analyse.login.busiest import Busiest
from mailrisk.analyse.login.dictionary import Dictionary, try_of
from mailrisk.analyse.login.settings import DictionarySettings
from mailrisk.decide.verdict import decide
from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import SEVERITY, Category, Level

HARMLESS = (Level.UNKNOWN, Level.NONE, Level.LOW)


def found_after(events: list[LoginEvent]) -> int:
    """How many attempts it takes until an address of the botnet is high."""
    analysis = LoginAnalysis()
    for number, one in enumerate(events, start=1):
        for item in analysis.observe(one):
            if decide(item.subject, [item], item.seen_at, POLICY).level is Level.HIGH:
                return number
    return len(events) + 1


@pytest.mark.parametrize("words", [10, 30, 60, 100])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_hundred_addresses_with_one_try_a_day_are_found_within_100_attempts(
    words: int, seed: int
) -> None:
    assert found_after(botnet(200, GHOSTS[:words], seed=seed)) <= 100


def test_each_address_of_the_botnet_is_high_and_the_reason_names_the_list() -> None:
    events = botnet(200, GHOSTS[:40], days=2)
    found = verdict(events, bot(5))
    assert (found.level, found.category) == (Level.HIGH, Category.PASSWORD_SPRAY)
    assert "a botnet with one list" in found.reasons[0].text
    assert "共用同一份账号名单" in found.reasons[0].text_zh
    high = {item.subject.value for item in evidence_of(events) if item.code == "login-shared-dictionary"}
    assert len(high) >= 198


def test_a_botnet_that_tries_real_accounts_alone_is_at_least_suspected() -> None:
    people = names(20)
    events = [success(-DAY + i, name) for i, name in enumerate(people)] + botnet(200, people, days=3)
    assert SEVERITY[verdict(events, bot(9)).level] >= SEVERITY[Level.MEDIUM]


def test_the_owner_who_errs_on_a_new_address_amid_the_botnet_is_not_high_and_cleared_by_getting_in() -> None:
    people, new = names(20), "198.51.7.99"
    events = [success(-DAY + i, name) for i, name in enumerate(people)]
    events += [*botnet(200, people + GHOSTS[:20], days=2), event(2 * DAY, people[3], ip=new)]
    assert verdict(events, new).level is not Level.HIGH
    events.append(success(2 * DAY + 20, people[3], ip=new))
    assert verdict(events, new).level in HARMLESS


def test_offices_and_their_networks_are_left_alone_amid_the_botnet() -> None:
    people = names(30)
    events = [success(-DAY + i, name) for i, name in enumerate(people)]
    events += botnet(200, GHOSTS[:30], days=2)
    events += [event(2 * DAY + i, GHOSTS[i], Outcome.UNKNOWN_USER, ip=OFFICE) for i in range(3)]
    events += [event(2 * DAY + 9, GHOSTS[1], Outcome.UNKNOWN_USER, ip="198.51.100.21")]
    about = {item.subject.value for item in evidence_of(events)}
    assert not about & {OFFICE, "198.51.100.21", "198.51.100.0/24"}


def test_a_telephone_with_an_old_password_on_a_hundred_networks_is_not_high() -> None:
    events = [success(0, name) for name in names(30)]
    for number in range(100):
        events += [
            event(DAY + number * 900 + i, names(1)[0], ip=bot(number), secret="0f24") for i in range(2)
        ]
    assert verdict(events, bot(3)).level is not Level.HIGH


def test_telephones_of_people_who_left_are_not_high_though_there_are_many() -> None:
    events = [success(0, name) for name in names(60)]
    for who in range(20):
        for place in range(3):
            events += [
                event(place * DAY + who * 60 + i * 300, f"left{who}", Outcome.UNKNOWN_USER, ip=bot(who * 3 + place))
                for i in range(12)
            ]  # fmt: skip
    about = [item for item in evidence_of(events) if item.code == "login-shared-dictionary"]
    assert about == []


def test_a_name_that_two_addresses_err_on_is_nothing_by_itself() -> None:
    events = [event(i * 3600, "ana@example.org", Outcome.UNKNOWN_USER, ip=bot(i)) for i in range(2)]
    assert verdict(events, bot(0)).level in HARMLESS


def neighbours(
    addresses: int, words: list[str], home: int = 0, network: str = "203.0.113"
) -> list[LoginEvent]:
    """Addresses of one network, each a few tries; ``home`` accounts log in from it."""
    events = [success(-DAY + i, f"home{i}", ip=f"{network}.{200 + i % 50}") for i in range(home)]
    tries = [(number * 60 + i * 7200, number, words[(number + i * 7) % len(words)]) for number in range(addresses) for i in range(2)]  # fmt: skip
    return events + [event(at, word, ip=f"{network}.{number + 1}") for at, number, word in sorted(tries)]


def network_level(events: list[LoginEvent], network: str = "203.0.113.0/24") -> Level:
    subject = Subject(Kind.NETWORK, network)
    evidence = [item for item in evidence_of(events) if item.subject == subject]
    at = max((item.seen_at for item in evidence), default=events[-1].seen_at)
    return decide(subject, evidence, at, POLICY).level


def test_addresses_of_one_network_that_fail_on_many_accounts_are_high_and_the_network_with_them() -> None:
    events = neighbours(40, names(60))
    assert verdict(events, "203.0.113.9").level is Level.HIGH
    assert network_level(events) is Level.HIGH
    assert network_level(neighbours(8, names(60))) is Level.MEDIUM


def test_a_network_from_which_somebody_logs_in_is_never_accused_as_a_whole() -> None:
    assert network_level(neighbours(40, names(60), home=1)) is Level.UNKNOWN


def test_a_providers_network_costs_more_to_convict_than_one_where_nobody_logs_in() -> None:
    events = neighbours(6, names(30), home=15)
    assert {item.code for item in evidence_of(events)} & {"login-neighbours", "login-network-attack"} == set()
    assert verdict(neighbours(6, names(30)), "203.0.113.3").level is Level.HIGH


def test_two_addresses_are_no_network_and_neither_is_one_account() -> None:
    for events in (neighbours(2, names(30)), neighbours(60, names(1))):
        assert {item.subject.kind for item in evidence_of(events)} <= {Kind.IP}
        assert "login-neighbours" not in {item.code for item in evidence_of(events)}


def test_one_ipv6_48_is_one_network() -> None:
    events = [event(i * 60, name, ip=f"2001:db8:5:{i:x}::1") for i, name in enumerate(names(30))]
    evidence = evidence_of(events)
    assert "2001:db8:5::/48" in {item.subject.value for item in evidence if item.subject.kind is Kind.NETWORK}


def test_people_who_log_in_later_clear_the_network() -> None:
    events = neighbours(40, names(60))
    events += [success(2 * DAY + i, f"late{i}", ip="203.0.113.250") for i in range(3)]
    found = [item for item in evidence_of(events) if item.subject.kind is Kind.NETWORK]
    assert "login-shared-address" in {item.code for item in found}
    assert network_level(events) in HARMLESS


def test_private_networks_are_in_no_company() -> None:
    events = neighbours(40, names(60), network="10.1.2")
    assert {item.code for item in evidence_of(events)} & {"login-neighbours", "login-network-attack"} == set()


def test_events_of_a_trusted_front_end_accuse_nobody_and_teach_who_owns_an_account() -> None:
    analysis = LoginAnalysis(trusted_frontends=[OFFICE])
    events = [event(i, f"wrong{i}", Outcome.UNKNOWN_USER, ip=OFFICE) for i in range(500)]
    assert evidence_of([*events, success(600, "anna@example.org")], analysis) == []
    assert analysis.busiest.shares()[0].ip == OFFICE


def test_an_attacker_that_comes_again_after_weeks_is_remembered() -> None:
    first = [event(i, name) for i, name in enumerate(names(12))]
    again = [event(40 * DAY + i, name) for i, name in enumerate(names(4))]
    evidence = evidence_of(first + again)
    told = [item for item in evidence if item.code == "login-relisted"]
    assert [item.data["days"] for item in told] == [40]
    subject = told[0].subject
    mine = [item for item in evidence if item.subject == subject]
    without = [item for item in mine if item.code != "login-relisted"]
    at = again[-1].seen_at
    assert decide(subject, mine, at, POLICY).logit > decide(subject, without, at, POLICY).logit


def test_what_is_known_of_the_botnet_goes_on_in_another_process() -> None:
    events = botnet(200, GHOSTS[:60])
    before, after = LoginAnalysis(), LoginAnalysis()
    for one in events[:80]:
        list(before.observe(one))
    after.restore(before.state())
    rest = events[80:]
    assert [list(before.observe(one)) for one in rest] == [list(after.observe(one)) for one in rest]
    assert before.state() == after.state()


def test_a_flood_of_new_names_does_not_push_out_shared_ones() -> None:
    watched = Dictionary(DictionarySettings(), max_light=50, max_heavy=50)
    start = event(0, "").seen_at

    def fail(account: str, number: int) -> list[str]:
        one = try_of(bot(number), start, 1, "")
        return list(watched.failure(account, bot(number), one, unknown=True, novel=True))

    fail("admin", 1)
    fail("admin", 2)
    for number in range(500):
        fail(f"flood{number}", 3)
    assert fail("admin", 4) == [bot(4)]


def test_the_busiest_address_is_known_among_a_hundred_thousand() -> None:
    busiest, start = Busiest(), event(0, "").seen_at
    for number in range(5_000):
        busiest.add(OFFICE if number % 4 == 0 else f"203.0.{number // 250}.{number % 250}", start)
    assert busiest.shares()[0].ip == OFFICE
    assert busiest.shares()[0].share == pytest.approx(0.25, abs=0.02)
    assert len(busiest.state().counts) <= 64


EVENTS = st.lists(
    st.builds(
        event,
        st.floats(-1e7, 1e8),
        st.sampled_from(["", "a", "b", "c", "ü@x", "\x00"]),
        st.sampled_from(list(Outcome)),
        ip=st.sampled_from(
            ["203.0.113.7", "203.0.113.8", "203.0.113.9", OFFICE, "2001:db8::1", "10.0.0.1", "127.0.0.1", ""]
        ),
        attempts=st.integers(1, 1000),
        secret=st.sampled_from(["", "0f24", "0f25"]),
    ),
    max_size=80,
)


@settings(max_examples=60)
@given(EVENTS)
def test_a_clock_that_jumps_raises_nothing_and_state_goes_round(events: list[LoginEvent]) -> None:
    analysis, other = LoginAnalysis(), LoginAnalysis()
    evidence_of(events, analysis)
    other.restore(analysis.state())
    assert other.state() == analysis.state()


def test_a_million_accounts_from_one_address_leave_a_bounded_state() -> None:
    analysis = LoginAnalysis()
    for number in range(6_000):
        list(analysis.observe(event(number / 10, f"user{number}")))
    small = len(analysis.state())
    for number in range(6_000, 12_000):
        list(analysis.observe(event(number / 10, f"user{number}")))
    assert len(analysis.state()) < small + 20_000 < 200_000


def test_evidence_is_bounded_however_many_networks_addresses_attack_from() -> None:
    events = [event(i, GHOSTS[i % 400], ip=f"2001:db8:5:{i:x}::1") for i in range(3_000)]
    assert len(evidence_of(events)) < 3 * 3_000


def test_an_address_in_an_honest_network_is_high_only_with_several_shared_names() -> None:
    people = names(30)
    homes = [success(-DAY + i, name, ip="203.0.5.200") for i, name in enumerate(people)]
    around = [one for one in botnet(200, GHOSTS[:20], days=2) if one.ip != bot(5)]
    tries = [event(2 * DAY + i * 7200, GHOSTS[i], Outcome.UNKNOWN_USER, ip=bot(5)) for i in range(4)]
    assert verdict([*homes, *around, *tries[:1]], bot(5)).level is not Level.HIGH
    assert verdict([*homes, *around, *tries], bot(5)).level is Level.HIGH


def test_an_address_that_goes_on_is_told_of_again_every_few_days_and_not_every_try() -> None:
    events = botnet(60, GHOSTS[:10], days=13)
    mine = [item for item in evidence_of(events) if item.subject.value == bot(5)]
    company = [item for item in mine if item.code == "login-shared-dictionary"]
    assert 2 <= len(company) <= 9
    assert company[-1].seen_at > events[-1].seen_at - (events[-1].seen_at - events[0].seen_at) / 3


def test_accounts_that_nobody_uses_give_bots_away_on_the_second_day_if_many_try_them() -> None:
    people, unused = names(60), [f"role{number}@example.org" for number in range(4)]
    events = [success(i, name) for i, name in enumerate(people)]
    events += botnet(60, GHOSTS[:20])
    early = [event(0.9 * DAY + i, unused[0], ip=bot(200 + i)) for i in range(5)]
    late = [event(1.5 * DAY + i, unused[1], ip=bot(300 + i)) for i in range(5)]
    found = [*sorted((*events, *early), key=lambda one: one.seen_at), *late]
    assert verdict(found, bot(202)).level is not Level.HIGH
    assert verdict(found, bot(302)).level is Level.HIGH


def test_an_owner_who_comes_seldom_and_errs_in_three_places_amid_a_botnet_is_not_high() -> None:
    events = [success(i, name) for i, name in enumerate(names(60))] + botnet(60, GHOSTS[:20])
    events += [event(1.5 * DAY + i, "seldom@example.org", ip=bot(300 + i)) for i in range(3)]
    assert verdict(events, bot(301)).level is not Level.HIGH
