"""The look-up index is the fold of the change feed, however it got there."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailrisk.model.change import Change, ChangeKind, KeyGrant, Listing
from mailrisk.model.evidence import SHARED
from mailrisk.model.subject import IP_KINDS, Kind, Subject
from mailrisk.model.verdict import Level
from mailrisk.store.index import LookupIndex
from mailrisk.store.ledger import Ledger
from mailrisk.store.transaction import key_of

T0 = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = T0 + timedelta(days=7)


def listing(subject: Subject, level: Level = Level.MALICIOUS) -> Listing:
    return Listing(
        kind=subject.kind, value=subject.value, level=level, probability=0.95, first_seen=T0,
        last_seen=T0, valid_until=UNTIL,
    )  # fmt: skip


def put(ledger: Ledger, kind: ChangeKind, subject: Subject, tenant: int = SHARED) -> None:
    """Appends a change and keeps the ledger's own fold in step, as ``service/record`` does."""
    shown = listing(subject) if kind in (ChangeKind.LISTED, ChangeKind.UPDATED) else None
    state = {ChangeKind.EXPIRED: "absent"}.get(kind, "listed" if shown else "exempted")
    key = key_of(tenant, subject)
    with ledger.transaction(T0) as transaction:
        transaction.subject_ids({key: "https"})
        [numbered] = transaction.append(
            [
                Change(
                    seq=0, epoch="", at=T0, kind=kind, indicator_kind=subject.kind, indicator=subject.value,
                    tenant=tenant, listing=shown, reason="said so",
                )
            ]
        )  # fmt: skip
        transaction.set_listings([(key, state, UNTIL, numbered)])


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield opened
    opened.close()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LookupIndex]:
    opened = LookupIndex(tmp_path / "index")
    yield opened
    opened.close()


URL = Subject(Kind.URL, "a.evil.example/login?id=1")
PAGE = Subject(Kind.URL, "a.evil.example/login")
FOLDER = Subject(Kind.PATH, "a.evil.example/x/")
HOST = Subject(Kind.HOST, "a.evil.example")
DOMAIN = Subject(Kind.DOMAIN, "evil.example")
CANDIDATES = (URL, PAGE, FOLDER)


def test_the_narrowest_rule_answers(sqlite: Ledger, index: LookupIndex) -> None:
    for subject in (DOMAIN, HOST, FOLDER, PAGE, URL):
        put(sqlite, ChangeKind.LISTED, subject)
        index.follow(sqlite, T0)
        rule = index.url(CANDIDATES, "evil.example")
        assert rule is not None and rule.subject == subject


def test_an_exemption_hides_wider_listings_and_nothing_else(sqlite: Ledger, index: LookupIndex) -> None:
    put(sqlite, ChangeKind.LISTED, HOST)
    put(sqlite, ChangeKind.EXEMPTED, PAGE)
    index.follow(sqlite, T0)
    exempt = index.url((PAGE,), "evil.example")
    other = index.url((Subject(Kind.URL, "a.evil.example/other"),), "evil.example")
    assert exempt is not None and exempt.listing is None and exempt.comment == "said so"
    assert other is not None and other.subject == HOST


def test_a_domain_rule_covers_every_host_below_it_and_a_host_rule_only_itself(
    sqlite: Ledger, index: LookupIndex
) -> None:
    put(sqlite, ChangeKind.LISTED, HOST)
    index.follow(sqlite, T0)
    below = (Subject(Kind.URL, "b.a.evil.example/"),)
    assert index.url(below, "evil.example") is None
    put(sqlite, ChangeKind.LISTED, DOMAIN)
    index.follow(sqlite, T0)
    assert index.url(below, "evil.example") is not None


def test_a_tenants_listing_is_seen_by_that_tenant_alone(sqlite: Ledger, index: LookupIndex) -> None:
    put(sqlite, ChangeKind.LISTED, PAGE, tenant=3)
    index.follow(sqlite, T0)
    assert index.url((PAGE,), "evil.example") is None
    assert index.url((PAGE,), "evil.example", tenant=3) is not None


def test_networks_cover_their_addresses_narrowest_first(sqlite: Ledger, index: LookupIndex) -> None:
    for value, kind in (
        ("203.0.113.0/24", Kind.NETWORK), ("203.0.113.7", Kind.IP), ("2001:db8::/32", Kind.NETWORK),
    ):  # fmt: skip
        put(sqlite, ChangeKind.LISTED, Subject(kind, value))
    index.follow(sqlite, T0)
    assert [rule.subject.value for rule in index.ip("203.0.113.7")] == ["203.0.113.7", "203.0.113.0/24"]
    assert [rule.subject.value for rule in index.ip("203.0.113.8")] == ["203.0.113.0/24"]
    assert [rule.subject.value for rule in index.ip("2001:db8::1")] == ["2001:db8::/32"]
    assert index.ip("198.51.100.1") == []


