"""DKIM: messages signed here by dkimpy, verified over facts; dkimpy's own verdict is the oracle."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import dkim as dkimpy  # type: ignore[import-untyped]
import pytest
from dkim.canonicalization import Relaxed, Simple  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from nacl.encoding import Base64Encoder
from nacl.signing import SigningKey
from tests.analyse.message.auth.keys import rsa_key
from tests.analyse.message.auth.world import Records, World

from mailrisk.analyse.message.auth.answers import Answers
from mailrisk.analyse.message.auth.canonical import SignedMessage, relaxed_body, simple_body
from mailrisk.analyse.message.auth.dkim import MAX_SIGNATURES, check_dkim, dkim_questions
from mailrisk.model.message import AuthResult

KEY = rsa_key(1024, 1)
NAME = "s1._domainkey.sender.example"
WORLD: Records = {NAME: [("TXT", KEY.record)]}
MESSAGE = (
    b"Received: from a by b; Mon, 2 Mar 2026 10:00:00 +0000\r\n"
    b"From: Ann <ann@sender.example>\r\nTo: bob@example.net\r\nSubject:  two   spaces\r\n\r\n"
    b"Hello  Bob \r\n\r\n\r\n"
)


def sign(message: bytes = MESSAGE, **options: object) -> bytes:
    options.setdefault("canonicalize", (b"relaxed", b"relaxed"))
    signature: bytes = dkimpy.sign(message, b"s1", b"sender.example", KEY.pem, **options)
    return signature + message


def verify(raw: bytes, records: Records = WORLD, arrived: datetime | None = None) -> tuple[AuthResult, ...]:
    return World(records).run(lambda facts: check_dkim(SignedMessage(raw), Answers(facts), arrived))


@pytest.mark.parametrize("header", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
@pytest.mark.parametrize("ending", [b"\r\n", b"\n"])
def test_every_canonical_form_verifies_with_either_line_end(
    header: bytes, body: bytes, ending: bytes
) -> None:
    raw = sign(canonicalize=(header, body)).replace(b"\r\n", ending)
    (result,) = verify(raw)
    assert (result.result, result.domain, result.selector) == ("pass", "sender.example", "s1")


def test_an_altered_body_and_altered_headers_are_told_apart() -> None:
    raw = sign()
    (body,) = verify(raw.replace(b"Hello", b"Hallo"))
    (header,) = verify(raw.replace(b"bob@", b"eve@"))
    assert (body.result, body.reason) == ("fail", "body was altered")
    assert header.result == "fail" and "headers" in header.reason


def test_a_second_from_header_breaks_the_signature() -> None:
    assert verify(b"From: boss@bank.example\r\n" + sign())[0].result == "fail"


@pytest.mark.parametrize(
    ("records", "word", "reason"),
    [
        ({}, "permerror", "no key at"),
        ({NAME: [("TIMEOUT", None)]}, "temperror", "no answer"),
        ({NAME: [("TXT", b"v=DKIM1; p=")]}, "permerror", "revoked"),
        ({NAME: [("TXT", b"v=DKIM2; p=AAAA")]}, "permerror", "version"),
        ({NAME: [("TXT", b"v=DKIM1; p=!!")]}, "permerror", "base64"),
        ({NAME: [("TXT", b"v=DKIM1; p=AAAA")]}, "permerror", "cannot be read"),
        ({NAME: [("TXT", b"v=DKIM1; k=none; p=AAAA")]}, "permerror", "unknown kind"),
        ({NAME: [("TXT", KEY.record + b"; s=tlsrpt")]}, "permerror", "not for mail"),
        ({NAME: [("TXT", KEY.record + b"; h=sha1")]}, "permerror", "not for sha256"),
        ({NAME: [("TXT", b"v=DKIM1; p=" + b"A" * 60_000)]}, "permerror", "60011 bytes"),
        ({NAME: [("TXT", rsa_key(512, 2).record)]}, "policy", "too short"),
        ({NAME: [("TXT", rsa_key(1024, 3).record)]}, "fail", "key is another one"),
    ],
)
def test_what_is_wrong_with_a_key_is_told(records: Records, word: str, reason: str) -> None:
    (result,) = verify(sign(), records)
    assert result.result == word
    assert reason in result.reason


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (b"a=rsa-sha256", b"a=rsa-sha1", "policy"),
        (b"a=rsa-sha256", b"a=rsa-md9", "neutral"),
        (b"v=1;", b"v=2;", "neutral"),
        (b"v=1;", b"v=1;; ", "permerror"),
        (b"v=1;", b"v=1; v=1;", "permerror"),
        (b"d=sender.example", b"d=..", "permerror"),
        (b"i=@sender.example", b"i=@other.example", "permerror"),
        (b"q=dns/txt", b"q=carrier/pigeon", "neutral"),
        (b"c=relaxed", b"c=bold", "permerror"),
        (b"bh=", b"bx=", "permerror"),
    ],
)
def test_a_signature_that_cannot_be_used_says_so(old: bytes, new: bytes, word: str) -> None:
    raw = sign()
    assert old in raw
    assert verify(raw.replace(old, new, 1))[0].result == word


def test_an_expired_signature_is_judged_by_the_time_of_arrival() -> None:
    raw = sign().replace(b"v=1;", b"v=1; x=1700000000;", 1)
    late = datetime(2026, 1, 1, tzinfo=UTC)
    early = datetime(2023, 11, 1, tzinfo=UTC)
    assert verify(raw, arrived=late)[0].result == "policy"
    assert verify(raw, arrived=early)[0].reason != verify(raw, arrived=late)[0].reason


def test_text_added_after_the_signed_length_is_not_vouched_for() -> None:
    raw = sign(length=True)
    assert verify(raw)[0].result == "pass"
    (result,) = verify(raw + b"<a href=http://evil.example>click</a>\r\n")
    assert result.result == "policy" and "are signed" in result.reason


def test_ed25519_signatures_verify() -> None:
    key = SigningKey.generate()
    public = base64.b64encode(bytes(key.verify_key))
    signature = dkimpy.sign(
        MESSAGE, b"s1", b"sender.example", key.encode(Base64Encoder), signature_algorithm=b"ed25519-sha256"
    )
    records: Records = {NAME: [("TXT", b"v=DKIM1; k=ed25519; p=" + public)]}
    assert verify(signature + MESSAGE, records)[0].result == "pass"
    assert verify(signature + MESSAGE, WORLD)[0].result == "permerror"


def test_at_most_ten_signatures_are_looked_at() -> None:
    raw = sign().partition(b"Received:")[0] * 15 + MESSAGE
    results = verify(raw)
    assert [result.result for result in results] == ["pass"] * MAX_SIGNATURES + ["policy"]
    assert len(dkim_questions(SignedMessage(raw))) == MAX_SIGNATURES


def test_no_signature_is_an_empty_tuple() -> None:
    assert verify(MESSAGE) == ()


@given(
    body=st.text(" \t\r\nab", max_size=60), where=st.integers(0, 400), byte=st.binary(min_size=1, max_size=1)
)
def test_dkimpy_agrees_on_whole_and_on_damaged_messages(body: str, where: int, byte: bytes) -> None:
    text = "\r\n".join(body.replace("\r", "").split("\n")).rstrip(" \t") + "\r\n"
    raw = sign(MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + text.encode())
    assert verify(raw)[0].result == "pass"
    damaged = raw[:where] + byte + raw[where + 1 :]
    try:
        theirs = bool(
            dkimpy.verify(
                damaged,
                dnsfunc=lambda name, timeout=5: KEY.record if name.startswith(NAME.encode()) else None,
            )
        )
    except (dkimpy.DKIMException, IndexError, ValueError):
        theirs = False
    ours = [result.result for result in verify(damaged)][:1] == ["pass"]
    assert theirs or not ours, "we never accept what dkimpy refuses"
    if damaged == raw:
        assert ours


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n",
        b"x",
        b"x\r",
        b"x\r\r\n\r\n",
        b"\r\r\n",
        b"x \t\r\n \r\n",
        b"a\r\n\r\nb\r\n\r\n",
        b" x\ty \r\n",
    ],
)
def test_canonical_bodies_are_those_of_dkimpy(body: bytes) -> None:
    assert relaxed_body(body) == Relaxed.canonicalize_body(body)
    assert simple_body(body) == Simple.canonicalize_body(body)


def test_hostile_white_space_costs_linear_time() -> None:  # quadratic code would take an hour
    body = relaxed_body(b"x" + b" " * 2_000_000 + b"x\r\n")
    raw = b"DKIM-Signature: v=1; b=" + b"a \r\n " * 3000 + b"\r\n" + MESSAGE
    verify(raw)
    assert body == b"x x\r\n"


@given(st.binary(max_size=200))
def test_any_key_record_is_survived(octets: bytes) -> None:
    for record in (octets, b"v=DKIM1; p=" + base64.b64encode(octets), KEY.record[:-20] + octets):
        (result,) = verify(sign(), {NAME: [("TXT", record)]})
        assert result.result in ("permerror", "fail", "policy")
