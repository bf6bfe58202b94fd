"""A thief is found within twenty messages; a traveller, a telephone and a mail-merge are not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from mailrisk.analyse.sending.analysis import SendAnalysis
from mailrisk.decide.verdict import decide
from mailrisk.edge.policy_files import load_policy
from mailrisk.model.events import LoginEvent, Outcome, SendEvent
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import SEVERITY, Level

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
ANNA = Subject(Kind.ACCOUNT, "hash-of-anna")
OFFICE, TRAIN, THIEF = "198.51.100.20", "192.0.2.77", "203.0.113.7"
POLICY = load_policy({})


def analysis() -> SendAnalysis:
    return SendAnalysis(lambda name: ANNA, own_domains=frozenset({"example.org"}))


def login(at_s: float, ip: str) -> LoginEvent:
    return LoginEvent(
        seen_at=START + timedelta(seconds=at_s), service="dovecot", protocol="imap", account="anna@example.org",
        ip=ip, outcome=Outcome.SUCCESS,
    )  # fmt: skip


def mail(at_s: float, *to: str, ip: str = OFFICE, size: int = 20_000, bounced: int = 0) -> SendEvent:
    return SendEvent(
        seen_at=START + timedelta(seconds=at_s), service="postfix", account="anna@example.org", ip=ip, to=to,
        recipients=len(to), size=size, bounced=bounced,
    )  # fmt: skip


def history(days: int = 20) -> list[LoginEvent | SendEvent]:
    """A person's weeks: logs in at the office, writes to the same forty people."""
    events: list[LoginEvent | SendEvent] = []
    for day in range(days):
        at = day * 86_400
        events.append(login(at, OFFICE))
        events += [mail(at + 600 * n, f"colleague{(day + n) % 40}@example.com") for n in range(8)]
    return events


AFTER = 20 * 86_400


def run(events: Iterable[LoginEvent | SendEvent], watched: SendAnalysis | None = None) -> list[Evidence]:
    watched = watched or analysis()
    found: list[Evidence] = []
    for event in events:
        if isinstance(event, LoginEvent):
            watched.login(event)
        else:
            found += watched.observe(event)
    return found


def level(events: Iterable[LoginEvent | SendEvent]) -> Level:
    evidence = run(events)
    at = max((item.seen_at for item in evidence), default=START)
    return decide(ANNA, evidence, at, POLICY).level


def test_a_thief_who_sends_to_strangers_is_found_within_twenty_messages() -> None:
    stolen: list[LoginEvent | SendEvent] = [login(AFTER, THIEF)]
    stolen += [mail(AFTER + 10 * n, f"victim{n}@example.net", ip=THIEF) for n in range(20)]
    assert level([*history(), *stolen]) is Level.HIGH


def test_a_thief_with_few_messages_to_many_recipients_is_found_as_well() -> None:
    victims = [f"victim{n}@example.net" for n in range(25)]
    assert level([*history(), login(AFTER, THIEF), mail(AFTER + 60, *victims, ip=THIEF)]) is Level.HIGH


def test_a_test_letter_alone_makes_the_account_at_least_medium() -> None:
    letter = mail(AFTER + 120, "dropbox9@example.net", ip=THIEF, size=900)
    found = level([*history(), login(AFTER, THIEF), letter])
    assert SEVERITY[found] >= SEVERITY[Level.MEDIUM] and found is not Level.HIGH


def test_a_short_letter_to_a_known_mailbox_from_a_train_is_nothing() -> None:
    letter = mail(AFTER + 120, "colleague3@example.com", ip=TRAIN, size=900)
    assert run([*history(), login(AFTER, TRAIN), letter]) == []


def test_a_colleague_written_to_for_the_first_time_from_a_train_is_no_test_letter() -> None:
    letter = mail(AFTER + 120, "new.colleague@example.org", ip=TRAIN, size=900)
    assert run([*history(), login(AFTER, TRAIN), letter]) == []


def test_a_traveller_who_answers_people_he_knows_is_nothing() -> None:
    answers = [mail(AFTER + 60 * n, f"colleague{n}@example.com", ip=TRAIN) for n in range(30)]
    assert run([*history(), login(AFTER, TRAIN), *answers]) == []


def test_a_mail_merge_from_the_office_before_a_holiday_is_never_high() -> None:
    merge = [mail(AFTER + 2 * n, f"customer{n}@example.net") for n in range(1_500)]
    assert level([*history(), *merge]) is not Level.HIGH


def test_bounces_that_are_told_of_later_count() -> None:
    sent = [mail(AFTER + n, f"guess{n}@example.net") for n in range(100)]
    late = SendEvent(
        seen_at=START + timedelta(seconds=AFTER + 300), service="postfix", account="anna@example.org", ip="",
        recipients=0, bounced=40,
    )  # fmt: skip
    assert "account-bounces" in {item.code for item in run([*history(), *sent, late])}


def test_a_botnet_that_shares_one_account_is_seen_by_its_networks() -> None:
    sent = [mail(AFTER + n, f"victim{n}@example.net", ip=f"203.0.{n}.9") for n in range(9)]
    codes = {item.code for item in run([*history(), *sent])}
    assert {"account-many-networks", "account-strange-sending"} <= codes


def test_an_account_never_seen_before_is_at_home_where_it_begins() -> None:
    assert (
        run([mail(0, "one@example.net", size=300), mail(5, *(f"p{n}@example.net" for n in range(50)))]) == []
    )


def test_evidence_names_no_recipient_and_no_account() -> None:
    stolen = [mail(AFTER + n, f"victim{n}@example.net", ip=THIEF) for n in range(30)]
    said = repr([(item.data, item.ref, item.subject) for item in run([*history(), *stolen])])
    assert "victim" not in said and "anna@" not in said


def test_what_is_known_goes_on_in_another_process() -> None:
    before, after = analysis(), analysis()
    run(history(), before)
    after.restore(before.state())
    stolen = [mail(AFTER + n, f"victim{n}@example.net", ip=THIEF) for n in range(30)]
    assert run(stolen, before) == run(stolen, after) != []


def test_a_thief_who_waits_for_days_after_his_test_letter_is_found_as_well() -> None:
    stolen: list[LoginEvent | SendEvent] = [login(AFTER, THIEF)]
    later = AFTER + 3 * 86_400
    stolen.append(login(later, THIEF))
    stolen += [mail(later + 10 * n, f"victim{n}@example.net", ip=THIEF) for n in range(20)]
    assert level([*history(), *stolen]) is Level.HIGH


def test_a_place_used_on_several_days_is_the_accounts_own() -> None:
    events: list[LoginEvent | SendEvent] = [login(AFTER + 86_400 * day, TRAIN) for day in range(4)]
    at = AFTER + 3 * 86_400 + 60
    events += [mail(at + 10 * n, f"new{n}@example.net", ip=TRAIN) for n in range(20)]
    assert "account-strange-sending" not in {item.code for item in run([*history(), *events])}


def test_of_an_account_seen_for_the_first_time_a_few_new_recipients_say_nothing() -> None:
    first: list[LoginEvent | SendEvent] = [login(0, OFFICE), login(3600, TRAIN)]
    first.append(mail(3700, "one@example.net", ip=TRAIN, size=900))
    first += [mail(3800 + 60 * n, f"new{n}@example.net", ip=TRAIN) for n in range(8)]
    assert not run(first)
