"""The contract of the ledger, the same for SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from mailrisk.model.change import Change, ChangeKind, Listing
from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.policy import Policy
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Level, Verdict
from mailrisk.store.correspondence_rows import DAY_US
from mailrisk.store.engine import open_engine
from mailrisk.store.ledger import Ledger
from mailrisk.store.microseconds import to_us
from mailrisk.store.schema import REVISION, metadata
from mailrisk.store.transaction import key_of

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = Subject(Kind.URL, "evil.example/登录?q=1")


def seen(code: str = "user-report", *, subject: Subject = URL, ref: str = "", **more: object) -> Evidence:
    return Evidence(code=code, subject=subject, source="report:a", seen_at=T0, ref=ref, **more)  # type: ignore[arg-type]


def change(value: str) -> Change:
    return Change(seq=0, epoch="", at=T0, kind=ChangeKind.LISTED, indicator_kind=Kind.URL, indicator=value)


def test_evidence_comes_back_as_it_was_recorded(ledger: Ledger) -> None:
    item = seen(data={"n": 1, "words": ["a", "中文"]}, artefact="part 1", value=0.5, category="extortion")
    with ledger.transaction(T0 + timedelta(hours=1)) as transaction:
        touched = transaction.add_evidence([item], {URL: "http"})
    assert touched == {key_of(SHARED, URL)}
    [recorded] = ledger.evidence_of(URL)
    assert recorded.evidence == item
    assert recorded.recorded_at == T0 + timedelta(hours=1)


def test_the_same_evidence_twice_is_recorded_once_and_touches_nothing(ledger: Ledger) -> None:
    for _ in range(2):
        with ledger.transaction(T0) as transaction:
            touched = transaction.add_evidence([seen(), seen(ref="2")], {})
    assert touched == set()
    assert len(ledger.evidence_of(URL)) == 2


def test_what_a_transaction_knows_of_subjects_it_added_is_what_the_next_one_reads(ledger: Ledger) -> None:
    other = Subject(Kind.URL, "other.example/")
    keys = [key_of(SHARED, subject) for subject in (URL, other)]
    with ledger.transaction(T0) as transaction:
        first = transaction.add_evidence([seen(), seen(), seen(ref="2"), seen(subject=other, value=1)], {})
        again = transaction.add_evidence([seen(), seen(subject=other, ref="3")], {})
        numbers, facts = transaction.subject_ids(dict.fromkeys(keys, "https")), transaction.facts_of(keys)
        assert transaction.listings_of(keys) == {}
        [numbered] = transaction.append([change(URL.value)])
        transaction.set_listings([(keys[0], "listed", T0, numbered)])
        listings = transaction.listings_of(keys)
    assert (first, again) == (set(keys), {keys[1]})
    assert [len(facts[key]) for key in keys] == [2, 2] and listings.keys() == {keys[0]}
    with ledger.transaction(T0) as transaction:
        assert transaction.subject_ids(dict.fromkeys(keys, "https")) == numbers
        assert transaction.facts_of(keys) == facts
        assert transaction.listings_of(keys) == listings


def test_evidence_known_at_a_time_leaves_out_what_was_recorded_later(ledger: Ledger) -> None:
    for hour in (1, 2):
        with ledger.transaction(T0 + timedelta(hours=hour)) as transaction:
            transaction.add_evidence([seen(ref=str(hour))], {})
    known = ledger.evidence_of(URL, recorded_until=T0 + timedelta(minutes=90))
    assert [item.evidence.ref for item in known] == ["1"]


def test_recording_times_increase_even_when_the_clock_runs_backwards(ledger: Ledger) -> None:
    for minutes in (10, 0, 0):
        with ledger.transaction(T0 + timedelta(minutes=minutes)) as transaction:
            transaction.add_evidence([seen(ref=f"{minutes}-{transaction.at}")], {})
    times = [item.recorded_at for item in ledger.evidence_of(URL)]
    assert times == sorted(set(times)) and len(times) == 3


def test_a_tenants_evidence_is_its_own(ledger: Ledger) -> None:
    with ledger.transaction(T0) as transaction:
        transaction.add_evidence([seen(tenant=7)], {})
    assert ledger.evidence_of(URL) == []
    assert len(ledger.evidence_of(URL, tenant=7)) == 1


def test_a_failed_transaction_leaves_nothing_behind(ledger: Ledger) -> None:
    with pytest.raises(RuntimeError), ledger.transaction(T0) as transaction:
        transaction.add_evidence([seen()], {})
        transaction.append([change("evil.example/a")])
        raise RuntimeError("power cut")
    assert ledger.evidence_of(URL) == []
    assert ledger.changes(0, 10) == [] and ledger.last_seq() == 0


def test_changes_are_numbered_without_gaps_across_threads(ledger: Ledger) -> None:
    def write(worker: int) -> None:
        for number in range(5):
            with ledger.transaction(T0) as transaction:
                transaction.append(
                    [change(f"{worker}.example/{number}"), change(f"{worker}.example/x{number}")]
                )

    workers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    changes = ledger.changes(0, 1000)
    assert [item.seq for item in changes] == list(range(1, 41))
    assert {item.epoch for item in changes} == {ledger.epoch}
    times = [item.at for item in changes]
    assert times == sorted(times)


def test_changes_after_a_number_come_in_pages(ledger: Ledger) -> None:
    with ledger.transaction(T0) as transaction:
        transaction.append([change(f"e{number}.example/") for number in range(7)])
    assert [item.seq for item in ledger.changes(2, 3)] == [3, 4, 5]
    assert ledger.changes(7, 3) == []


def test_a_ledger_opened_again_has_its_epoch_and_its_numbers(ledger_url: str) -> None:
    first = Ledger.open(ledger_url)
    with first.transaction(T0) as transaction:
        transaction.append([change("e.example/")])
    first.close()
    second = Ledger.open(ledger_url)
    assert (second.epoch, second.last_seq()) == (first.epoch, 1)
    second.close()


def test_the_decision_in_force_at_a_time_is_the_last_one_before_it(ledger: Ledger, policy: Policy) -> None:
    for hour, level in ((1, Level.SUSPICIOUS), (3, Level.MALICIOUS)):
        at = T0 + timedelta(hours=hour)
        verdict = Verdict(subject=URL, level=level, probability=0.5, logit=0, at=at, policy=policy.hash)
        with ledger.transaction(at) as transaction:
            transaction.use_policy(policy, SHARED)
            transaction.subject_ids({key_of(SHARED, URL): "https"})
            transaction.add_decisions([(key_of(SHARED, URL), verdict, "listed")])
    at_two = ledger.decision_at(URL, at=T0 + timedelta(hours=2))
    newest = ledger.decision_at(URL)
    assert at_two is not None and at_two.level == "suspicious"
    assert newest is not None and newest.level == "malicious"
    assert ledger.decision_at(URL, at=T0) is None
    assert ledger.policy(policy.hash) == policy


def test_listings_are_put_replaced_and_removed(ledger: Ledger) -> None:
    key = key_of(SHARED, URL)
    until = T0 + timedelta(days=1)
    listing = Listing(
        kind=Kind.URL, value=URL.value, level=Level.MALICIOUS, probability=0.97, first_seen=T0,
        last_seen=T0, valid_until=until,
    )  # fmt: skip
    listed = msgspec.structs.replace(change(URL.value), listing=listing)
    exempted = msgspec.structs.replace(change(URL.value), kind=ChangeKind.WITHDRAWN, reason="no")
    with ledger.transaction(T0) as transaction:
        transaction.subject_ids({key: "http"})
        transaction.set_listings([(key, "listed", until, listed)])
    row = ledger.listing(URL)
    assert row is not None and row.listing == listing and row.scheme == "http"
    assert ledger.due(until, 10) == [(SHARED, URL, "http")]
    assert ledger.due(until - timedelta(seconds=1), 10) == []
    assert ledger.listed_below("evil.example") == [URL]
    assert ledger.listed_below("evil.exampl") == []
    with ledger.transaction(T0) as transaction:
        transaction.set_listings([(key, "exempted", until, exempted)])
    row = ledger.listing(URL)
    assert row is not None and row.state == "exempted" and row.listing is None
    assert row.change.reason == "no"
    with ledger.transaction(T0) as transaction:
        transaction.set_listings([(key, "absent", until, exempted)])
    assert ledger.listing(URL) is None and list(ledger.listings()) == []


def test_migrations_make_exactly_the_tables_of_the_schema(ledger_url: str) -> None:
    engine = open_engine(ledger_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == REVISION
    engine.dispose()


def test_a_time_without_zone_is_refused(ledger: Ledger) -> None:
    naive = Evidence(code="x", subject=URL, source="s", seen_at=datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="zone"), ledger.transaction(T0) as transaction:
        transaction.add_evidence([naive], {})


def test_what_is_remembered_is_forgotten_by_its_kind_and_age(ledger: Ledger) -> None:
    with ledger.transaction(T0) as transaction:
        transaction.remember(SHARED, "receipt:a", "0" * 64, 201, b"{}")
        transaction.remember(SHARED, "operation:a", "0" * 64, 200, b"{}")
    with ledger.transaction(T0 + timedelta(days=2)) as transaction:
        transaction.forget("receipt:", T0 + timedelta(days=1))
    assert ledger.remembered(SHARED, "receipt:a") is None
    assert ledger.remembered(SHARED, "operation:a") == ("0" * 64, 200, b"{}")


def test_days_of_correspondence_are_counted_and_forgotten(ledger: Ledger) -> None:
    def note(at: datetime, *keys: str, tenant: int = SHARED) -> None:
        with ledger.transaction(at) as transaction:
            transaction.correspondence.note(tenant, keys, to_us(transaction.at))

    note(T0, "a", "b")
    note(T0 + timedelta(hours=5), "a")
    note(T0 + timedelta(days=2), "a", "a")
    note(T0 + timedelta(days=2), "a", tenant=7)
    known = ledger.correspondence(SHARED, ["a", "b", "c"])
    assert {key: row.days for key, row in known.items()} == {"a": 2, "b": 1}
    assert known["a"].last_seen - known["a"].first_seen >= 2 * DAY_US
    assert ledger.correspondence(7, ["a"])["a"].days == 1
    assert ledger.correspondence(SHARED, []) == {}
    with ledger.transaction(T0 + timedelta(days=9)) as transaction:
        assert transaction.correspondence.forget(to_us(T0 + timedelta(days=1))) == 1
    assert set(ledger.correspondence(SHARED, ["a", "b"])) == {"a"}
