"""Messages with documents, from bytes to answer."""

from __future__ import annotations

import asyncio

from tests.analyse.message.letters import letter
from tests.collect.files.papers import cms, letter_pdf

from mailrisk.model.message import Envelope
from mailrisk.service.answers import MessageAnswer
from mailrisk.service.check_message import check_message
from mailrisk.service.context import Context

BUTTON = letter_pdf("View document", "https://docs-view.top/x", box="0 0 200 90")


def check(context: Context, raw: bytes) -> MessageAnswer:
    return asyncio.run(check_message(context, raw, Envelope(), network=False))


def test_a_link_in_a_pdf_is_looked_up_and_blamed(context: Context) -> None:
    raw = letter(
        "HSBC Bank", "a.b@gmail.com", "Your statement", "Please open the attached document.",
        files=[("statement.pdf", "application/pdf", BUTTON)],
    )  # fmt: skip
    answer = check(context, raw)
    assert (answer.level, answer.category) == ("malicious", "document-lure")
    assert [url.url for url in answer.urls] == ["https://docs-view.top/x"]
    assert any("statement.pdf" in where for url in answer.urls for where in url.where)


def test_an_encrypted_message_says_that_its_text_was_not_judged(context: Context) -> None:
    raw = letter(
        "A", "a@b.example", "x", "Hello", files=[("smime.p7m", "application/pkcs7-mime", cms(3, b"x"))]
    )
    answer = check(context, raw)
    assert "intent" in answer.missing_stages and "intent" not in answer.stages
    assert "content-encrypted" in {reason.code for reason in answer.reasons}


def test_a_signed_message_is_judged_by_what_is_signed(context: Context) -> None:
    inner = b"Content-Type: text/html\n\n<a href='https://docs-view.top/x'>Open</a>"
    raw = letter(
        "A", "a@b.example", "x", "Hello", files=[("smime.p7m", "application/pkcs7-mime", cms(2, inner))]
    )
    answer = check(context, raw)
    assert [url.url for url in answer.urls] == ["https://docs-view.top/x"]
    assert "intent" in answer.stages
