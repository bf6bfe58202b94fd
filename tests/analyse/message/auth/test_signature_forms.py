"""Forms of DKIM signatures and ARC sets that the public suites decide; signed here, tag by tag.

The cases follow ValiMail's ARC suite, Mail::DKIM and libopendkim (``make auth-suites`` runs these themselves).
"""

from __future__ import annotations

import base64
import hashlib

import pytest
from dkim.crypto import RSASSA_PKCS1_v1_5_sign, parse_pem_private_key  # type: ignore[import-untyped]
from tests.analyse.message.auth.keys import rsa_key
from tests.analyse.message.auth.world import Records, World

from mailrisk.analyse.message.auth.answers import Answers
from mailrisk.analyse.message.auth.arc import check_arc
from mailrisk.analyse.message.auth.canonical import Field, SignedMessage, relaxed_field
from mailrisk.analyse.message.auth.dkim import check_dkim
from mailrisk.analyse.message.auth.signature import header_input
from mailrisk.analyse.message.auth.spf import check_spf
from mailrisk.model.facts import Facts
from mailrisk.model.message import AuthResult

KEY = rsa_key(1024, 1)
WORLD: Records = {"s1._domainkey.list.example": [("TXT", KEY.record)]}
BODY = b"Hello  Bob \r\n\r\n"
MESSAGE = b"From: ann@list.example\r\nTo: bob@example.net\r\nSubject: hello\r\n\r\n" + BODY
HASH = base64.b64encode(hashlib.sha256(b"Hello Bob\r\n").digest()).decode()
TAGS = f"a=rsa-sha256; c=relaxed/relaxed; d=list.example; s=s1; h=from:to:subject; bh={HASH}"


def _rsa(signed: bytes) -> bytes:
    key = parse_pem_private_key(KEY.pem)
    return base64.b64encode(RSASSA_PKCS1_v1_5_sign(hashlib.sha256(signed), key))


def _signed(name: bytes, tags: str, names: list[str], message: bytes) -> bytes:
    """A field of that name over the message, with ``b=`` at its end."""
    bare = Field(name, f" {tags}; b=".encode() + b"\r\n")
    return name + b": " + tags.encode() + b"; b=" + _rsa(header_input(SignedMessage(message), bare, names, b"relaxed")) + b"\r\n"  # fmt: skip


def dkim(tags: str, names: str = "from to subject from", message: bytes = MESSAGE) -> AuthResult:
    raw = _signed(b"DKIM-Signature", tags, names.split(), message) + message
    (result,) = World(WORLD).run(lambda facts: check_dkim(SignedMessage(raw), Answers(facts), None))
    return result


@pytest.mark.parametrize(
    "tags",
    [
        f"v=1; {TAGS}",
        f"v=1; {TAGS}; q=dns/txt",
        f"v=1; {TAGS}; q=foo/bar:dns/txt:exam/ple",  # one known method is enough (§3.5)
        f"v=1; {TAGS}; i=ann@list.example",
        f"v=1; {TAGS}; i=ann=40list=2Eexample",  # quoted-printable of a kind (§2.11)
        f"v=1; {TAGS}; i=@mail.list.example",
        f"v=1; {TAGS}; x_unknown=anything",
        f"{TAGS}; v = 1",
        f"v=1;{TAGS}; l=11",
        f"v=1; {TAGS}".replace("d=list.example", "d=LIST.example"),
        f"v=1; {TAGS}".replace("h=from:to:subject", "h= From : To:SUBJECT"),
        f"v=1; {TAGS}".replace(HASH, f"{HASH[:9]} \r\n\t{HASH[9:]}"),
    ],
)
def test_forms_of_a_signature_that_hold(tags: str) -> None:
    assert dkim(tags).result == "pass", tags


@pytest.mark.parametrize(
    ("tags", "word"),
    [
        (TAGS, "permerror"),  # v= is missing
        (f"v=0.5; {TAGS}", "neutral"),
        (f"v=1; {TAGS}; q=dns", "neutral"),
        (f"v=1; {TAGS}; i=ann=40other.example", "permerror"),
        (f"v=1; {TAGS}; l=9", "fail"),
        (f"v=1; {TAGS}; l=12", "permerror"),  # more than there is (§3.5)
        (f"v=1; {TAGS}; l=x", "permerror"),
        (f"v=1; {TAGS};; ", "permerror"),
        (f"v=1; {TAGS}; D=list.example", "pass"),  # another tag: names have a case
        (f"v=1; {TAGS}".replace("d=list", "D=list"), "permerror"),
        (f"v=1; {TAGS}".replace("h=from:to:subject", "h=to:subject"), "permerror"),
        (f"v=1; {TAGS}".replace("rsa-sha256", "rsa-sha512"), "neutral"),
    ],
)
def test_forms_of_a_signature_that_do_not_hold(tags: str, word: str) -> None:
    assert dkim(tags).result == word, tags


