"""ARC: chains sealed by dkimpy with authres, and what breaks them."""

from __future__ import annotations

import dkim as dkimpy  # type: ignore[import-untyped]
import pytest
from tests.analyse.message.auth.keys import rsa_key
from tests.analyse.message.auth.world import Records, World

from mailrisk.analyse.message.auth.answers import Answers
from mailrisk.analyse.message.auth.arc import MAX_SETS, arc_questions, check_arc
from mailrisk.analyse.message.auth.canonical import SignedMessage
from mailrisk.model.message import AuthResult

KEY = rsa_key(1024, 1)
WORLD: Records = {"s1._domainkey.list.example": [("TXT", KEY.record)]}
MESSAGE = b"From: ann@sender.example\r\nTo: bob@example.net\r\nSubject: hello\r\n\r\nHello\r\n"


def seal(message: bytes, cv: bytes = b"none") -> bytes:
    """One more set on top, as a list server that saw ``cv`` would add it."""
    seen = b"Authentication-Results: list.example; arc=" + cv + b"; dkim=pass header.d=sender.example\r\n"
    lines = dkimpy.arc_sign(seen + message, b"s1", b"list.example", KEY.pem, b"list.example")
    return b"".join(lines) + message


def check(raw: bytes, records: Records = WORLD) -> AuthResult:
    return World(records).run(lambda facts: check_arc(SignedMessage(raw), Answers(facts)))


def chain(length: int) -> bytes:
    raw = MESSAGE
    for number in range(length):
        raw = seal(raw, b"pass" if number else b"none")
    return raw


@pytest.mark.parametrize("length", [1, 2, 3])
def test_an_unbroken_chain_passes_and_names_its_last_sealer(length: int) -> None:
    result = check(chain(length))
    assert (result.result, result.domain) == ("pass", "list.example")
    assert str(length) in result.reason


def test_a_message_without_sets_has_no_chain() -> None:
    assert check(MESSAGE).result == "none"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Hello\r\n", b"Hallo\r\n"),
        (b"dkim=pass", b"dkim=fail"),
        (b"ARC-Seal: i=1", b"X-Seal: i=1"),
        (b"ARC-Seal: i=2", b"ARC-Seal: i=3"),
        (b"ARC-Seal: i=2", b"ARC-Seal: h=from; i=2"),
        (b"cv=pass", b"cv=fail"),
        (b"cv=none", b"cv=pass"),
    ],
)
def test_any_change_breaks_the_chain(old: bytes, new: bytes) -> None:
    raw = chain(2)
    assert old in raw
    assert check(raw.replace(old, new)).result == "fail"


def test_a_missing_key_fails_and_a_silent_server_is_temporary() -> None:
    assert check(chain(1), {}).result == "fail"
    assert check(chain(1), {"s1._domainkey.list.example": [("TIMEOUT", None)]}).result == "temperror"


def test_an_endless_chain_is_refused_before_any_question() -> None:
    sets = b"".join(
        b"ARC-Seal: i=%d; d=x.example; s=k%d\r\nARC-Message-Signature: i=%d; d=x.example; s=k\r\n"
        b"ARC-Authentication-Results: i=%d; x\r\n" % (number, number, number, number)
        for number in range(1, MAX_SETS + 5)
    )
    assert check(sets + MESSAGE).result == "fail"
    assert arc_questions(SignedMessage(sets + MESSAGE)) == []
