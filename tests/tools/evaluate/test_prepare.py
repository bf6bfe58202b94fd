"""One preparation for every class: what gives a class away goes, what the author wrote stays."""

from __future__ import annotations

import base64

from tools.evaluate.prepare import READER, prepare

PHISHING = (
    b"Received: from a by b\r\nX-MS-Exchange-Organization-SCL: 9\r\nAuthentication-Results: spf=fail\r\n"
    b"From: Bank <x@bank.example>\r\nTo: phishing@pot\r\nSubject: Hello\r\n phishing@pot\r\n"
    b"List-Unsubscribe: <https://x.example>\r\nContent-Type: text/plain\r\n\r\nDear phishing@pot, click\r\n"
)
LIST = (
    b"From mbox Mon Jan  1\nList-Id: <dev.lists.example>\nX-BeenThere: dev@lists.example\nDKIM-Signature: v=1\n"
    b"From: Ann <ann@home.example>\nTo: dev@lists.example\nSubject: Re: [dev-list] A patch\n"
    b"In-Reply-To: <1@home.example>\n\nIt works.\n_______________________________________________\n"
    b"dev mailing list\nhttps://lists.example/mailman/listinfo/dev\n"
)


def names(raw: bytes) -> list[bytes]:
    head = raw.partition(b"\n\n")[0]
    return [line.partition(b":")[0].lower() for line in head.split(b"\n") if line[:1] not in b" \t"]


def test_both_classes_have_the_same_delivery_and_only_what_the_author_wrote() -> None:
    assert names(prepare(PHISHING)) == [b"return-path", b"to", b"from", b"subject", b"content-type"]
    assert names(prepare(LIST)) == [b"return-path", b"to", b"from", b"subject", b"in-reply-to"]
    assert all(b"To: <" + READER + b">" in prepare(raw) for raw in (PHISHING, LIST))


def test_the_placeholder_of_the_recipient_is_gone_everywhere() -> None:
    assert b"phishing@pot" not in prepare(PHISHING)
    assert b"Dear " + READER in prepare(PHISHING)


def test_the_placeholder_is_gone_inside_of_base64() -> None:
    page = b"<p>Dear phishing@pot</p>" * 9
    raw = (
        b"From: x@y.example\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(page)
    )
    body = base64.b64decode(prepare(raw).partition(b"\n\n")[2])
    assert body == page.replace(b"phishing@pot", READER)


def test_what_list_software_adds_is_gone() -> None:
    prepared = prepare(LIST)
    assert b"Subject: Re: A patch\n" in prepared
    assert b"listinfo" not in prepared
    assert prepared.endswith(b"It works.\n")


def test_a_line_of_underscores_that_is_no_list_footer_stays() -> None:
    raw = b"From: a@b.example\n\nTotal\n" + b"_" * 47 + b"\n42 EUR\n"
    assert b"42 EUR" in prepare(raw)


def test_a_message_without_body_or_header_is_prepared_too() -> None:
    assert prepare(b"").startswith(b"Return-Path:")
    assert b"\n\n" in prepare(b"Subject: x")
