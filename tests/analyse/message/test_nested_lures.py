"""A lure in an attached message: malicious when it was put there, and not when somebody hands on what he got."""

from __future__ import annotations

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP

import pytest
from msgspec.structs import replace
from tests.analyse.message.letters import OWN, READER, codes, judged, letter, view

from mailrisk.model.message import Envelope
from mailrisk.model.verdict import Level

LURE = letter(
    "IT 服务台",
    "it@lianhe-info.example",
    "邮箱升级通知",
    "您的邮箱密码即将过期，请立即登录验证账号，逾期邮箱将被停用：https://mail-verify.top/login",
    '<p>您的邮箱密码即将过期，请立即登录验证账号，逾期邮箱将被停用。</p><a href="https://mail-verify.top/login">立即验证</a>',
)
NEWS = letter(
    "Garden", "news@garden.example", "Spring", "Our spring catalogue: https://garden.example/spring"
)
TRACE = b"Received: from mx.far.example (mx.far.example [192.0.2.7]) by mail.customer.example; Tue, 10 Mar 2026 08:00:00 +0000\r\n"


def around(
    inner: bytes,
    sender: str,
    to: str = READER,
    text: str = "Please see the attached message.",
    depth: int = 1,
) -> bytes:
    for _ in range(depth):
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, "Fwd: notice"
        message.set_content(text)
        message.add_attachment(BytesParser(policy=SMTP).parsebytes(inner), filename="notice.eml")
        inner = message.as_bytes()
    return inner


def received(inner: bytes, to: str) -> bytes:
    return TRACE + inner.replace(READER.encode(), to.encode())


def test_the_lure_convicts_by_itself() -> None:
    assert judged(view(LURE)).level is Level.MALICIOUS


@pytest.mark.parametrize("depth", [1, 2])
def test_a_lure_that_was_never_delivered_was_put_there_for_the_reader(depth: int) -> None:
    seen = view(around(LURE, "it@lianhe-info.example", depth=depth))
    assert judged(seen).level is Level.MALICIOUS
    assert "nested-lure" in codes(seen)


def test_a_forged_trace_does_not_help_who_writes_to_the_reader() -> None:
    seen = view(around(TRACE + LURE, "post@other.example"))
    assert judged(seen).level is Level.MALICIOUS


@pytest.mark.parametrize(
    ("sender", "to"),
    [
        ("customer@customer.example", f"service@{OWN}"),  # He got it in our name, and asks.
        ("customer@customer.example", f"abuse@{OWN}"),
        (f"zhao@{OWN}", f"helpdesk@{OWN}"),
    ],
)
def test_handing_on_what_one_got_does_not_convict(sender: str, to: str) -> None:
    seen = replace(
        view(around(received(LURE, sender), sender, to, "Is this mail from you?")),
        envelope=Envelope(rcpt_to=(to,)),
    )
    assert "nested-lure" not in codes(seen) and "handed-on-lure" in codes(seen)
    assert judged(seen).level is not Level.MALICIOUS


def test_a_report_without_headers_to_an_abuse_desk_does_not_convict() -> None:
    raw = around(LURE, "user@customer.example", f"abuse@{OWN}", "Spam report")
    seen = replace(view(raw), envelope=Envelope(rcpt_to=(f"abuse@{OWN}",)))
    assert judged(seen).level is not Level.MALICIOUS


def test_a_newsletter_handed_on_says_nothing() -> None:
    seen = view(around(received(NEWS, "bob@friend.example"), "bob@friend.example"))
    assert not {"nested-lure", "handed-on-lure"} & codes(seen)
    assert judged(seen).level is Level.UNKNOWN
