"""The network operator: his attackers are held against his other addresses, unless people log in from there."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from tests.analyse.login.scenes import event, evidence_of, names, success
from tools.build_geo import build

from mailrisk.analyse.login.analysis import LoginAnalysis
from mailrisk.analyse.login.operators import MAX_ATTACKERS, MAX_OPERATORS, Operators
from mailrisk.analyse.login.settings import OperatorSettings
from mailrisk.edge.geo import GeoDatabase, Table, unpack
from mailrisk.model.events import LoginEvent
from mailrisk.model.evidence import Evidence

DAY = 86_400.0
NEW = "203.1.9.99"


def ranges(first: str, last: str, name: str) -> tuple[int, int, int, str]:
    return 4, int(ip_address(first)), int(ip_address(last)), name


@pytest.fixture(scope="module")
def database() -> GeoDatabase:
    """A small database of AS numbers, as an administrator builds it: the shipped one has none."""
    known = [
        ranges("203.1.0.0", "203.1.255.255", "64500 Bad Hosting"),
        ranges("203.2.0.0", "203.2.255.255", "64501 Isp"),
    ]
    packed = build("asn", known, preset=0, date="2026-06-17", source="test", licence="CC0-1.0")
    return GeoDatabase({"asn": Table(unpack(packed))})


def found(database: GeoDatabase | None, events: list[LoginEvent]) -> list[Evidence]:
    """``login-operator`` evidence."""

    def operator(ip: str) -> str:
        place = database.locate(ip) if database is not None else None
        return f"AS{place.asn} {place.as_name}" if place is not None else ""

    evidence = evidence_of(events, LoginAnalysis(operator_of=operator))
    return [item for item in evidence if item.code == "login-operator"]


def attacks(addresses: list[str], at: float = 0.0) -> list[LoginEvent]:
    """Each address fails on twenty accounts within minutes."""
    return [
        event(at + number * 300 + i, name, ip=ip)
        for number, ip in enumerate(addresses)
        for i, name in enumerate(names(20))
    ]


def spread(count: int, second: int = 1) -> list[str]:
    """Addresses of one operator, each in a /24 of its own."""
    return [f"203.{second}.{number}.7" for number in range(count)]


def probe(at: float = DAY, ip: str = NEW) -> list[LoginEvent]:
    """A new address with a handful of failures: something is said about it, and it is no conviction."""
    return [event(at + i, name, ip=ip) for i, name in enumerate(names(5))]


def test_attackers_in_many_networks_are_held_against_another_address_of_their_operator(
    database: GeoDatabase,
) -> None:
    about = [item for item in found(database, attacks(spread(9)) + probe()) if item.subject.value == NEW]
    assert about[-1].data["operator"] == "AS64500 Bad Hosting"
    assert (about[-1].data["addresses"], about[-1].data["networks"], about[-1].value) == (9, 9, 0.75)


def test_without_data_nothing_is_said() -> None:
    assert not found(None, attacks(spread(9)) + probe())


def test_an_address_of_another_operator_hears_nothing(database: GeoDatabase) -> None:
    assert not [
        i
        for i in found(database, attacks(spread(9)) + probe(ip="203.2.9.99"))
        if i.subject.value == "203.2.9.99"
    ]


def test_an_operator_from_whom_people_log_in_is_not_held_against_his_others(database: GeoDatabase) -> None:
    home = [success(-DAY, "user99@example.org", ip="203.1.200.1")]
    assert not found(database, home + attacks(spread(19)) + probe())


def test_twenty_attackers_for_each_honest_account_outweigh_it(database: GeoDatabase) -> None:
    home = [success(-DAY, "user99@example.org", ip="203.1.200.1")]
    about = [i for i in found(database, home + attacks(spread(25)) + probe()) if i.subject.value == NEW]
    assert about and about[-1].data["successes"] == 1


def test_one_bad_customer_is_not_his_operator(database: GeoDatabase) -> None:
    neighbours = [f"203.1.5.{last}" for last in range(1, 20)]
    about = found(database, attacks(neighbours) + probe())
    assert not [item for item in about if item.subject.value == NEW]


def test_an_address_that_did_nothing_by_itself_hears_nothing(database: GeoDatabase) -> None:
    about = found(database, [*attacks(spread(9)), event(DAY, "someone@example.org", ip=NEW)])
    assert not [item for item in about if item.subject.value == NEW]


def test_what_attacked_long_ago_counts_no_longer(database: GeoDatabase) -> None:
    about = found(database, attacks(spread(9)) + probe(at=40 * DAY))
    assert not [item for item in about if item.subject.value == NEW]


def test_a_restart_remembers_operators(database: GeoDatabase) -> None:
    def operator(ip: str) -> str:
        return "AS64500 Bad" if ip.startswith("203.1.") else ""

    before = LoginAnalysis(operator_of=operator)
    evidence_of(attacks(spread(9)), before)
    after = LoginAnalysis(operator_of=operator)
    after.restore(before.state())
    assert [item.code for item in evidence_of(probe(), after)].count("login-operator") >= 1


def test_memory_is_bounded() -> None:
    operators = Operators(OperatorSettings(), lambda ip: f"AS{ip.split('.')[3]}{ip.split('.')[2]}")
    at = event(0, "a").seen_at
    for number in range(MAX_OPERATORS + 50):
        operators.attacked(f"203.0.{number // 250}.{number % 250}", "k", at)
    for number in range(MAX_ATTACKERS + 50):
        operators.attacked("203.0.1.1", str(number), at)
    assert len(operators.state()) <= MAX_OPERATORS
    assert max(len(one.attackers) for one in operators.state().values()) == MAX_ATTACKERS