def arc(
    ams: str, seal: str, *, records: Records = WORLD, results: str = "i=1; list.example; dkim=pass"
) -> str:
    """The word for one set whose three fields have these tags; both signatures are made over what stands there."""
    aar = f"ARC-Authentication-Results: {results}\r\n".encode()
    signature = _signed(b"ARC-Message-Signature", ams, ["from", "to", "subject"], MESSAGE)
    fields = [Field(*line.split(b":", 1)) for line in (aar, signature)]
    bare = Field(b"ARC-Seal", f" {seal}; b=".encode())
    over = b"".join(map(relaxed_field, fields)) + relaxed_field(bare).removesuffix(b"\r\n")
    raw = b"ARC-Seal: " + seal.encode() + b"; b=" + _rsa(over) + b"\r\n" + signature + aar + MESSAGE
    return World(records).run(lambda facts: check_arc(SignedMessage(raw), Answers(facts))).result


AMS = f"i=1; {TAGS}"
SEAL = "i=1; a=rsa-sha256; cv=none; d=list.example; s=s1"


@pytest.mark.parametrize(
    ("ams", "seal"),
    [
        (AMS, SEAL),
        (AMS.replace(";", "  ;  "), SEAL.replace(";", " ; ")),
        (AMS.replace("=", " = ", 3), SEAL.replace("=", " = ")),
        (f"{AMS}; w=catparty", f"{SEAL}; w=catparty"),
        (f"{AMS}; t=1490901869", f"{SEAL}; t=1490901869"),
        (AMS.replace("c=relaxed/relaxed; ", ""), SEAL),
        (f"{TAGS}; i=1", "a=rsa-sha256; cv=none; d=list.example; s=s1; i=1"),
        (AMS.replace("h=from", "h= From "), SEAL),
    ],
)
def test_forms_of_a_set_that_hold(ams: str, seal: str) -> None:
    if "c=" not in ams:
        simple = base64.b64encode(hashlib.sha256(b"Hello  Bob \r\n").digest()).decode()
        assert arc(ams, seal) == "pass" or arc(ams.replace(HASH, simple), seal) == "pass"
    else:
        assert arc(ams, seal) == "pass"


@pytest.mark.parametrize(
    ("ams", "seal"),
    [
        (AMS.replace("i=1", "i=0"), SEAL),
        (AMS.replace("i=1; ", ""), SEAL),
        (AMS.replace("i=1", "i=one"), SEAL),
        (AMS.replace("a=rsa-sha256", "a=rsa-sha1"), SEAL),
        (AMS.replace("a=rsa-sha256", "A=rsa-sha256"), SEAL),
        (AMS.replace("c=relaxed/relaxed", "c=bold"), SEAL),
        (AMS.replace("d=list.example", "d=not_a_domain"), SEAL),
        (AMS.replace("h=from:to:subject", "h=from:to:subject:arc-seal"), SEAL),
        (f"{AMS}; s=s1", SEAL),
        (f"{AMS};;t=1", SEAL),
        (AMS.replace(HASH, HASH[:-4]), SEAL),
        (AMS, SEAL.replace("i=1", "i=2")),
        (AMS, SEAL.replace("cv=none; ", "")),
        (AMS, SEAL.replace("cv=none", "cv=pass")),
        (AMS, SEAL.replace("cv=none", "cv=fail")),
        (AMS, SEAL.replace("rsa-sha256", "rsa-sha1")),
        (AMS, SEAL.replace("s=s1", "s=")),
        (AMS, f"{SEAL}; h=from"),
        (AMS, f"{SEAL}; d=list.example"),
        (AMS, SEAL.replace("cv=none", "CV=none")),
    ],
)
def test_forms_of_a_set_that_break_the_chain(ams: str, seal: str) -> None:
    assert arc(ams, seal) == "fail"


@pytest.mark.parametrize("results", ["list.example; dkim=pass", "i=2; x", "list.example; i=1; x", "i=1 x"])
def test_results_without_their_instance_in_front_break_the_chain(results: str) -> None:  # RFC 8617 §4.1.1
    assert arc(AMS, SEAL, results=results) == "fail"


def test_a_short_key_breaks_the_chain() -> None:
    small: Records = {"s1._domainkey.list.example": [("TXT", rsa_key(512, 4).record)]}
    assert arc(AMS, SEAL, records=small) == "fail"


def test_a_client_name_without_an_answer_is_passed_over() -> None:  # RFC 7208 §5.5
    records: Records = {
        "example.org": [("TXT", b"v=spf1 ptr -all")],
        "4.2.0.192.in-addr.arpa": [("PTR", "silent.example.org"), ("PTR", "mail.example.org")],
        "silent.example.org": [("TIMEOUT", None)],
        "mail.example.org": [("A", "192.0.2.4")],
    }

    def step(facts: Facts) -> AuthResult:
        answers = Answers(facts)
        result = answers.attempt(lambda: check_spf("192.0.2.4", "a@example.org", "x.example", answers))
        answers.settle()
        assert result is not None
        return result

    assert World(records).run(step).result == "pass"
