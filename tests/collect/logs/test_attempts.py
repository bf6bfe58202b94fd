"""Several lines about one attempt make one event; no attempt is lost by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mailrisk.collect.logs import attempts as module
from mailrisk.collect.logs.attempts import COUNTED_BEFORE, NEXT_DATABASE, Attempts
from mailrisk.collect.logs.entry import Attempt, SkippedLine
from mailrisk.model.events import LoginEvent, Outcome

START = datetime(2026, 11, 2, 8, tzinfo=UTC)


def _line(
    at_s: float,
    *,
    backend: str = "",
    session: str = "",
    account: str = "a",
    outcome: Outcome = Outcome.FAILURE,
    attempts: int = 1,
    ip: str = "203.0.113.7",
) -> Attempt:
    event = LoginEvent(
        seen_at=START + timedelta(seconds=at_s),
        service="dovecot",
        protocol="imap",
        account=account,
        ip=ip,
        outcome=outcome,
        attempts=attempts,
    )
    return Attempt(event, backend, session)


def _counted(*lines: Attempt) -> list[int | SkippedLine]:
    """For each line the attempts that it counts for, or why it does not."""
    joined = Attempts()
    return [
        found if isinstance(found, SkippedLine) else found.attempts
        for found in (joined.join(line) for line in lines)
    ]


def test_the_login_line_counts_only_for_what_the_databases_have_not_reported() -> None:
    lines = [_line(i, backend="sql", session="s") for i in range(2)]
    assert _counted(*lines, _line(9, session="s", attempts=3)) == [1, 1, 1]
    assert _counted(*lines, _line(9, session="s", attempts=2)) == [1, 1, COUNTED_BEFORE]


def test_two_databases_asked_in_turn_report_one_attempt() -> None:
    turn = [_line(0, backend="passwd-file", session="s"), _line(0, backend="pam", session="s")]
    assert _counted(*turn, *turn) == [1, NEXT_DATABASE, 1, NEXT_DATABASE]


def test_sessions_that_are_not_logged_are_told_apart_by_account() -> None:
    assert _counted(_line(0, backend="sql", account="a"), _line(1, backend="pam", account="b")) == [1, 1]


def test_a_success_takes_back_what_was_ahead_of_its_session() -> None:
    assert _counted(
        _line(0, backend="passwd-file", session="s"),
        _line(1, session="s", outcome=Outcome.SUCCESS),
        _line(2, session="t"),
    ) == [1, 1, 1]


def test_lines_of_other_addresses_do_not_settle_each_other() -> None:
    assert _counted(_line(0, backend="sql"), _line(1, ip="203.0.113.8")) == [1, 1]


def test_what_is_ahead_is_forgotten_after_ten_minutes() -> None:
    assert _counted(_line(0, backend="sql"), _line(601)) == [1, 1]


def test_the_tables_stay_bounded() -> None:
    joined = Attempts()
    for i in range(module.MAX_TRACKED + 50):
        joined.join(
            _line(i / 1000, backend="sql", session=f"s{i}", ip=f"203.{i // 65536}.{i // 256 % 256}.{i % 256}")
        )
    assert len(joined._sessions) == len(joined._ahead) == module.MAX_TRACKED
