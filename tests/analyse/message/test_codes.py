"""Codes that lure, and the codes of honest people."""

from __future__ import annotations

import msgspec
import pytest
from tests.analyse.message.letters import OWN, codes, judged, letter, page, view

from mailrisk.analyse.message.view import LinkedUrl, MessageView
from mailrisk.collect.pictures.payloads import kind_of, urls_of
from mailrisk.model.file import Code, ReadPicture
from mailrisk.model.message import Link
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.verdict import Category, Level

STRANGE = "https://k7x-portal.example/v?e=1"


def shown(raw: bytes, payload: str, drawn: str = "picture") -> MessageView:
    """The message with a code in it."""
    seen = view(raw)
    kind = kind_of(payload) if payload else ""
    code = Code(payload=payload, kind=kind, symbology="qr", drawn=drawn, artefact="part 2, QR code 1")
    urls = tuple(
        LinkedUrl(link=Link(url=url, how="qr", artefact=code.artefact), url=parse_url(url))
        for url in urls_of(payload, kind)
    )
    return msgspec.structs.replace(seen, codes=(code,), urls=(*seen.urls, *urls))


def read(raw: bytes, *lines: str) -> MessageView:
    """The message with a picture in which these lines were read."""
    picture = ReadPicture(lines=tuple((line, 0.95) for line in lines), artefact="part 2")
    return msgspec.structs.replace(view(raw), pictures=(picture,))


MFA = letter(
    "Microsoft Security",
    "notice@mail-9931.example",
    "Action required: your authenticator expires today",
    "Your multi-factor authentication expires. Scan the QR code with your phone to verify your account "
    "immediately, or your mailbox will be suspended.",
)
SUBSIDY = letter(
    "人力资源部",
    "hr2024@163.com",
    "关于2026年度个人劳动补贴申领的通知",
    "请各位员工使用微信扫描下方二维码申领补贴，逾期视为自动放弃。",
)


@pytest.mark.parametrize("raw", [MFA, SUBSIDY])
@pytest.mark.parametrize("drawn", ["picture", "table", "text", "split", "pdf"])
def test_a_code_in_somebody_elses_name_that_leads_away_is_malicious(raw: bytes, drawn: str) -> None:
    verdict = judged(shown(raw, STRANGE, drawn))
    assert verdict.level is Level.MALICIOUS
    assert verdict.category is Category.IMAGE_TEXT_LURE


def test_a_code_drawn_by_the_body_without_a_known_brand_is_malicious_when_it_asks_to_log_in() -> None:
    raw = letter(
        "Admin", "office@k91.example", "Sign in", "Scan to verify your account. Your password expires."
    )
    seen = shown(raw, STRANGE, "table")
    assert {"qr-drawn", "qr-leads-elsewhere", "qr-hidden-lure"} <= codes(seen)
    assert judged(seen).level is Level.MALICIOUS


def test_a_stolen_mailbox_that_sends_a_drawn_code_to_colleagues_is_at_least_suspicious() -> None:
    raw = letter("王芳", f"wang.fang@{OWN}", "补贴领取", "请使用微信扫描二维码领取工资补贴，验证您的账号。")
    assert judged(shown(raw, STRANGE, "split")).level in (Level.MALICIOUS, Level.SUSPICIOUS)


def test_a_code_that_carries_the_readers_address_says_so() -> None:
    seen = shown(MFA, f"https://k7x-portal.example/#li.lei@{OWN}")
    assert "qr-personalised" in codes(seen)
    assert judged(seen).level is Level.MALICIOUS


def test_an_unreadable_code_is_told_and_convicts_nobody_by_itself() -> None:
    seen = shown(letter("Anna", "anna@shop.example", "Poster", "See you on Friday!"), "")
    assert "qr-undecodable" in codes(seen)
    assert judged(seen).level in (Level.CLEAN, Level.UNKNOWN)


