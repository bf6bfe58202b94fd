"""Diffs: whatever happened, a client of any kept version ends with exactly what the list is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailrisk.publish.webrisk.diff import Diff, compute
from mailrisk.publish.webrisk.prefix_list import VERSIONS, PrefixList, wire
from mailrisk.publish.webrisk.token import ALL, Version, make_token, read_token

T0 = datetime(2026, 3, 1, tzinfo=UTC)

# Few different prefixes, so that they come and go and come again, and both ends of the range.
PREFIXES = st.sampled_from([0, 1, 255, 1 << 31, (1 << 32) - 1, *range(7, 40_000_000, 1_000_003)])
COMMITS = st.lists(st.lists(PREFIXES, min_size=1, max_size=8), min_size=1, max_size=30)


class Client:
    """What a client of the protocol does, written without a look at ours."""

    def __init__(self) -> None:
        self.prefixes: list[bytes] = []
        self.version: Version | None = None

    def take(self, diff: Diff) -> None:
        """Applies a diff and checks the checksum, as the documentation demands."""
        have = [] if diff.reset else list(self.prefixes)
        for position in sorted(diff.removals, reverse=True):
            del have[position]
        raw = wire(diff.additions)
        added = [raw[at : at + 4] for at in range(0, len(raw), 4)]
        assert added == sorted(set(added)) and not set(added) & set(have)
        have = sorted(have + added)
        assert sha256(b"".join(have)).digest() == diff.sha256
        self.prefixes, self.version = have, diff.version


def history(commits: list[list[int]]) -> tuple[PrefixList, list[tuple[int, set[int]]]]:
    """A list with its history, and (seq, set) after each commit. A prefix that is there leaves."""
    prefixes, present, seen = PrefixList(), set[int](), [(0, set[int]())]
    seq = 0
    for number, toggled in enumerate(commits):
        for prefix in toggled:
            seq += 1
            prefixes.seq = seq
            prefixes.note(prefix, -1 if prefix in present else 1, seq, T0 + timedelta(seconds=number))
            present ^= {prefix}
        seen.append((seq, set(present)))
    return prefixes, seen


def check_every_version(commits: list[list[int]]) -> None:
    prefixes, seen = history(commits)
    newest = [prefix.to_bytes(4, "big") for prefix in sorted(seen[-1][1])]
    for seq, present in seen:
        client = Client()
        client.prefixes = [prefix.to_bytes(4, "big") for prefix in sorted(present)]
        diff = compute(prefixes, Version(seq))
        assert not diff.reset and diff.complete
        client.take(diff)
        assert client.prefixes == newest and diff.version == Version(prefixes.seq)


@settings(max_examples=300)
@given(COMMITS)
def test_every_kept_version_is_brought_up_to_date_with_the_right_checksum(commits: list[list[int]]) -> None:
    check_every_version(commits)


@pytest.mark.soak
@settings(max_examples=10_000)
@given(COMMITS)
def test_ten_thousand_histories(commits: list[list[int]]) -> None:
    check_every_version(commits)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(COMMITS, COMMITS, st.integers(1, 6), st.integers(0, 12))
def test_a_client_with_limits_gets_there_in_parts_and_is_right_after_each(
    before: list[list[int]], after: list[list[int]], changes: int, entries: int
) -> None:
    changes += 7  # More than one change of the feed can alter.
    client = Client()
    prefixes, _ = history(before)
    for prefixes_now in (prefixes, history(before + after)[0]):
        for _ in range(200):
            diff = compute(prefixes_now, client.version, max_changes=changes, max_entries=entries)
            client.take(diff)
            assert len(diff.additions) + len(diff.removals) <= changes
            assert not entries or len(client.prefixes) <= entries
            if diff.complete:
                break
        else:
            raise AssertionError("never complete")
        everything = [prefix.to_bytes(4, "big") for prefix in prefixes_now.current()]
        assert client.prefixes == everything[: entries or None] or (
            entries and len(client.prefixes) == entries
        )


def test_any_of_the_last_thousand_versions_gets_a_diff_and_an_older_one_starts_again() -> None:
    prefixes, seen = history([[number, number + 5_000] for number in range(VERSIONS + 40)])
    for back in (1, 2, 500, VERSIONS):
        seq, present = seen[-1 - back]
        client = Client()
        client.prefixes = [prefix.to_bytes(4, "big") for prefix in sorted(present)]
        diff = compute(prefixes, Version(seq))
        assert not diff.reset
        client.take(diff)
    assert compute(prefixes, Version(seen[-2 - VERSIONS][0])).reset
    assert compute(prefixes, None).reset
    assert compute(prefixes, Version(prefixes.seq + 1)).reset, "a version from the future is none of ours"


def test_a_list_that_starts_from_a_snapshot_knows_no_older_version() -> None:
    prefixes = PrefixList([3, 1, 2], seq=70)
    assert compute(prefixes, Version(69)).reset
    assert not compute(prefixes, Version(70)).reset
    prefixes.seq = 71
    prefixes.note(2, -1, 71, T0)
    assert compute(prefixes, Version(70)).removals == [1]


def test_many_changes_at_once_are_worked_in_as_well_as_few() -> None:
    prefixes, seen = history([list(range(0, 4000, 2)), list(range(0, 4000, 4)), [9]])
    assert list(prefixes.current()) == sorted(seen[-1][1])
    assert list(prefixes.as_of(seen[1][0])) == sorted(seen[1][1])


@given(st.integers(0, 2**63), st.integers(0, ALL), st.integers(1, 4))
def test_a_token_names_its_version_and_nothing_else_is_one(seq: int, bound: int, number: int) -> None:
    token = make_token(Version(seq, bound), number, "epoch-1")
    assert read_token(token, number, "epoch-1") == Version(seq, bound)
    assert read_token(token, number + 1, "epoch-1") is None
    assert read_token(token, number, "epoch-2") is None
    assert read_token(token[:-1], number, "epoch-1") is None
    assert read_token(b"x" * len(token), number, "epoch-1") is None
