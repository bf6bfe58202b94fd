"""A signed message from a real sender's DNS, checked by the whole service against a name server on loopback."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import dkim  # type: ignore[import-untyped]
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import msgspec
import pytest
from tests.analyse.message.auth.keys import rsa_key

from mailrisk.edge.resolver import DnsResolver
from mailrisk.model.message import Envelope
from mailrisk.service.answers import MessageAnswer
from mailrisk.service.check_message import check_message
from mailrisk.service.context import Context

KEY = rsa_key(1024, 11)
RECORDS = {
    ("sender.example.", "TXT"): '"v=spf1 ip4:198.51.100.0/24 -all"',
    ("s1._domainkey.sender.example.", "TXT"): '"' + KEY.record.decode() + '"',
    ("_dmarc.sender.example.", "TXT"): '"v=DMARC1; p=reject"',
    ("_dmarc.silent.example.", "TXT"): None,
    ("many.example.", "TXT"): '"v=spf1 " '
    + " ".join(f'"include:i{number}.many.example "' for number in range(20))
    + ' "-all"',
} | {(f"i{number}.many.example.", "TXT"): '"v=spf1 ip4:203.0.113.9 -all"' for number in range(20)}
MAIL = (
    b"From: Sender <news@sender.example>\r\nTo: reader@example.org\r\nSubject: hello\r\n"
    b"Date: Mon, 2 Mar 2026 08:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nHello there.\r\n"
)
ENVELOPE = Envelope(client_ip="198.51.100.7", helo="mx.sender.example", mail_from="news@sender.example")


@pytest.fixture
def nameserver() -> Iterator[str]:
    """IP:port of a name server that knows the records above and is silent about ``silent.example``."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                wire, peer = server.recvfrom(4096)
            except OSError:
                return
            query = dns.message.from_wire(wire)
            question = query.question[0]
            name, rrtype = question.name.to_text().lower(), question.rdtype.name
            if "silent" in name:
                continue
            response = dns.message.make_response(query)
            response.flags |= dns.flags.RA
            value = RECORDS.get((name, rrtype))
            if value:
                response.answer.append(dns.rrset.from_text(name, 60, "IN", rrtype, value))
            elif not any(known.endswith(name) for known, _ in RECORDS):
                response.set_rcode(dns.rcode.NXDOMAIN)
            server.sendto(response.to_wire(), peer)

    threading.Thread(target=serve, daemon=True).start()
    yield f"127.0.0.1:{server.getsockname()[1]}"
    server.close()


def signed(mail: bytes = MAIL) -> bytes:
    header: bytes = dkim.sign(mail, b"s1", b"sender.example", KEY.pem)
    return header + mail


def check(context: Context, nameserver: str, raw: bytes, envelope: Envelope = ENVELOPE) -> MessageAnswer:
    online = _online(context, nameserver)
    return asyncio.run(check_message(online, raw, envelope))


def _online(context: Context, nameserver: str) -> Context:
    return dataclasses.replace(context, resolver=DnsResolver([nameserver], timeout_s=0.5), network=True)


def test_a_genuine_message_passes_every_check(context: Context, nameserver: str) -> None:
    answer = check(context, nameserver, signed())
    assert answer.auth == {"spf": "pass", "dkim": "pass", "dmarc": "pass", "arc": "none"}
    assert "auth" in answer.stages and answer.missing_stages == ()


def test_a_changed_body_fails_dkim_and_spf_still_carries_dmarc(context: Context, nameserver: str) -> None:
    answer = check(context, nameserver, signed() + b"Send money.\r\n")
    assert (answer.auth["dkim"], answer.auth["spf"], answer.auth["dmarc"]) == ("fail", "pass", "pass")


def test_a_forged_sender_fails_and_it_counts(context: Context, nameserver: str) -> None:
    foreign = msgspec.structs.replace(ENVELOPE, client_ip="203.0.113.66")
    answer = check(context, nameserver, MAIL, foreign)
    assert (answer.auth["spf"], answer.auth["dkim"], answer.auth["dmarc"]) == ("fail", "none", "fail")
    assert any(reason.weight > 0 for reason in answer.reasons)


def test_without_an_envelope_spf_is_not_checked(context: Context, nameserver: str) -> None:
    answer = check(context, nameserver, signed(), Envelope())
    assert answer.auth["spf"] == "not-checked" and answer.auth["dkim"] == "pass"


def test_a_name_server_that_is_silent_is_a_temporary_error_and_never_a_pass(
    context: Context, nameserver: str
) -> None:
    mail = MAIL.replace(b"sender.example", b"silent.example")
    envelope = msgspec.structs.replace(ENVELOPE, mail_from="news@silent.example")
    answer = check(context, nameserver, mail, envelope)
    assert (answer.auth["spf"], answer.auth["dmarc"]) == ("temperror", "temperror")
    assert answer.level != "clean"


def test_a_dkim_key_that_never_comes_is_a_temporary_error_within_the_time_limit(
    context: Context, nameserver: str
) -> None:
    foreign = b"DKIM-Signature: v=1; a=rsa-sha256; d=silent.example; s=k; h=from; bh=AAAA; b=AAAA\r\n"
    answer = check(context, nameserver, foreign + signed())
    assert [one.result for one in answer.auth_details if one.method == "dkim"] == ["temperror", "pass"]
    assert answer.auth["dmarc"] == "pass"


def test_an_spf_record_of_twenty_look_ups_is_a_permanent_error(context: Context, nameserver: str) -> None:
    envelope = msgspec.structs.replace(ENVELOPE, mail_from="news@many.example")
    answer = check(context, nameserver, MAIL, envelope)
    assert answer.auth["spf"] == "permerror"


def test_received_headers_count_only_when_a_trusted_host_wrote_them(
    context: Context, nameserver: str, tmp_path: Path
) -> None:
    stamped = (
        b"Return-Path: <news@sender.example>\r\n"
        b"Received: from mx.sender.example (mx.sender.example [198.51.100.7])\r\n"
        b"\tby mx.example.org (Postfix) with ESMTPS id 1; Mon, 2 Mar 2026 08:00:01 +0000\r\n" + MAIL
    )
    assert check(context, nameserver, stamped, Envelope()).auth["spf"] == "not-checked"
    knowledge = msgspec.structs.replace(context.knowledge, trusted_hosts=frozenset({"mx.example.org"}))
    trusting = dataclasses.replace(context, knowledge=knowledge)
    assert check(trusting, nameserver, stamped, Envelope()).auth["spf"] == "pass"


def test_an_address_literal_in_helo_is_not_taken_for_the_client(context: Context, nameserver: str) -> None:
    knowledge = msgspec.structs.replace(context.knowledge, trusted_hosts=frozenset({"mx.example.org"}))
    trusting = dataclasses.replace(context, knowledge=knowledge)
    for line in (
        b"Received: from [198.51.100.7] (unknown [203.0.113.66])\r\n\tby mx.example.org (Postfix) id 1; x\r\n",
        b"Received: from [203.0.113.66] (helo=[198.51.100.7])\r\n\tby mx.example.org with esmtp (Exim) id 1; x\r\n",
    ):
        stamped = b"Return-Path: <news@sender.example>\r\n" + line + MAIL
        assert check(trusting, nameserver, stamped, Envelope()).auth["spf"] == "fail", line