HONEST = {
    "restaurant menu": (
        letter("Trattoria Luna", "ciao@luna.example", "Our new menu", "Scan for the menu. See you soon!"),
        "https://luna.example/menu",
    ),
    "menu on another site": (
        letter("Trattoria Luna", "ciao@luna.example", "Our new menu", "Scan the code for the menu."),
        "https://menus-online.example/luna",
    ),
    "second factor": (
        letter("IT Service", f"it@{OWN}", "Your new authenticator", "Scan the QR code with your app to enrol."),
        "otpauth://totp/Qinghe:li.lei?secret=JBSWY3DPEHPK3PXP&issuer=Qinghe",
    ),
    "event poster": (
        letter("Events", f"events@{OWN}", "Summer party", "Scan the code to register until Friday."),
        "https://forms.example/party",
    ),
    "app store": (
        letter(
            "Kaufland", "news@kaufland.de", "Angebote", html=page("Jetzt die App holen <a href='https://www.kaufland.de/'>hier</a>")
        ),
        "https://apps.apple.com/de/app/id1234",
    ),
    "official account in a signature": (
        letter("李梅", "li.mei@huaxin-textile.cn", "报价单", "您好，报价单见附件。\n\n扫描二维码关注我们的公众号"),
        "http://weixin.qq.com/r/abcdEFG",
    ),
    "e-ticket": (
        letter("Opera House", "tickets@opera.example", "Your ticket", "Show this code at the entrance."),
        "TKT-8831-AB-20260312",
    ),
    "invoice with a transfer code": (
        letter("Stadtwerke", "rechnung@stadtwerke-ulm.example", "Ihre Rechnung", "Scannen Sie den Code mit Ihrer Bank-App."),
        "BCD\n002\n1\nSCT\n\nStadtwerke\nDE89370400440532013000\nEUR12.3",
    ),
    "wireless network": (
        letter("Hotel", "desk@hotel.example", "Welcome", "Scan to join our Wi-Fi."), "WIFI:T:WPA;S:hotel;P:secret;;"
    ),
    "business card": (
        letter("Jo", "jo@studio.example", "Hello", "My card."), "BEGIN:VCARD\nVERSION:3.0\nFN:Jo\nURL:https://studio.example\nEND:VCARD"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(HONEST))
def test_the_codes_of_honest_people_are_left_alone(name: str) -> None:
    raw, payload = HONEST[name]
    assert judged(shown(raw, payload)).level in (Level.CLEAN, Level.UNKNOWN)


def test_a_payment_is_told_as_such_and_not_as_a_strange_link() -> None:
    raw, payload = HONEST["invoice with a transfer code"]
    found = codes(shown(raw, payload))
    assert "qr-payment" in found
    assert "qr-leads-elsewhere" not in found


def test_the_secret_of_a_second_factor_is_not_repeated() -> None:
    raw, payload = HONEST["second factor"]
    verdict = judged(shown(raw, payload))
    assert "qr-otp" in {reason.code for reason in verdict.reasons}
    assert "JBSWY3DPEHPK3PXP" not in str(verdict)


def test_a_request_that_only_a_picture_makes_counts_like_text() -> None:
    raw = letter(
        "通知",
        "a@k91.example",
        "通知",
        html=page("<img src=cid:1>"),
        files=[("a.png", "image/png", b"x" * 9000)],
    )
    seen = read(raw, "财政部 人力资源和社会保障部", "个人劳动补贴申领", "扫描二维码领取", "逾期视为自动放弃")
    assert {"subsidy", "asks-scan", "lure-in-picture"} <= codes(seen)
    verdict = judged(seen)
    assert verdict.level is Level.MALICIOUS
    assert verdict.category is Category.IMAGE_TEXT_LURE


def test_a_logo_in_a_picture_claims_its_brand() -> None:
    raw = letter("Billing", "x93@gmail.com", "Invoice 2231", files=[("a.png", "image/png", b"x" * 9000)])
    seen = read(
        raw,
        "PayPal",
        "Your account has been charged $499.99 for your order.",
        "If you did not authorize this, call us at +1 (808) 555-0199",
    )
    assert "brand-in-picture" in codes(seen)
    verdict = judged(seen)
    assert verdict.level is Level.MALICIOUS
    assert verdict.category is Category.CALLBACK_SCAM
