"""Benign twins of the lures stay below suspicious: what they claim is true, or they ask for nothing."""

from __future__ import annotations

import pytest
from tests.analyse.message.letters import OWN, PIXELS, judged, letter, page, view

from mailrisk.model.verdict import Level

TWINS: dict[str, bytes] = {
    "a receipt from PayPal": letter(
        "service@paypal.com",
        "service@paypal.com",
        "Receipt for your payment to Steam",
        html=page(
            "<p>You sent a payment of $19.99 USD. Log in to your account to see the details, transaction id 8812.</p>"
            '<a href="https://www.paypal.com/myaccount">View</a> <a href="https://epl.paypal-communication.com/x">FAQ</a>'
        ),
    ),
    "a payroll notice from inside": letter(
        "Human Resources",
        f"hr@{OWN}",
        "Payroll: your March payslip and salary adjustment",
        f"Your payslip is ready. Please log in to your account at https://portal.{OWN}/payroll today.",
    ),
    "a newsletter with tracked links": letter(
        "Garden World",
        "news@garden-world.example",
        "Spring offers: 20 % off and a free gift",
        html=page(
            "<p>Save now on roses. Take our short survey and claim your free gift.</p>"
            '<a href="https://click.garden-world.example/c/1">Shop</a>'
            '<a href="https://garden-world.us1.list-manage.com/track/click?u=1">Roses</a>'
            '<a href="https://garden-world.us1.list-manage.com/unsubscribe?u=1">Unsubscribe</a>'
        ),
    ),
    "a password reset that was asked for": letter(
        "Allotment Forum",
        "noreply@allotments.example",
        "Reset your password",
        "You asked to reset your password. Open https://allotments.example/reset?t=9 within 24 hours, or ignore this.",
    ),
    "a courier's notice": letter(
        "DHL Paket",
        "noreply@dhl.de",
        "Ihr Paket kommt heute",
        "Ihre Sendung wird heute zugestellt. Sendungsverfolgung: https://www.dhl.de/de/privatkunden/verfolgen.html?n=3",
    ),
    "a shop that has sent a parcel": letter(
        "Teeladen Nord",
        "bestellung@teeladen-nord.example",
        "Ihre Bestellung ist unterwegs",
        "Ihr Paket ist unterwegs. Verfolgen: https://www.dhl.de/de/privatkunden.html?piececode=1 "
        "Rechnung: https://www.teeladen-nord.example/rechnung/3",
    ),
    "a subsidy notice that is genuine": letter(
        "人力资源部",
        f"renshi@{OWN}",
        "关于发放2026年高温补贴的通知",
        f"各位同事：高温补贴将随本月工资发放，无需申领。请登录 https://oa.{OWN}/notice/8 查看详情，务必于月底前核对。",
    ),
    "a subsidy campaign of an authority": letter(
        "个人所得税",
        "notice@chinatax.gov.cn",
        "个人所得税综合所得汇算清缴提醒",
        "请登录自然人电子税务局 https://etax.chinatax.gov.cn/ 办理退税，请于6月30日前办理。",
    ),
    "a WeChat menu by QR code": letter(
        "小城餐厅",
        "menu@xiaocheng.example",
        "本周菜单",
        "欢迎扫描二维码查看本周菜单，祝您用餐愉快。",
        files=[("菜单.png", "image/png", PIXELS)],
    ),
    "a document shared by Google": letter(
        "Han Meimei (via Google Docs)",
        "drive-shares-dm-noreply@google.com",
        "Document shared with you: Budget",
        html=page(
            "<p>Han Meimei has shared a document with you.</p>"
            '<a href="https://docs.google.com/document/d/1/edit">Open</a>'
        ),
    ),
    "a colleague who talks about phishing": letter(
        "Li Hua",
        "lihua@partner-firm.example",
        "Re: PayPal phishing",
        "Hi, the mail that says 'verify your account within 24 hours' with a PayPal logo is fake, please delete it. "
        "We wrote about it at https://www.partner-firm.example/blog/phishing\nRegards, Li Hua",
    ),
    "a quota notice from inside": letter(
        "Mail administrator",
        f"postmaster@{OWN}",
        "Your mailbox is almost full",
        f"Your mailbox has exceeded 90 % of its quota. Please clean it up at https://mail.{OWN}/ soon.",
    ),
    "a list mail about a brand's software": letter(
        "Wang Fang",
        "wang.fang@gmail.com",
        "[PATCH] Add support for the Lenovo board",
        "This adds support for the Lenovo board. See https://gerrit.boards.example/c/123 and "
        "https://github.com/boards/linux/pull/4 for the discussion. Please review.",
    ),
    "a bank statement from the bank": letter(
        "招商银行",
        "message@cmbchina.com",
        "招商银行信用卡电子账单",
        "您的信用卡账单已出，请登录 https://www.cmbchina.com/ 或掌上生活查看，请于到期日前还款。",
    ),
    "a log-in link of a site's own software": letter(
        "WordPress",
        "wordpress@cycling-club.example",
        "[Cycling club] Password reset",
        html=page(
            "<p>Someone has requested a password reset for your account. To reset your password, visit:</p>"
            '<a href="https://cycling-club.example/wp-login.php?action=rp">Reset</a>'
        ),
    ),
    "an electronic invoice that was ordered": letter(
        "诺诺发票",
        "invoice@info.nuonuo.com",
        "您收到一张电子发票",
        "您好，您的电子发票已开具，发票号码 12345678，请点击下载：https://nnfp.jss.com.cn/a1b2 。客服电话 0571-95113",
    ),
    "a small firm's invoice": letter(
        "Müller Elektro GmbH",
        "buchhaltung@mueller-elektro.example",
        "Ihre Rechnung 2026-114",
        "Sehr geehrte Damen und Herren, anbei Ihre Rechnung. Bitte überweisen Sie den Betrag innerhalb von 14 Tagen.",
        files=[("Rechnung.pdf", "application/pdf", b"%PDF-1.4")],
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_a_benign_twin_stays_below_suspicious(name: str) -> None:
    verdict = judged(view(TWINS[name]))
    assert verdict.level not in (Level.SUSPICIOUS, Level.MALICIOUS), verdict.reasons
    assert verdict.probability < 0.5


def test_results_that_were_not_checked_say_nothing_against_a_brand() -> None:
    raw = TWINS["a receipt from PayPal"]
    assert judged(view(raw)).probability == judged(view(raw, dmarc="temperror")).probability


def test_words_alone_never_convict() -> None:
    words = (
        "verify your account, password expired, mailbox full, within 24 hours, final notice, claim your prize "
        * 20
    )
    verdict = judged(view(letter("", "a@some-firm.example", "urgent", words)))
    assert verdict.level is not Level.MALICIOUS
