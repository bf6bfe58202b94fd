"""DMARC, RFC 9989 (May 2026, obsoletes 7489): does what SPF or DKIM proved agree with the From header?

The *author domain* is the domain of From. A pass of SPF (domain of MAIL FROM) or DKIM (``d=``) counts when that
domain is *aligned*: identical (strict), or of the same organizational domain (relaxed). The author domain, its
organizational domain or its public suffix domain publishes what to do with mail that fails. Where these
domains begin is found by asking the DNS upwards (the tree walk, ``dmarc_record.py``); no list of public suffixes is
needed. ``pct`` is gone; ``np`` speaks for names that do not exist; ``t=y`` weakens the policy by one step.
"""

from __future__ import annotations

from typing import NamedTuple

from mailrisk.analyse.message.auth.answers import Answers
from mailrisk.analyse.message.auth.dmarc_record import (
    NoAnswer,
    Record,
    organizational_domain,
    questions,
    record_at,
    walk,
)
from mailrisk.model.message import AuthResult

_UNDECIDED = ("temperror", "not-checked")
_WEAKER = {"reject": "quarantine", "quarantine": "none", "none": "none"}  # §4.7, tag t


class Dmarc(NamedTuple):
    """The result, the policy that the domain asks for, and which results are aligned."""

    result: AuthResult
    policy: str
    spf: AuthResult
    dkim: tuple[AuthResult, ...]


def dmarc_questions(author: str) -> list[tuple[str, str]]:
    """The questions of the first round: the author domain's walk, and whether it exists and takes mail."""
    return [*questions(author), (author, "MX"), (author, "A"), (author, "AAAA")]


def check_dmarc(author: str, spf: AuthResult, dkim: tuple[AuthResult, ...], answers: Answers) -> Dmarc:
    """§5.3 for one author domain (lower case, A-labels). Raises NeedFact for answers nobody has yet.

    Without any record alignment means identity, and the result is ``none``. ``not-checked`` or
    ``temperror`` of SPF or DKIM without any aligned pass leaves DMARC undecided in the same word (§5.3.6).
    """
    try:
        found = _author_walk(author, spf, dkim, answers)
    except NoAnswer as problem:
        return Dmarc(AuthResult(result="temperror", reason=str(problem), domain=author), "", spf, dkim)
    organization = organizational_domain(author, found)
    applied = _applied(author, organization, found)
    silent: list[str] = []

    def aligned(result: AuthResult, strict: bool) -> AuthResult:
        try:
            return _aligned(result, author, organization, strict, answers)
        except NoAnswer as problem:
            silent.append(str(problem))
            return result

    spf = aligned(spf, applied is not None and applied.strict_spf)
    dkim = tuple(aligned(result, applied is not None and applied.strict_dkim) for result in dkim)
    if applied is None:
        reason = f"{author} publishes no DMARC record"
        return Dmarc(AuthResult(result="none", reason=reason, domain=author), "", spf, dkim)
    if applied.defect:
        return Dmarc(_inapplicable(author, applied), "", spf, dkim)
    policy = _policy(author, applied, answers)
    word, reason = _decide(author, spf, dkim, policy)
    if word == "fail" and silent:
        word, reason = "temperror", silent[0]
    return Dmarc(
        AuthResult(result=word, reason=reason, domain=author, aligned=word == "pass"), policy, spf, dkim
    )


def _author_walk(
    author: str, spf: AuthResult, dkim: tuple[AuthResult, ...], answers: Answers
) -> list[Record]:
    """The author domain's walk. §4.10.2 needs none above a record of its own when the author domain itself passed,
    so that a server that is silent above it changes nothing. Raises NoAnswer."""
    try:
        return walk(author, answers)
    except NoAnswer:
        own = record_at(author, answers)
        if own is None or not any(one.result == "pass" and one.domain == author for one in (spf, *dkim)):
            raise
        return [own]


def _inapplicable(author: str, record: Record) -> AuthResult:
    """A record that asks for nothing is as good as none; one that cannot be read is an error (§4.10.1)."""
    if record.defect == "empty":
        return AuthResult(result="none", reason=f"{record.domain} publishes no policy", domain=author)
    reason = f"the DMARC record of {record.domain} is malformed"
    return AuthResult(result="permerror", reason=reason, domain=author)


def _applied(author: str, organization: str, found: list[Record]) -> Record | None:
    """§4.10.1: the record of the author domain, else of its organization, else of its public suffix."""
    by_domain = {record.domain: record for record in found}
    for name in (author, organization):
        if name in by_domain:
            return by_domain[name]
    return next((record for record in found if record.psd == "y"), None)


def _policy(author: str, record: Record, answers: Answers) -> str:
    """§4.10.1: ``p`` at the author domain itself; above it ``sp``, or ``np`` for names that do not exist."""
    policy = record.policy
    if record.domain != author:
        policy = record.subdomains or record.policy
        if record.nonexistent and not exists(author, answers):
            policy = record.nonexistent
    return _WEAKER[policy] if record.testing else policy


def exists(domain: str, answers: Answers) -> bool:
    """False if the DNS says that the name does not exist at all (§3.2.14: NXDOMAIN, RFC 8020)."""
    return not any(
        (fact := answers.get(domain, rrtype)).status == "absent" and fact.value == "nxdomain"
        for rrtype in ("MX", "A")
    )


def _aligned(
    result: AuthResult, author: str, organization: str, strict: bool, answers: Answers
) -> AuthResult:
    """The result with ``aligned`` set (§4.4). Only a pass can be aligned. NoAnswer when nobody can tell.

    A domain's organizational domain is itself or above it, so that a walk is only needed for domains
    within the author's organization.
    """
    if result.result != "pass" or not result.domain:
        return result
    domain = result.domain
    aligned = domain == author
    if not aligned and not strict and (domain == organization or domain.endswith(f".{organization}")):
        aligned = organizational_domain(domain, walk(domain, answers)) == organization
    return AuthResult(
        result=result.result, reason=result.reason, domain=domain, selector=result.selector, aligned=aligned
    )


def _decide(author: str, spf: AuthResult, dkim: tuple[AuthResult, ...], policy: str) -> tuple[str, str]:
    """§5.3.5 and §5.3.6: the word and its reason."""
    for name, result in (("SPF", spf), *(("DKIM", signature) for signature in dkim)):
        if result.aligned:
            return "pass", f"{name} vouches for {author} ({result.domain})"
    for word in _UNDECIDED:
        open_ends = [
            name
            for name, result in (("SPF", spf), *(("DKIM", signature) for signature in dkim))
            if result.result == word
        ]
        if open_ends:
            return (
                word,
                f"nothing vouches for {author} so far, and {open_ends[0]} is {word} (policy {policy})",
            )
    return "fail", f"neither SPF nor DKIM vouches for {author} (policy {policy})"
