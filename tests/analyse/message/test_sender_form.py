"""How sender, head and letters are made: weak facts, and the honest mail that they leave alone."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.analyse.message.letters import READER, codes, letter, view

from mailrisk.analyse.message.sender_form import is_made_up
from mailrisk.model.message import Envelope

SOMEBODY = "a@somebody.example"
PDF = ("Fatura.pdf", "application/pdf", b"%PDF-1.4\n" + b"x" * 400)


def told(raw: bytes) -> set[str]:
    return set(codes(view(raw)))


@pytest.mark.parametrize("local", ["2yrdqy5lqi", "mlxlldmcx4c6isrp", "bbpfhradnmslhjr"])
def test_mailboxes_with_made_up_names_are_told(local: str) -> None:
    assert is_made_up(local)


@pytest.mark.parametrize(
    "local",
    [
        "anna.schmidt",
        "wzhang2019",
        "liwei_88",
        "bounce-12a3b4c5d6",
        "online#3.19822.84-7a8hl0_lygzzarrr.1",
        "noreply",
        "k.przybylski",
        "20211234567",
        "info",
    ],
)
def test_names_of_people_pupils_and_services_are_not(local: str) -> None:
    assert not is_made_up(local)


def test_a_message_without_an_author_is_told() -> None:
    raw = letter("A", SOMEBODY, "x", "text").replace(b"From: A <a@somebody.example>", b"From: Offers")
    assert "no-author" in told(raw)
    assert "no-author" not in told(letter("A", SOMEBODY, "x", "text"))


def test_a_message_that_claims_to_come_from_its_reader_is_told() -> None:
    assert "from-the-reader" in told(letter("Li Lei", READER, "Your account is hacked", "Pay."))
    assert "from-the-reader" not in told(letter("Han Meimei", "han@qinghe.example", "Lunch", "Today?"))


def told_to(to: str, subject: str) -> set[str]:
    """What is told of a letter to somebody else than the common reader."""
    seen = view(letter("A", SOMEBODY, subject, "text", to=to))
    return codes(replace(seen, envelope=Envelope()))


@pytest.mark.parametrize(
    ("subject", "text"), [(f"{READER}, your offer", "x"), ("Offer", f"Dear {READER},\nhello")]
)
def test_a_reader_who_is_called_by_his_address_is_told(subject: str, text: str) -> None:
    assert "called-by-address" in told(letter("A", SOMEBODY, subject, text))


@pytest.mark.parametrize(
    ("to", "called"),
    [
        ("michael@qinghe.example", "michael"),
        ("Michael Braun <michael@qinghe.example>", "michael"),
        ("zhangwei@qinghe.example", "zhangwei"),
        ("Zhang Wei <zhangwei@qinghe.example>", "zhangwei"),
        ("jean-luc@qinghe.example", "jean-luc"),
    ],
)
def test_a_reader_who_is_called_by_his_name_is_not_called_by_his_address(to: str, called: str) -> None:
    assert "called-by-address" not in told_to(to, f"{called.title()}, are you coming on Friday?")


@pytest.mark.parametrize(
    ("to", "called"),
    [
        ("mbraun77@qinghe.example", "mbraun77"),
        ("michael.braun@qinghe.example", "michael.braun"),
        ("Michael Braun <mbraun@qinghe.example>", "mbraun"),
    ],
)
def test_a_reader_who_is_called_by_what_is_no_name_is_told(to: str, called: str) -> None:
    assert "called-by-address" in told_to(to, f"{called}, your parcel is waiting")


def test_an_address_at_the_end_of_a_letter_is_left_alone() -> None:
    text = "We meet at nine in the large room.\n" * 20 + f"This was sent to {READER}."
    assert "called-by-address" not in told(letter("A", SOMEBODY, "Meeting", text))


def test_words_broken_up_with_soft_hyphens_are_told_and_honest_hyphenation_is_not() -> None:
    assert "soft-hyphen-salt" in told(letter("A", SOMEBODY, "x", "ac\u00ad\u00adco\u00ad\u00adunt " * 5))
    assert "soft-hyphen-salt" not in told(
        letter("A", SOMEBODY, "x", "Do\u00adnau\u00addampf\u00adschiff " * 5)
    )


def test_subjects_that_call_out_are_told() -> None:
    assert "pictograph-in-subject" in told(letter("A", SOMEBODY, "🎁 For you", "text"))
    assert "calling-subject" in told(letter("A", SOMEBODY, "You have (1) new message", "text"))


@pytest.mark.parametrize(
    "subject", ["会议通知（第3次）", "Meeting on Friday", "[PATCH 1/2] net: fix it", "Q3 2026 report"]
)
def test_ordinary_subjects_are_not(subject: str) -> None:
    assert not told(letter("A", SOMEBODY, subject, "text")) & {"pictograph-in-subject", "calling-subject"}


def test_a_document_from_nobody_without_words_is_told() -> None:
    assert "document-from-nobody" in told(
        letter("Fatura", "x8k2p9q1@gmail.com", "Sua fatura", "Segue anexo.", files=[PDF])
    )
    assert "document-from-nobody" not in told(
        letter("Wang Wei", "wang@firm.example", "报价单", "请查收附件。", files=[PDF])
    )
    assert "document-from-nobody" not in told(
        letter("Wang Wei", "wangwei@gmail.com", "Re: 报价单", "请查收附件。", files=[PDF])
    )


HTML_ALONE = (
    b"From: Shop <news@shop.example>\r\nTo: li.lei@qinghe.example\r\nSubject: Offers\r\n"
    b"Message-ID: <1@%b>\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>"
)


def test_a_page_without_text_is_told_and_one_with_text_is_not() -> None:
    assert "html-alone" in told(HTML_ALONE % b"shop.example")
    assert "html-alone" not in told(letter("A", SOMEBODY, "x", "text", html="<p>text</p>"))
    assert "html-alone" not in told(HTML_ALONE.replace(b"Offers", b"Re: Offers") % b"shop.example")


@pytest.mark.parametrize(
    ("made_at", "strange"),
    [(b"mx.shop.example", False), (b"list-manage.com", False), (b"other.example", True)],
)
def test_an_identifier_made_by_strangers_is_told(made_at: bytes, strange: bool) -> None:
    assert ("identifier-elsewhere" in told(HTML_ALONE % made_at)) == strange
