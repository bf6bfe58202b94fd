"""Hand-written lures are convicted, for the right reason, of the right category, and name who is impersonated."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from tests.analyse.message.letters import OWN, PIXELS, findings, judged, letter, page, view

from mailrisk.model.verdict import Category, Level


class Lure(NamedTuple):
    """A letter with what it must be convicted for."""

    raw: bytes
    code: str
    category: Category
    brand: str = ""
    qr: str = ""
    blamed: str = ""


LURES: dict[str, Lure] = {
    "a subsidy by QR code, in Chinese": Lure(
        letter(
            "财务部",
            "caiwu8821@mail-notice.example",
            "关于2026年第一季度个人劳动补贴申领的通知",
            "各位员工：根据财政部和人社部最新文件，请使用手机微信扫描下方二维码，填写银行卡号完成认证后领取补贴。"
            "请于24小时内办理，逾期视为放弃。收到请勿声张。",
            files=[("通知.png", "image/png", PIXELS)],
        ),
        "subsidy-lure",
        Category.IMAGE_TEXT_LURE,
        qr="http://butie.lingqu.example/a",
        blamed="butie.lingqu.example/a",
    ),
    "a subsidy whose code nobody could read, in Chinese": Lure(
        letter(
            "人力资源部",
            "hr@beifang-tongzhi.example",
            "【重要】工资补贴发放通知",
            "请扫描附件中的二维码领取本年度工资补贴，逾期视为自动放弃。",
            files=[("工资补贴.jpg", "image/jpeg", PIXELS)],
        ),
        "subsidy-lure",
        Category.IMAGE_TEXT_LURE,
    ),
    "a full mailbox, in Chinese": Lure(
        letter(
            "邮箱管理员",
            "admin@sys-upgrade.example",
            "您的邮箱容量不足，请立即升级",
            html=page(
                f"<p>尊敬的用户 li.lei@{OWN}：您的邮箱空间已满，邮箱系统升级后将被停用，请在24小时内登录验证。</p>"
                '<a href="http://mail-kuorong.example/login">立即升级</a>'
            ),
        ),
        "mailbox-notice-impersonation",
        Category.CREDENTIAL_PHISHING,
        blamed="mail-kuorong.example/login",
    ),
    "a full mailbox, in English": Lure(
        letter(
            f"{OWN} Mail Server",
            "noreply@hosting-update.example",
            "Your mailbox is almost full",
            html=page(
                f"<p>Your mailbox storage on {OWN} has exceeded its quota. 7 incoming messages are pending.</p>"
                "<p>Verify your account within 24 hours or it will be deactivated.</p>"
                '<a href="https://webmail-quota.example/?u=1">Increase storage</a>'
            ),
        ),
        "mailbox-notice-impersonation",
        Category.CREDENTIAL_PHISHING,
        blamed="webmail-quota.example/?u=1",
    ),
    "a parcel of DHL": Lure(
        letter(
            "DHL Express",
            "delivery@kurier-info.example",
            "Your parcel is waiting for delivery",
            html=page(
                "<p>We could not deliver your parcel. Please pay the customs fee of 1.99 EUR.</p>"
                '<a href="https://dhl-redelivery.example/pay">Schedule delivery</a>'
            ),
        ),
        "brand-impersonation",
        Category.CREDENTIAL_PHISHING,
        "DHL",
        blamed="dhl-redelivery.example/pay",
    ),
    "a document of DocuSign": Lure(
        letter(
            "DocuSign Electronic Signature",
            "dse@signed-files.example",
            "Please review and sign: Settlement",
            html=page(
                "<p>Finance sent you a document to review and sign.</p>"
                '<a href="https://docs.google.com/forms/d/e/1FAIpQLSf/viewform">REVIEW DOCUMENT</a>'
                '<p><a href="https://support.docusign.com/">Help</a></p>'
            ),
        ),
        "brand-impersonation",
        Category.DOCUMENT_LURE,
        "DocuSign",
        blamed="docs.google.com/forms/d/e/1FAIpQLSf/viewform",
    ),
    "a password of Office 365": Lure(
        letter(
            "Office 365 Team",
            "no-reply@it-desk.example",
            "Your password expires today",
            html=page(
                "<p>Your Office 365 password expires today. Keep your current password to avoid deactivation.</p>"
                '<a href="https://keep-pass.example/o365">Keep same password</a>'
            ),
        ),
        "brand-impersonation",
        Category.CREDENTIAL_PHISHING,
        "Microsoft",
        blamed="keep-pass.example/o365",
    ),
    "blackmail for bitcoin": Lure(
        letter(
            "",
            "sdfkjh@outmail.example",
            "I know your secret",
            "I hacked your device and I have full access to your webcam. I recorded a video of you and will send it "
            "to all your contacts. Pay me 900 USD in bitcoin. My BTC wallet: 1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
        ),
        "extortion-threat",
        Category.EXTORTION,
    ),
    "an invoice to dispute by telephone": Lure(
        letter(
            "Norton LifeLock Billing",
            "jane.doe.4471@gmail.com",
            "Order confirmation 88120",
            "Thank you for your purchase. Your Norton 360 subscription was renewed for $399.99, invoice number 8812. "
            "If you did not authorize this payment, call our toll free helpline +1 (808) 555-0182 within 24 hours.",
        ),
        "callback-lure",
        Category.CALLBACK_SCAM,
        "Norton",
    ),
    "an inheritance": Lure(
        letter(
            "Barrister John",
            "barr.john77@gmail.com",
            "Dear beloved",
            "I am barrister to your late relative who left an inheritance of 12 million dollars. As next of kin you "
            "are the beneficiary of the fund. Reply with your full name and private email for more details.",
        ),
        "advance-fee-scam",
        Category.OTHER_SCAM,
    ),
    "a director in a hurry": Lure(
        letter(
            "Han Meimei",
            "ceo.office.desk@gmail.com",
            "Are you available?",
            "Are you at your desk? I need you to purchase gift cards for a client urgently. Keep this confidential, "
            "I am in a meeting.",
        ),
        "executive-fraud",
        Category.PAYMENT_FRAUD,
    ),
    "an attached log-in page": Lure(
        letter(
            "Accounts Payable",
            "ap@remit-files.example",
            "Remittance advice - please see attached",
            "Please see attached invoice and sign in to view the document.",
            files=[("Remittance.html", "text/html", b"<form action=x><input type='password'></form>")],
        ),
        "attached-login-page",
        Category.CREDENTIAL_PHISHING,
    ),
    "invoices for sale, in Chinese": Lure(
        letter(
            "王经理",
            "wangjl@fapiao-service.example",
            "优惠代开发票",
            "本公司代开各类普通发票、增值税发票，点数优惠，验证后付款。联系人：王经理 手机：13800138000",
        ),
        "invoice-trade",
        Category.OTHER_SCAM,
    ),
    "an archive with a program": Lure(
        letter(
            "DHL",
            "awb@shipping-docs.example",
            "Shipping documents attached",
            "Please find attached your shipping documents and open the attachment.",
            files=[("AWB_2231.pdf.exe", "application/octet-stream", b"MZ")],
        ),
        "program-lure",
        Category.MALWARE_FILE,
    ),
}


@pytest.mark.parametrize("name", LURES)
def test_a_lure_is_convicted(name: str) -> None:
    lure = LURES[name]
    seen = view(lure.raw, qr=lure.qr)
    verdict = judged(seen)
    found = {item.code: item for item in findings(seen)}
    assert lure.code in found
    assert verdict.level is Level.MALICIOUS, verdict.reasons
    assert verdict.category is lure.category
    assert (verdict.target.brand if verdict.target else "") == lure.brand or not lure.brand
    if lure.blamed:
        assert found[lure.code].data["urls"] == [lure.blamed]


@pytest.mark.parametrize("name", LURES)
def test_every_placeholder_of_a_reason_is_filled(name: str) -> None:
    for reason in judged(view(LURES[name].raw, qr=LURES[name].qr)).reasons:
        assert "{" not in reason.text + reason.text_zh
        assert "?" not in reason.text.replace("?u=", ""), reason


def blamed(seen: Any) -> set[str]:
    """All links that any conviction names."""
    return {key for item in findings(seen) for key in item.data.get("urls", ())}


def test_official_sites_unsubscribe_links_and_name_spaces_are_never_blamed() -> None:
    raw = letter(
        "PayPal",
        "service@kontodienst.example",
        "Your account has been limited",
        html=page(
            "<p>Verify your account within 24 hours.</p>"
            '<a href="https://limit-pp.example/verify">Verify</a> <a href="https://www.paypal.com/help">Help</a>'
            '<a href="https://limit-pp.example/unsubscribe?id=4">Unsubscribe</a>'
            '<a href="http://www.w3.org/TR/xhtml1">x</a> <a href="https://www.facebook.com/PayPal">Facebook</a>'
            '<img src="https://pixel.example/o.gif"> <a href="https://www.wikipedia.org/">About</a>'
        ),
    )
    assert blamed(view(raw)) == {"limit-pp.example/verify"}


def test_pages_of_the_true_project_are_not_blamed_for_the_lure() -> None:
    raw = letter(
        "MetaMask",
        "team@wallet-mail.example",
        "Your wallet is suspended",
        html=page(
            "<p>Verify your wallet within 24 hours.</p>"
            '<a href="https://wallet-check.example/start">Verify</a> <a href="https://github.com/MetaMask/x">Source</a>'
            '<a href="https://discord.com/invite/abc">Talk</a> <a href="https://google.com/">Search</a>'
        ),
    )
    assert blamed(view(raw)) == {"wallet-check.example/start"}


def test_a_brand_domain_that_fails_authentication_is_spoofed() -> None:
    raw = letter(
        "PayPal",
        "service@paypal.com",
        "Verify your account",
        html=page('Verify your account now: <a href="https://pp-check.example/a">Verify</a>'),
    )
    assert judged(view(raw, dmarc="fail")).level is Level.MALICIOUS
    assert judged(view(raw, authenticated="paypal.com", dmarc="pass")).level in (Level.UNKNOWN, Level.CLEAN)


def test_a_stolen_mailbox_inside_that_asks_for_cards_outside_is_convicted() -> None:
    raw = letter(
        "财务部",
        f"caiwu@{OWN}",
        "个人劳动补贴申领",
        "请扫描二维码填写银行卡号、身份证号领取劳动补贴，逾期视为放弃，收到请勿声张。",
        files=[("补贴.png", "image/png", PIXELS)],
    )
    assert judged(view(raw, qr="http://lingqu.example/b", authenticated=OWN)).level is Level.MALICIOUS


def test_salted_names_are_read_as_people_see_them() -> None:
    raw = letter(
        "PayP\u0430l Sup\u200bport",
        "info@x-mail.example",
        "Your acc\u043eunt has been limited",
        html=page('Please verify your account <a href="https://x-mail.example/pp">here</a>'),
    )
    verdict = judged(view(raw))
    assert verdict.level is Level.MALICIOUS
    assert verdict.target is not None
    assert verdict.target.brand == "PayPal"
    assert "paypal.com" in verdict.target.official_domains
