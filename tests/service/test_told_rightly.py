"""Small sentences that must be true: what has faded, whose mail it was, where something stands."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.worlds import TestClock, shipped_knowledge

from mailrisk.analyse.url.registry import analyse_url
from mailrisk.chinese.places import place
from mailrisk.model.evidence import Evidence
from mailrisk.model.message import Envelope
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.hosts import is_numbered
from mailrisk.model.url.unwrap import unwrap
from mailrisk.service.answers import IpAnswer
from mailrisk.service.check_ip import check_ips
from mailrisk.service.check_message import report_message
from mailrisk.service.context import Context
from mailrisk.service.faded import with_faded
from mailrisk.service.record import record, sweep

LURE = Path("src/mailrisk/data/examples/mailbox-quota.eml").read_bytes()
ATTACKER = Subject(Kind.IP, "203.0.113.66")


def asked(context: Context, ip: str = ATTACKER.value) -> IpAnswer:
    answer = with_faded(context, check_ips(context, [ip])[0])
    assert isinstance(answer, IpAnswer)
    return answer


def test_what_was_known_of_an_address_and_has_faded_is_said(context: Context, clock: TestClock) -> None:
    data = {"failures": 5, "accounts": 5, "window": "10 minutes"}
    seen = Evidence(code="login-failures", subject=ATTACKER, source="login", seen_at=clock.now, data=data)
    record(context, [seen])
    clock.forward(days=4000)
    sweep(context)
    answer = asked(context)
    assert answer.level == "unknown"
    assert [reason.code for reason in answer.reasons] == ["faded"]
    assert "2026-03-10" in answer.reasons[0].text and "已随时间失效" in answer.reasons[0].text_zh
    assert [reason.code for reason in asked(context, "203.0.113.67").reasons] == ["not-listed"]


def reported(context: Context, **more: Any) -> list[str]:
    """Every text of the listing that a report of the lure makes."""
    asyncio.run(report_message(context, LURE, Envelope(), reporter="t", network=False, **more))
    [listing] = [row.listing for row in context.ledger.listings() if row.listing is not None]
    return [text for reason in listing.reasons for text in (reason.text, reason.text_zh)]


def test_a_listing_for_all_does_not_say_whose_mail_it_was(context: Context) -> None:
    texts = reported(context)
    assert texts and not any("example.org" in text for text in texts), texts
    assert any("the recipient's organisation" in text for text in texts)
    assert any("收件单位" in text for text in texts)


def test_a_tenants_own_listing_says_it(context: Context) -> None:
    assert any("example.org" in text for text in reported(context, tenant=7))


def test_own_domains_are_not_named_either(context: Context) -> None:
    knowledge = msgspec.structs.replace(context.knowledge, own_domains=frozenset({"example.org"}))
    texts = reported(dataclasses.replace(context, knowledge=knowledge))
    assert not any("example.org" in text for text in texts)


def test_a_report_is_one_transaction(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    original = type(context.ledger).transaction

    def counted(ledger: Any, now: Any) -> Any:
        begun.append(1)
        return original(ledger, now)

    monkeypatch.setattr(type(context.ledger), "transaction", counted)
    asyncio.run(report_message(context, LURE, Envelope(), reporter="t", network=False))
    assert len(begun) == 1


@pytest.mark.parametrize(
    ("host", "numbered"),
    [
        ("58.132.167.72.host.secureserver.net", True),
        ("ec2-203-0-113-66.compute.amazonaws.com", True),
        ("host-203-0-113-66.dynamic.isp.example", True),
        ("www.secureserver.net", False),
        ("v1.2.3.example.com", False),
        ("12306.cn", False),
    ],
)
def test_a_numbered_machine_of_a_provider_has_no_share_in_its_rank(host: str, numbered: bool) -> None:
    assert is_numbered(host) is numbered
    if numbered:
        assert shipped_knowledge().hosts.rank(host) == 0


def test_a_numbered_machine_gets_no_credit_for_its_provider(clock: TestClock) -> None:
    for text, credit in (
        ("http://58.132.167.72.host.secureserver.net/", False),
        ("https://www.godaddy.com/", True),
    ):
        url, known = parse_url(text), shipped_knowledge()
        found = analyse_url(unwrap(url, known.hosts), known, clock.now, url.subject)
        assert ("widely-used-site" in {item.code for item in found}) is credit, text


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("part 1.2, link 3", "部分 1.2，链接 3"),
        ("header Subject, From", "邮件头 主题，发件人"),
        ("header DKIM-Signature, number 2", "邮件头 DKIM-Signature，第 2 个"),
        ("part 2, QR code 1", "部分 2，二维码 1"),
        ("part 3, page 2, link 1", "部分 3，第 2 页，链接 1"),
        ("quoted text", "引用文字"),
        ("display name", "显示名称"),
        ("HTML body", "HTML 正文"),
        ("link.pdf", "link.pdf"),
        ("text.txt > part-of.docx", "text.txt > part-of.docx"),
        ("", ""),
    ],
)
def test_places_are_told_in_chinese(english: str, chinese: str) -> None:
    assert place(english, "zh") == chinese
    assert place(english, "en") == english