def test_a_restored_ledger_has_another_epoch_and_the_index_starts_again(
    sqlite: Ledger, index: LookupIndex, tmp_path: Path
) -> None:
    put(sqlite, ChangeKind.LISTED, URL)
    index.follow(sqlite, T0)
    restored = Ledger.open(f"sqlite:///{tmp_path / 'other.db'}")
    put(restored, ChangeKind.LISTED, HOST)
    index.follow(restored, T0)
    assert index.position() == (restored.epoch, 1)
    assert index.subject(URL) is None and index.subject(HOST) is not None
    assert index.url((URL,), "evil.example") is not None
    restored.close()


def test_keys_follow_the_feed(sqlite: Ledger, index: LookupIndex) -> None:
    grant = KeyGrant(public_id="abcdefghijkl", secret_sha256="0" * 64, role="reader")
    for kind in (ChangeKind.KEY_ISSUED, ChangeKind.KEY_REVOKED):
        with sqlite.transaction(T0) as transaction:
            if kind is ChangeKind.KEY_ISSUED:
                transaction.add_key(grant, "")
            transaction.append([Change(seq=0, epoch="", at=T0, kind=kind, key=grant)])
        index.follow(sqlite, T0)
        known = index.key("abcdefghijkl")
        assert (known == grant) if kind is ChangeKind.KEY_ISSUED else (known is None)


def test_the_view_of_a_killed_reader_is_forgotten(tmp_path: Path) -> None:
    index = LookupIndex(tmp_path)
    program = (
        "import sys, os, signal; from pathlib import Path; from mailrisk.store.index import LookupIndex;"
        "view = LookupIndex(Path(sys.argv[1]), readonly=True).view(); view.position();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    died = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL
    assert index.forget_dead_readers() == 1
    assert index.forget_dead_readers() == 0
    index.close()


def test_changes_just_made_are_taken_as_they_are_only_if_they_come_next(
    sqlite: Ledger, index: LookupIndex
) -> None:
    one, two, three = (Subject(Kind.HOST, f"{name}.example") for name in ("one", "two", "three"))
    put(sqlite, ChangeKind.LISTED, one)
    index.follow(sqlite, T0)
    put(sqlite, ChangeKind.LISTED, two)
    put(sqlite, ChangeKind.LISTED, three)
    first, second = sqlite.changes(1, 10)
    assert index.follow(sqlite, T0, [second]) == 2  # One was missed: both come from the ledger.
    assert [index.subject(subject) is not None for subject in (one, two, three)] == [True] * 3
    assert index.follow(sqlite, T0, [first, second]) == 0  # The index is further already.
    put(sqlite, ChangeKind.EXPIRED, two)
    assert index.follow(sqlite, T0, sqlite.changes(3, 10)) == 1
    assert index.subject(two) is None and index.position()[1] == 4


def test_agreement_with_the_ledger_is_dated_even_without_changes(sqlite: Ledger, index: LookupIndex) -> None:
    assert index.agreed_at() is None
    index.follow(sqlite, T0)
    index.follow(sqlite, T0 + timedelta(seconds=9))
    assert index.agreed_at() == T0 + timedelta(seconds=9)


SUBJECTS = [
    URL, PAGE, FOLDER, HOST, DOMAIN, Subject(Kind.HOST, "evil.example"), Subject(Kind.IP, "203.0.113.7"),
    Subject(Kind.NETWORK, "203.0.113.0/24"), Subject(Kind.FILE, "0" * 64),
]  # fmt: skip
HISTORIES = st.lists(
    st.tuples(st.sampled_from(SUBJECTS), st.sampled_from([*ChangeKind][:5]), st.booleans()), max_size=25
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORIES)
def test_any_history_folds_to_the_same_index_step_by_step_at_once_and_from_the_snapshot(
    history: list[tuple[Subject, ChangeKind, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("fold")
    ledger = Ledger.open(f"sqlite:///{folder / 'ledger.db'}")
    stepwise = LookupIndex(folder / "stepwise")
    for subject, kind, follow in history:
        put(ledger, kind, subject)
        if follow:
            stepwise.follow(ledger, T0)
    stepwise.follow(ledger, T0)
    snapshot = LookupIndex(folder / "snapshot")
    snapshot.follow(ledger, T0)
    last = {subject: kind for subject, kind, _ in history}
    for subject in SUBJECTS:
        expected = last.get(subject, ChangeKind.EXPIRED)
        for index in (stepwise, snapshot):
            rule = index.subject(subject)
            if expected is ChangeKind.EXPIRED:
                assert rule is None
            else:
                assert rule is not None
                assert (rule.listing is not None) == (expected in (ChangeKind.LISTED, ChangeKind.UPDATED))
    listed = [
        subject for subject in SUBJECTS if last.get(subject, ChangeKind.EXPIRED) is not ChangeKind.EXPIRED
    ]
    assert stepwise.count() == snapshot.count() == len(listed)
    covered = [
        subject for subject in listed if subject.kind not in IP_KINDS and subject.kind is not Kind.FILE
    ]
    found = stepwise.url(CANDIDATES, "evil.example")
    if any(subject in covered for subject in (URL, PAGE, FOLDER, HOST, DOMAIN)):
        assert found is not None
    for opened in (stepwise, snapshot):
        opened.close()
    ledger.close()
