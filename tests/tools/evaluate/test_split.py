"""Validation and test half: by time, and no author or campaign on both sides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tools.evaluate.corpora import Mail
from tools.evaluate.split import campaign, validation

START = datetime(2024, 1, 1, tzinfo=UTC)


def mail(number: int, author: str, subject: str = "", *, dangerous: bool = True, source: str = "pot") -> Mail:
    return Mail(
        source=source,
        name=f"{number:04}",
        dangerous=dangerous,
        raw=b"",
        author=author,
        subject=subject,
        sent=START + timedelta(days=number),
    )


def domain(address: str) -> str:
    return address.rpartition("@")[2]


def test_the_earlier_half_validates() -> None:
    mails = [mail(number, f"a@{number}.example") for number in range(10)]
    assert validation(mails, domain) == [True] * 5 + [False] * 5


def test_an_author_is_on_one_side() -> None:
    mails = [mail(number, f"x{number}@{number % 3}.example") for number in range(12)]
    halves = validation(mails, domain)
    for place in range(3):
        assert (
            len(
                {
                    half
                    for one, half in zip(mails, halves, strict=True)
                    if domain(one.author) == f"{place}.example"
                }
            )
            == 1
        )


def test_a_campaign_is_on_one_side_whatever_its_senders_and_numbers() -> None:
    mails = [
        mail(0, "a@a.example", "Your parcel waits for you 8817"),
        mail(9, "b@b.example", "Your parcel waits for you x2"),
    ]
    mails += [mail(number, f"c@{number}.example") for number in range(1, 9)]
    halves = validation(mails, domain)
    assert halves[0] == halves[1]


def test_benign_mail_of_one_subject_is_no_campaign() -> None:
    mails = [
        mail(number, f"a@{number}.example", "Meeting on Friday morning", dangerous=False)
        for number in range(10)
    ]
    assert validation(mails, domain) == [True] * 5 + [False] * 5


def test_a_group_larger_than_the_half_does_not_fill_it() -> None:
    mails = [mail(number, "a@large.example") for number in range(70)]
    mails += [mail(number, f"a@{number}.example") for number in range(70, 100)]
    halves = validation(mails, domain)
    assert sum(halves) == 30
    assert not halves[0]


def test_each_source_is_split_by_itself() -> None:
    mails = [
        mail(number, f"a@{number}.example", source=source) for source in ("x", "y") for number in range(4)
    ]
    assert validation(mails, domain) == [True, True, False, False] * 2


def test_numbers_and_short_subjects_name_no_campaign() -> None:
    assert campaign("Invoice 4711") == ""
    assert campaign("Your parcel 88-1 waits for you") == "your parcel waits for you"
