"""Each fault of an installation is found and comes with what to do; a sound one is left in peace."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from string import Formatter

import msgspec
import pytest
from tests.worlds import NOW, TestClock

from mailrisk.analyse.login.busiest import Busiest, Share
from mailrisk.edge.installation import missing_libraries, open_to_others
from mailrisk.service.advice import WORDINGS, Advice, Grade
from mailrisk.service.context import Context
from mailrisk.service.doctor import Setup, examine
from mailrisk.service.graph_pull import GraphState
from mailrisk.service.login_shares import FILE, LoginShares, read_shares, write_shares
from mailrisk.service.status import FeedStatus


def feed_row(name: str, failures: int) -> FeedStatus:
    return FeedStatus(
        name=name, format="openphish-text", enabled=True, entries=0, imports=0, imported_at=None, checked_at=None,
        age_s=None, due_at=None, failures=failures, last_error="no" if failures else "", failed_at=None,
    )  # fmt: skip


def checks(found: list[Advice]) -> set[str]:
    return {advice.check for advice in found}


def busy(ip: str = "198.51.100.7", share: float = 0.4, logins: int = 1_000) -> LoginShares:
    return LoginShares(at=NOW, logins=logins, shares=(Share(ip=ip, share=share),))


def pulled(minutes_ago: int, failures: int = 0) -> GraphState:
    at = NOW - timedelta(minutes=minutes_ago)
    return GraphState(
        tenant="example.org", until=at, at=at, failures=failures, error="no" if failures else ""
    )


def test_a_sound_installation_lacks_at_most_feeds(context: Context) -> None:
    assert checks(examine(context, Setup())) <= {"no-feed"}


def test_feeds_that_all_fail_are_one_fault(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = [feed_row("a", 1), feed_row("b", 2)]
    monkeypatch.setattr("mailrisk.service.doctor.feed_status", lambda _: failing)
    assert [one.check for one in examine(context, Setup())] == ["feeds-unreachable", "no-feed"]
    monkeypatch.setattr("mailrisk.service.doctor.feed_status", lambda _: [feed_row("a", 1), feed_row("b", 0)])
    assert [one.check for one in examine(context, Setup())] == ["feed-failing", "no-feed"]


def test_where_a_setting_switches_the_network_off_feeds_do_not_fail(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = [feed_row("a", 1), feed_row("b", 2)]
    monkeypatch.setattr("mailrisk.service.doctor.feed_status", lambda _: failing)
    quiet = replace(context, feeds=msgspec.structs.replace(context.feeds, scheduled=False))
    fetching = replace(context, feeds=msgspec.structs.replace(context.feeds, scheduled=True))
    [found] = examine(fetching, Setup(network=False))
    assert (
        found.check == "network-off"
        and "network.enabled" in found.text
        and "network.enabled" in found.text_zh
    )
    [found] = examine(quiet, Setup(network=False))
    assert found.check == "no-feed" and "feed import" in found.todo and "feed import" in found.todo_zh


@pytest.mark.parametrize(
    ("setup", "check", "grade"),
    [
        (Setup(organisation=False), "organisation-domains", Grade.WARNING),
        (Setup(watches_logins=True), "no-trusted-frontends", Grade.WARNING),
        (Setup(shares=busy()), "busy-address", Grade.WARNING),
        (Setup(missing=(("libarchive", "libarchive13", "RAR stays unopened"),)), "library-missing", Grade.WARNING),
        (Setup(readable=(("/x/admin.key", "644"),)), "secret-readable", Grade.ERROR),
        (Setup(model_error="no answer"), "language-model", Grade.ERROR),
        (Setup(graph_error="no token"), "graph-failing", Grade.ERROR),
        (Setup(graph=pulled(0, failures=2)), "graph-failing", Grade.ERROR),
        (Setup(graph=pulled(90)), "graph-behind", Grade.WARNING),
    ],
)  # fmt: skip
def test_every_fault_is_told_with_what_to_do_in_both_languages(
    context: Context, setup: Setup, check: str, grade: Grade
) -> None:
    [advice] = [one for one in examine(context, setup) if one.check == check]
    assert advice.grade is grade
    assert all((advice.text, advice.text_zh, advice.todo, advice.todo_zh))


def test_sign_ins_that_are_pulled_in_time_are_no_fault(context: Context) -> None:
    assert not checks(examine(context, Setup(graph=pulled(10, failures=1)))) & {
        "graph-failing",
        "graph-behind",
    }


@pytest.mark.parametrize("check", WORDINGS)
def test_what_is_filled_in_is_named_alike_in_both_languages(check: str) -> None:
    _, text, text_zh, todo, todo_zh = WORDINGS[check]
    named = [
        {name for _, name, _, _ in Formatter().parse(one) if name} for one in (text, text_zh, todo, todo_zh)
    ]
    assert named[1] <= named[0] and named[3] == named[2]


def test_errors_come_first(context: Context) -> None:
    found = examine(context, Setup(organisation=False, model_error="no answer"))
    assert found[0].grade is Grade.ERROR


def test_an_address_that_is_named_or_carries_little_is_no_fault(context: Context) -> None:
    knowledge = msgspec.structs.replace(context.knowledge, trusted_frontends=frozenset({"198.51.100.7"}))
    named = replace(context, knowledge=knowledge)
    assert "busy-address" not in checks(examine(named, Setup(shares=busy())))
    assert "busy-address" not in checks(examine(context, Setup(shares=busy(share=0.19))))
    assert "busy-address" not in checks(examine(context, Setup(shares=busy(logins=30))))


def test_an_index_that_is_behind_is_an_error(context: Context, clock: TestClock) -> None:
    clock.forward(hours=2)
    assert "index-stale" in checks(examine(context, Setup()))


def test_shares_are_told_from_one_process_to_another(tmp_path: Path) -> None:
    busiest = Busiest()
    for number in range(200):
        busiest.add("198.51.100.7" if number % 2 else f"203.0.113.{number}", NOW)
    write_shares(tmp_path, busiest, NOW)
    told = read_shares(tmp_path)
    assert told is not None and told.logins == 200
    assert told.shares[0] == Share(ip="198.51.100.7", share=0.5)


@pytest.mark.parametrize("raw", [None, b"", b"{", b"[1]", b"\xff" * 100_000])
def test_shares_that_cannot_be_read_are_no_shares(tmp_path: Path, raw: bytes | None) -> None:
    if raw is not None:
        (tmp_path / FILE).write_bytes(raw)
    assert read_shares(tmp_path) is None


def test_a_secret_that_others_may_read_is_seen_and_a_missing_file_is_none(tmp_path: Path) -> None:
    key, safe = tmp_path / "admin.key", tmp_path / "safe.key"
    for path, mode in ((key, 0o644), (safe, 0o600)):
        path.write_text("x")
        path.chmod(mode)
    assert open_to_others([key, safe, tmp_path / "none.key"]) == [(key, "644")]


def test_a_library_that_is_not_there_is_named() -> None:
    assert missing_libraries(["json", "no_such_module_here"]) == ["no_such_module_here"]
