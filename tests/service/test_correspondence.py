"""Earlier correspondence, with the real ledger: what is learnt, what is told, and what stays unreadable."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.worlds import TestClock, world

from mailrisk.edge.correspondence_key import CorrespondenceKey
from mailrisk.model.errors import Unavailable
from mailrisk.model.message import Authentication, AuthResult, Envelope
from mailrisk.service import assess as assessing
from mailrisk.service.check_message import check_message, report_message
from mailrisk.service.context import Context
from mailrisk.service.correspondents import Correspondents

READER = "li.lei@qinghe.example"


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """A small mailrisk of qinghe.example to which every author is authenticated."""

    async def vouched(context: Context, raw: bytes, message: object, *_: object) -> Authentication:
        author = raw.split(b"\r\n", 1)[0].rpartition(b"@")[2].decode()
        fine = AuthResult(result="pass", reason="", domain=author)
        authenticated = "" if b"X-Forged" in raw else author
        return Authentication(spf=fine, dkim=(), dmarc=fine, arc=fine, authenticated_domain=authenticated)

    monkeypatch.setattr(assessing, "_authenticate", vouched)
    with world(tmp_path, TestClock()) as made:
        knowledge = msgspec.structs.replace(made.knowledge, own_domains=frozenset({"qinghe.example"}))
        remembering = Correspondents(CorrespondenceKey(tmp_path))
        yield dataclasses.replace(made, knowledge=knowledge, correspondents=remembering)


def mail(author: str, *, to: str = READER, text: str = "Hello, see you on Monday.", more: str = "") -> bytes:
    return f"From: {author}\r\nTo: {to}\r\nSubject: hello\r\n{more}\r\n{text}\r\n".encode()


def codes(context: Context, raw: bytes, *, learn: bool = False, envelope: Envelope | None = None) -> set[str]:
    checked = check_message(context, raw, envelope or Envelope(), learn=learn)
    return {reason.code for reason in asyncio.run(checked).reasons}


def forward(context: Context, days: float) -> None:
    assert isinstance(context.clock, TestClock)
    context.clock.forward(days=days)


def befriend(context: Context, author: str = "ann@hengda-parts.example", days: int = 3) -> None:
    for _ in range(days):
        codes(context, mail(author), learn=True)
        forward(context, 8)


def test_a_plain_check_leaves_no_trace(context: Context, tmp_path: Path) -> None:
    codes(context, mail("ann@hengda-parts.example"))
    assert not (tmp_path / "correspondence.key").exists()
    forward(context, 20)
    assert not codes(context, mail("ann@hengda-parts.example")) & {"first-contact", "known-correspondent"}


def test_an_author_becomes_known_after_two_days_a_week_apart(context: Context) -> None:
    codes(context, mail("ann@hengda-parts.example"), learn=True)
    codes(context, mail("ann@hengda-parts.example"), learn=True)  # the same day counts once
    forward(context, 8)
    assert "known-correspondent" not in codes(context, mail("ann@hengda-parts.example"), learn=True)
    assert "known-correspondent" in codes(context, mail("Ann@hengda-parts.example".replace("A", "a")))


def test_somebody_else_at_a_known_domain_is_neither_known_nor_new(context: Context) -> None:
    befriend(context)
    found = codes(context, mail("bob@hengda-parts.example"))
    assert not found & {"known-correspondent", "first-contact", "lookalike-of-correspondent"}


def test_a_known_author_counts_for_nothing_when_nobody_vouches_for_him(context: Context) -> None:
    befriend(context)
    assert "known-correspondent" not in codes(
        context, mail("ann@hengda-parts.example", more="X-Forged: yes\r\n")
    )


def test_a_stranger_is_told_once_the_organisation_is_known_for_two_weeks(context: Context) -> None:
    codes(context, mail("ann@hengda-parts.example"), learn=True)
    assert "first-contact" not in codes(context, mail("eve@stranger.example"))
    forward(context, 15)
    assert "first-contact" in codes(context, mail("eve@stranger.example"))


@pytest.mark.parametrize(
    ("domain", "kind"),
    [
        ("hengda-part.example", "typo"),  # a letter less
        ("hengda-partts.example", "typo"),  # a letter more
        ("hengda-perts.example", "typo"),  # another letter
        ("hegnda-parts.example", "typo"),  # neighbours swapped
        ("hengda-parts.example2.net", ""),  # another name altogether
        ("xn--hngda-parts-yue.example", "confusable"),
        ("hengda-parts.com", "tld"),
        ("hengda-parts2.example", ""),  # a number more is how firms name their second domain
        ("hengda-parker.example", ""),
    ],
)
def test_a_domain_that_looks_like_a_known_one_is_told(context: Context, domain: str, kind: str) -> None:
    if kind == "confusable":
        domain = "hengda-p\u0430rts".encode("punycode").decode()
        domain = f"xn--{domain}.example"
    befriend(context)
    answer = asyncio.run(check_message(context, mail(f"ann@{domain}"), Envelope()))
    found = [reason for reason in answer.reasons if reason.code == "lookalike-of-correspondent"]
    assert [reason.text.count(f"({kind})") for reason in found] == ([1] if kind else [])


def test_colleagues_are_not_remembered(context: Context) -> None:
    befriend(context, "han.mei@qinghe.example")
    assert "known-correspondent" not in codes(context, mail("han.mei@qinghe.example"))


def test_nobody_becomes_known_by_a_lure(context: Context) -> None:
    lure = mail(
        '"Mail Administrator" <admin@mailbox-quota.example>',
        text="Your mailbox is full. Verify your password at http://203.0.113.9/login within 24 hours or it is closed.",
    )
    for _ in range(3):
        answer = asyncio.run(check_message(context, lure, Envelope(), learn=True))
        assert answer.level in ("malicious", "suspicious")
        forward(context, 8)
    assert context.correspondents.key is not None and context.correspondents.key.read() is None


def test_a_report_teaches_nothing(context: Context) -> None:
    asyncio.run(report_message(context, mail("ann@hengda-parts.example"), Envelope(), reporter="cli"))
    assert context.correspondents.key is not None and context.correspondents.key.read() is None


def test_the_administrator_can_have_every_check_learnt_from(context: Context) -> None:
    key = context.correspondents.key
    context = dataclasses.replace(context, correspondents=Correspondents(key, learn=True))
    for _ in range(2):
        codes(context, mail("ann@hengda-parts.example"))
        forward(context, 8)
    assert "known-correspondent" in codes(context, mail("ann@hengda-parts.example"))


def test_tenants_and_organisations_remember_for_themselves(context: Context) -> None:
    befriend(context)
    answer = asyncio.run(check_message(context, mail("ann@hengda-parts.example"), Envelope(), tenant=7))
    assert not {"known-correspondent"} & {reason.code for reason in answer.reasons}
    elsewhere = Envelope(rcpt_to=("x@other.example",))
    assert "known-correspondent" not in codes(context, mail("ann@hengda-parts.example"), envelope=elsewhere)


def test_nothing_readable_is_stored(context: Context, tmp_path: Path) -> None:
    befriend(context)
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*"))
    assert b"hengda" not in stored and b"qinghe" not in stored and b"li.lei" not in stored
    assert (tmp_path / "correspondence.key").stat().st_mode & 0o077 == 0


def test_correspondents_are_forgotten_after_two_years(context: Context) -> None:
    befriend(context)
    forward(context, 731)
    codes(context, mail("bob@other.example"), learn=True)
    assert "known-correspondent" not in codes(context, mail("ann@hengda-parts.example"))


def test_a_damaged_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "correspondence.key").write_bytes(b"short")
    with pytest.raises(Unavailable, match="no key"):
        CorrespondenceKey(tmp_path).read()


def test_two_processes_make_one_key(tmp_path: Path) -> None:
    first, second = CorrespondenceKey(tmp_path), CorrespondenceKey(tmp_path)
    assert first.make() == second.make() == CorrespondenceKey(tmp_path).read()
    assert [path.name for path in tmp_path.iterdir()] == ["correspondence.key"]
