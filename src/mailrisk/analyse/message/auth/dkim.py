"""DKIM, RFC 6376: has the domain ``d=`` signed this message, and is it unaltered?

A ``DKIM-Signature`` field names a domain, a selector (together the DNS name of the public key), the signed
header fields ``h=``, a hash of the body ``bh=`` and the signature ``b=``. Results in the words of RFC 8601
§2.7.1: ``fail`` means altered, ``permerror`` that it can never be verified (no key, revoked, bad syntax),
``temperror`` that the DNS did not answer, ``policy`` that it holds but proves too little.
"""

from __future__ import annotations

import re
from datetime import datetime

from mailrisk.analyse.message.auth.answers import Answers
from mailrisk.analyse.message.auth.canonical import Field, SignedMessage
from mailrisk.analyse.message.auth.signature import (
    Unusable,
    canonicalization,
    check_algorithm,
    check_body,
    check_key,
    check_signature,
    header_input,
    key_name,
    load_key,
    parse_tags,
)
from mailrisk.model.message import AuthResult

MAX_SIGNATURES = 10
"""Signatures verified of one message; further ones are reported as ``policy``."""

_QUOTED = re.compile(r"=([0-9A-F]{2})")
VERSIONS = frozenset({"1"})
METHODS = frozenset({"dns/txt"})
REQUIRED = ("v", "a", "b", "bh", "d", "h", "s")


def dkim_questions(message: SignedMessage) -> list[tuple[str, str]]:
    """The DNS questions that the signatures of a message will ask."""
    questions = []
    for field in message.named(b"dkim-signature")[:MAX_SIGNATURES]:
        try:
            questions.append((key_name(parse_tags(field.value)), "TXT"))
        except Unusable:
            continue
    return questions


def check_dkim(message: SignedMessage, answers: Answers, arrived: datetime | None) -> tuple[AuthResult, ...]:
    """One result a signature, top one first. Raises NeedFact for a key nobody asked for yet."""
    fields = message.named(b"dkim-signature")
    results = [_check(message, field, answers, arrived) for field in fields[:MAX_SIGNATURES]]
    if len(fields) > MAX_SIGNATURES:
        extra = len(fields) - MAX_SIGNATURES
        results.append(AuthResult(result="policy", reason=f"{extra} more signatures were not looked at"))
    return tuple(results)


def _check(message: SignedMessage, field: Field, answers: Answers, arrived: datetime | None) -> AuthResult:
    """One signature."""
    tags: dict[str, str] = {}
    try:
        tags = parse_tags(field.value)
        names = _validate(tags, arrived)
        key = load_key(tags, answers)
        check_key(tags, key)
        _check_identity(tags, "s" in key.flags)
        signed = header_input(message, field, names, canonicalization(tags)[0])
        partial = _check_body(message, tags)
        check_signature(tags, key, signed)
        if partial is not None:
            raise partial
        word, reason = "pass", f"signed by {tags['d'].lower()}"
    except Unusable as problem:
        word, reason = problem.word, problem.reason
    domain = tags.get("d", "").lower().rstrip(".")[:253]
    return AuthResult(result=word, reason=reason, domain=domain, selector=tags.get("s", "")[:253])


def _check_body(message: SignedMessage, tags: dict[str, str]) -> Unusable | None:
    """The body check; a signature over a part of the body only counts if the signature itself holds."""
    try:
        check_body(message, tags)
    except Unusable as problem:
        if problem.word != "policy":
            raise
        return problem
    return None


def _validate(tags: dict[str, str], arrived: datetime | None) -> list[str]:
    """RFC 6376 §6.1.1. Returns the signed field names, lower case."""
    missing = [tag for tag in REQUIRED if not tags.get(tag)]
    if missing:
        raise Unusable("permerror", f"{missing[0]}= is missing")
    if tags.get("v", "") not in VERSIONS:
        raise Unusable("neutral", f"signature version {tags.get('v', '')[:20]!r} is unknown")
    check_algorithm(tags)
    key_name(tags)
    names = [name.strip().lower() for name in tags["h"].split(":")]
    if "from" not in names:
        raise Unusable("permerror", "From is not signed")
    if METHODS.isdisjoint(method.strip() for method in tags.get("q", "dns/txt").split(":")):
        raise Unusable("neutral", "key is not in the DNS")
    if (expiry := tags.get("x")) and arrived is not None:
        stamp = int(expiry) if re.fullmatch(r"\d{1,12}", expiry) else 0
        if stamp and arrived.timestamp() > stamp + 36_000:  # ten hours for clocks that are wrong
            raise Unusable("policy", "signature had expired when the message arrived")
    # A second From must not pass under a signature that covers one (RFC 6376 §8.15).
    return [*names, "from"]


def _check_identity(tags: dict[str, str], strict: bool) -> None:
    """``i=`` must lie within ``d=`` (§3.5), and be it exactly when the key has the flag ``t=s``.

    It is written in quoted-printable of a kind (§2.11): ``=40`` is an at sign, white space means nothing.
    """
    domain = tags["d"].lower()
    written = _QUOTED.sub(lambda found: chr(int(found[1], 16)), "".join(tags.get("i", f"@{domain}").split()))
    identity = written.lower().rpartition("@")[2]
    if identity != domain and (strict or not identity.endswith(f".{domain}")):
        raise Unusable("permerror", "i= is outside of d=")
