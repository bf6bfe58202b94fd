"""Reports of partners' programs are evidence of one voice each, and bounded."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.worlds import TestClock

from mailrisk.model.change import KeyGrant
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category, Level
from mailrisk.service.check_ip import check_ips
from mailrisk.service.context import Context
from mailrisk.service.explain import explain
from mailrisk.service.report_address import AddressReports, Report

IP = "203.0.113.7"


def grant(name: str) -> KeyGrant:
    return KeyGrant(public_id=name, role="reporter")


def report(ip: str = IP, **more: object) -> Report:
    return Report(ip=ip, why="sshd", category=Category.BRUTE_FORCE, **more)  # type: ignore[arg-type]


def test_any_number_of_reporters_makes_an_address_low_at_most(context: Context) -> None:
    reports = AddressReports(context)
    for number in range(30):
        assert reports.take([report()], grant(f"reporter{number}")) == [None]
    (answer,) = check_ips(context, [IP])
    assert getattr(answer, "level") == Level.LOW  # noqa: B009 - the answer may be an error


def test_a_reporter_who_repeats_himself_is_one_voice(context: Context, clock: TestClock) -> None:
    reports = AddressReports(context)
    for _ in range(20):
        reports.take([report()], grant("one"))
        clock.forward(days=1)
        context.catch_up()
    assert explain(context, IP).level in (Level.NONE, Level.UNKNOWN)


def test_the_evidence_names_the_key(context: Context) -> None:
    AddressReports(context).take([report()], grant("one"))
    (row,) = context.ledger.evidence_of(Subject(Kind.IP, IP))
    assert (row.evidence.source, row.evidence.category) == ("key:one", "brute-force")


def test_a_key_may_report_so_many_addresses_a_day(context: Context, clock: TestClock) -> None:
    reports = AddressReports(context, a_day=2)
    took = reports.take([report(f"203.0.113.{number}") for number in range(3)], grant("one"))
    assert took[:2] == [None, None]
    assert "the most" in str(took[2])
    assert reports.take([report()], grant("other")) == [None]
    clock.forward(days=1)
    assert reports.take([report()], grant("one")) == [None]


def test_a_restart_does_not_forget_what_a_key_has_reported_today(
    context: Context, clock: TestClock, tmp_path: Path
) -> None:
    kept = tmp_path / "reported.json"
    assert AddressReports(context, 1, kept).take([report()], grant("one")) == [None]
    after = AddressReports(context, 1, kept)
    assert "the most" in str(after.take([report("203.0.113.8")], grant("one"))[0])
    clock.forward(days=1)
    assert after.take([report("203.0.113.8")], grant("one")) == [None]
    kept.write_bytes(b"{")
    assert AddressReports(context, 1, kept).take([report("203.0.113.9")], grant("one")) == [None]


def test_bad_reports_are_refused_and_the_others_taken(context: Context) -> None:
    ahead = context.clock() + timedelta(hours=1)
    given = [report("10.0.0.1"), report("nonsense"), report(seen_at=ahead), report()]
    took = AddressReports(context).take(given, grant("one"))
    assert [bool(one) for one in took] == [True, True, True, False]
    assert len(context.ledger.evidence_of(Subject(Kind.IP, IP))) == 1
