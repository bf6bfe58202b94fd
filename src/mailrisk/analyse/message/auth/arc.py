"""ARC, RFC 8617: an unbroken chain of what earlier handlers saw.

Every handler i adds a set: ``ARC-Authentication-Results`` (what it saw), ``ARC-Message-Signature`` (AMS, a DKIM
signature over the message as it left) and ``ARC-Seal`` (AS, over all sets so far; ``cv=`` says whether the chain
was intact before). Validation is §5.2: structure, newest AMS, all seals from the newest to the first.
A chain that passes says who handled the message, not that it is good.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from mailrisk.analyse.message.auth.answers import Answers
from mailrisk.analyse.message.auth.canonical import Field, SignedMessage, relaxed_field, without_signature
from mailrisk.analyse.message.auth.signature import (
    Unusable,
    check_algorithm,
    check_body,
    check_signature,
    header_input,
    key_name,
    load_key,
    parse_tags,
)
from mailrisk.model.message import AuthResult

MAX_SETS = 20
"""Sets followed; §4.2.1 allows 50, chains seen in real mail have at most seven."""

_NAMES = (b"arc-authentication-results", b"arc-message-signature", b"arc-seal")
_INSTANCE = re.compile(rb"[;\s]*i\s{0,20}=\s{0,20}(\d{1,3})\s{0,20}(?:;|\Z)")


class _Set(NamedTuple):
    """One ARC set: authentication results, message signature, seal."""

    aar: Field
    ams: Field
    seal: Field


def arc_questions(message: SignedMessage) -> list[tuple[str, str]]:
    """The DNS questions that validating the chain will ask."""
    questions = []
    try:
        chain = _chain(message)
        for arc_set in chain:
            questions.append((key_name(parse_tags(arc_set.seal.value)), "TXT"))
        for arc_set in chain[-1:]:
            questions.append((key_name(parse_tags(arc_set.ams.value)), "TXT"))
    except Unusable:
        return []
    return questions


def check_arc(message: SignedMessage, answers: Answers) -> AuthResult:
    """The chain's result; ``domain`` is the newest sealer. Raises NeedFact for keys not asked for yet."""
    domain = ""
    try:
        chain = _chain(message)
        if not chain:
            return AuthResult(result="none", reason="no ARC sets")
        seals = [parse_tags(arc_set.seal.value) for arc_set in chain]
        domain = seals[-1].get("d", "").lower()[:253]
        _check_cv(seals)
        _check_ams(message, chain[-1].ams, answers)
        for number in range(len(chain), 0, -1):
            _check_seal(chain[:number], seals[number - 1], answers)
    except Unusable as problem:
        word = "temperror" if problem.word == "temperror" else "fail"
        return AuthResult(result=word, reason=problem.reason, domain=domain)
    return AuthResult(result="pass", reason=f"{len(chain)} sets, sealed last by {domain}", domain=domain)


def _chain(message: SignedMessage) -> list[_Set]:
    """The sets in order. Raises Unusable unless instances 1..N each have exactly one of each field (§5.2.3)."""
    found: dict[int, dict[bytes, Field]] = {}
    for name in _NAMES:
        for field in message.named(name):
            match = _INSTANCE.match(field.value) if name == _NAMES[0] else None
            instance = int(match[1]) if match else _instance(field)
            if not 1 <= instance <= 50:
                raise Unusable("fail", f"ARC instance {instance} is out of range")
            if name in found.setdefault(instance, {}):
                raise Unusable("fail", f"ARC instance {instance} is given twice")
            found[instance][name] = field
    if len(found) > MAX_SETS:
        raise Unusable("fail", f"{len(found)} ARC sets, at most {MAX_SETS} are followed")
    if sorted(found) != list(range(1, len(found) + 1)) or any(len(fields) != 3 for fields in found.values()):
        raise Unusable("fail", "ARC chain has gaps")
    return [_Set(*(found[instance][name] for name in _NAMES)) for instance in sorted(found)]


def _instance(field: Field) -> int:
    """``i=`` of a signature or seal, wherever it stands; 0 if there is none."""
    value = parse_tags(field.value).get("i", "") if field.name.lower() != _NAMES[0] else ""
    return int(value) if re.fullmatch(r"\d{1,3}", value) else 0


def _check_cv(seals: list[dict[str, str]]) -> None:
    """``cv=`` is none in the first seal and pass in all others (§5.2.3)."""
    for number, tags in enumerate(seals, 1):
        wanted = "none" if number == 1 else "pass"
        if tags.get("cv", "").lower() != wanted:
            raise Unusable("fail", f"seal {number} says cv={tags.get('cv', '')[:20]}")


def _check_ams(message: SignedMessage, field: Field, answers: Answers) -> None:
    """The newest message signature (§5.1.2 of DKIM's rules: relaxed by default, no ``v=``)."""
    tags = parse_tags(field.value)
    tags.setdefault("c", "relaxed/relaxed")
    check_algorithm(tags)
    names = [name.strip().lower() for name in tags.get("h", "").split(":")]
    if "arc-seal" in names:  # §4.1.2
        raise Unusable("fail", "ARC-Message-Signature signs a seal")
    key = load_key(tags, answers)
    how = b"relaxed" if tags["c"].lower().startswith("relaxed") else b"simple"
    signed = header_input(message, field, names, how)
    check_body(message, tags)
    check_signature(tags, key, signed)


def _check_seal(chain: list[_Set], tags: dict[str, str], answers: Answers) -> None:
    """The seal of the last set given, over all sets up to it (§5.1.1), relaxed."""
    check_algorithm(tags)
    if "h" in tags:  # §4.1.3
        raise Unusable("fail", "seal has h=")
    key = load_key(tags, answers)
    fields = [field for arc_set in chain for field in arc_set]
    last = fields.pop()
    signed = b"".join(map(relaxed_field, fields))
    bare = relaxed_field(Field(last.name, without_signature(last.value)))
    check_signature(tags, key, signed + bare.removesuffix(b"\r\n"))
