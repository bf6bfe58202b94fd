"""Every transition of a listing, and what never becomes one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from mailrisk.decide.lifecycle import TRANSITIONS, State, transition, wanted
from mailrisk.decide.response import response_for
from mailrisk.model.change import ChangeKind, Listing
from mailrisk.model.policy import Policy
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Level, Verdict

T0 = datetime(2026, 3, 1, tzinfo=UTC)
LISTING = Listing(
    kind=Kind.URL, value="e.example/", level=Level.MALICIOUS, probability=0.95, first_seen=T0, last_seen=T0,
    valid_until=T0 + timedelta(days=7),
)  # fmt: skip


def verdict(level: Level, kind: Kind = Kind.URL) -> Verdict:
    return Verdict(subject=Subject(kind, "x"), level=level, probability=0.9, logit=2, at=T0, policy="p")


def test_the_table_names_every_pair_of_states() -> None:
    assert set(TRANSITIONS) == {(one, other) for one in State for other in State}


@pytest.mark.parametrize("level", list(Level))
def test_what_is_listed_is_what_is_dangerous(level: Level) -> None:
    state = wanted(Subject(Kind.IP, "x"), verdict(level), exempted=False, never_listed=False)
    dangerous = level in (Level.MALICIOUS, Level.SUSPICIOUS, Level.HIGH, Level.MEDIUM, Level.LOW)
    assert state is (State.LISTED if dangerous else State.ABSENT)


def test_samples_and_accounts_are_never_listed() -> None:
    for kind in (Kind.SAMPLE, Kind.ACCOUNT):
        state = wanted(Subject(kind, "x"), verdict(Level.MALICIOUS, kind), exempted=False, never_listed=False)
        assert state is State.ABSENT


def test_an_exemption_beats_any_verdict() -> None:
    subject = Subject(Kind.URL, "x")
    assert wanted(subject, verdict(Level.MALICIOUS), exempted=True, never_listed=False) is State.EXEMPTED


def test_a_sighting_alone_is_published_once_a_day() -> None:
    hour_later = msgspec.structs.replace(
        LISTING, last_seen=T0 + timedelta(hours=1), valid_until=LISTING.valid_until + timedelta(hours=1)
    )
    day_later = msgspec.structs.replace(LISTING, last_seen=T0 + timedelta(days=1))
    assert transition(State.LISTED, State.LISTED, LISTING, hour_later) is None
    assert transition(State.LISTED, State.LISTED, LISTING, day_later) is ChangeKind.UPDATED


def test_an_address_that_attacks_here_is_published_again_before_its_block_ends() -> None:
    before = msgspec.structs.replace(LISTING, kind=Kind.IP, value="192.0.2.1", level=Level.HIGH, local=True)
    soon, later = (msgspec.structs.replace(before, last_seen=T0 + timedelta(minutes=one)) for one in (10, 15))
    assert transition(State.LISTED, State.LISTED, before, soon) is None
    assert transition(State.LISTED, State.LISTED, before, later) is ChangeKind.UPDATED
    fed = [msgspec.structs.replace(one, local=False) for one in (before, later)]
    assert transition(State.LISTED, State.LISTED, *fed) is None, "a feed that repeats itself is no attack"


def test_another_level_is_published_at_once() -> None:
    weaker = msgspec.structs.replace(LISTING, level=Level.SUSPICIOUS)
    assert transition(State.LISTED, State.LISTED, LISTING, weaker) is ChangeKind.UPDATED


def test_the_longer_an_address_is_known_the_longer_it_is_blocked(policy: Policy) -> None:
    day = 86_400
    assert response_for(policy, "high", 0) == ("block", 3_600)
    assert response_for(policy, "high", day) == ("block", day)
    assert response_for(policy, "high", 7 * day) == ("block", 7 * day)
    assert response_for(policy, "unknown", 10 * day) == ("none", None)
