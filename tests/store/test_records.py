"""Records of addresses: one suite for the table in process and for Valkey, which several nodes share."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest
from tests.analyse.login.scenes import ATTACKER, event, names
from tests.store.conftest import MakeRecords

from mailrisk.analyse.login.analysis import LoginAnalysis
from mailrisk.analyse.login.light import LightTable
from mailrisk.analyse.login.settings import DEFAULT
from mailrisk.analyse.login.sources import Sources
from mailrisk.analyse.records import Records
from mailrisk.model.errors import Unavailable
from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.model.evidence import Evidence
from mailrisk.store import valkey_records
from mailrisk.store.valkey_records import ValkeyRecords


@pytest.fixture(params=["in process", "valkey"])
def records(request: pytest.FixtureRequest) -> Records:
    """Empty records."""
    if request.param == "in process":
        return LightTable(1_000, b"seed")
    make: MakeRecords = request.getfixturevalue("nodes")
    return make()


def login_analysis(records: Records | None = None) -> LoginAnalysis:
    return LoginAnalysis(sources=Sources(len(DEFAULT.windows), records=records))


def told(analysis: LoginAnalysis, events: list[LoginEvent]) -> list[Evidence]:
    return [item for one in events for item in analysis.observe(one)]


def a_day(seed: int) -> list[LoginEvent]:
    """Attackers, an office, a telephone with an old password, in any order."""
    rng = random.Random(seed)
    ips = [ATTACKER, "198.51.100.20", "198.51.100.21", "2001:db8:1:2::1", "2001:db8:1:2::2", "192.0.2.9"]
    outcomes = [Outcome.FAILURE, Outcome.FAILURE, Outcome.UNKNOWN_USER, Outcome.SUCCESS]
    return [
        event(
            number * 40, rng.choice(names(15)), rng.choice(outcomes), ip=rng.choice(ips),
            secret=rng.choice(["", "a1", "b2"]),
        )
        for number in range(300)
    ]  # fmt: skip


def test_what_is_put_is_there_until_it_is_removed(records: Records) -> None:
    assert records.get(7) is None and records.take(7) is None
    assert records.put(7, b"one")
    assert records.take(7) == b"one" and records.put(7, bytes(range(256)))
    assert records.get(7) == bytes(range(256)) and len(records) == 1
    records.remove(7)
    assert records.get(7) is None and len(records) == 0
    assert records.take(2**64 - 1) is None and records.put(2**64 - 1, b"the largest number")
    assert records.get(2**64 - 1) == b"the largest number"


def test_what_was_taken_and_not_changed_can_be_taken_again(records: Records) -> None:
    records.take(7)
    records.put(7, b"one")
    for _ in range(3):
        assert records.take(7) == b"one"
        records.give_back(7)
    assert records.get(7) == b"one"


def test_what_was_not_taken_is_put_only_if_it_is_as_it_was_read(records: Records) -> None:
    records.take(7)
    records.put(7, b"one")
    assert not records.put(7, b"three", before=b"two") and records.get(7) == b"one"
    assert not records.put(8, b"three", before=b"two") and records.get(8) is None
    assert records.put(7, b"two", before=b"one", matters=True) and records.get(7) == b"two"


def test_the_longest_payload_fits(records: Records) -> None:
    records.take(7)
    assert records.put(7, b"x" * records.largest)
    assert len(records.get(7) or b"") == records.largest
    records.remove(7)


@pytest.mark.parametrize("seed", range(3))
def test_the_analysis_says_the_same_wherever_the_counters_are(records: Records, seed: int) -> None:
    events = a_day(seed)
    analysis, expected = login_analysis(records), login_analysis()
    assert told(analysis, events) == told(expected, events)
    for one in events[-40:]:
        assert analysis.attacking(one.ip) == expected.attacking(one.ip)
        assert analysis.is_familiar(one.ip, one.account) == expected.is_familiar(one.ip, one.account)
        assert analysis.counts(one.ip, "") == expected.counts(one.ip, "")


def test_an_operator_makes_an_address_forgotten(records: Records) -> None:
    analysis = login_analysis(records)
    told(analysis, [event(number, name) for number, name in enumerate(names(30))])
    assert analysis.attacking(ATTACKER) == 30
    analysis.forget(ATTACKER, "")
    assert analysis.attacking(ATTACKER) == 0


def test_nodes_count_together(nodes: MakeRecords) -> None:
    one, two = login_analysis(nodes()), login_analysis(nodes())
    events = [event(number * 10, name) for number, name in enumerate(names(41))]
    found = [
        item for number, one_event in enumerate(events) for item in (one, two)[number % 2].observe(one_event)
    ]
    assert found == told(login_analysis(), events) and found[-1].code == "login-password-spray"
    two.observe(event(1_000, "alice", Outcome.SUCCESS, ip="192.0.2.9"))
    assert one.is_familiar("192.0.2.9", "alice")


def test_no_failure_is_lost_when_nodes_count_at_the_same_time(nodes: MakeRecords) -> None:
    def attack(analysis: LoginAnalysis, number: int) -> None:
        for at in range(50):
            list(analysis.observe(event(at, f"user{number} {at}")))

    threads = [threading.Thread(target=attack, args=(login_analysis(nodes()), number)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert login_analysis(nodes()).counts(ATTACKER, "")["failures"] == 200


def test_a_record_of_a_dead_node_is_free_after_a_while_and_its_late_word_does_not_count(
    nodes: MakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey_records, "LEASE_MS", 100)
    dead, living = nodes(), nodes()
    dead.take(7)
    assert living.take(7) is None and living.put(7, b"counted")
    assert not dead.put(7, b"of old") and living.get(7) == b"counted"


def test_a_record_that_is_held_for_ever_is_told_of(
    nodes: MakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder, waiting = nodes(), nodes()
    holder.take(7)
    monkeypatch.setattr(valkey_records, "LEASE_MS", 20)
    with pytest.raises(Unavailable, match="held by another node"):
        waiting.take(7)


def test_a_flood_of_new_addresses_does_not_push_out_what_matters(nodes: MakeRecords) -> None:
    records = nodes()
    records.take(7)
    records.put(7, b"an attacker", matters=True)
    for number in range(1_000, 1_400):
        records.take(number)
        records.put(number, b"x" * 200_000)
    assert records.get(7) == b"an attacker" and records.get(1_000) is None and len(records) < 200


def test_a_server_that_is_away_is_told_at_once_and_not_asked_for_each_event(tmp_path: Path) -> None:
    records = ValkeyRecords(f"unix://{tmp_path / 'none.sock'}")
    analysis = login_analysis(records)
    for _ in range(1_000):
        with pytest.raises(Unavailable):
            analysis.observe(event(0, "alice"))
