"""All authentication of one message. Start here.

``authenticate`` is pure: it raises NeedFact with every DNS question that it can foresee, and is called again with
the answers. What does not depend on one another is asked in one round: the keys of all signatures, the tree walk
of the author domain, the SPF record and the first level of what it includes; ordinary mail needs two or three
rounds, an SPF record that includes ten levels deep needs eleven. No cryptography runs before the first
round's answers are there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mailrisk.analyse.message.auth.answers import Answers
from mailrisk.analyse.message.auth.arc import arc_questions, check_arc
from mailrisk.analyse.message.auth.canonical import SignedMessage
from mailrisk.analyse.message.auth.dkim import check_dkim, dkim_questions
from mailrisk.analyse.message.auth.dmarc import Dmarc, check_dmarc, dmarc_questions, exists
from mailrisk.analyse.message.auth.spf import check_spf
from mailrisk.analyse.message.auth.trusted import Told, read_trusted
from mailrisk.model.errors import BadInput
from mailrisk.model.facts import Facts
from mailrisk.model.message import Authentication, AuthResult, Envelope, Message
from mailrisk.model.url.canonical import parse_url


def authenticate(
    raw: bytes,
    message: Message,
    envelope: Envelope,
    facts: Facts,
    trusted_hosts: frozenset[str],
    network: bool,
    results_below: bool = False,
) -> Authentication:
    """SPF, DKIM, DMARC and ARC of one message.

    ``raw`` are the bytes that ``message`` was parsed from. Without ``envelope.client_ip`` SPF rests on headers of
    ``trusted_hosts``, else it is ``not-checked``; without ``network`` that holds for all four. ``results_below``: see
    ``trusted.py``. Raises NeedFact for DNS answers that are not in ``facts`` yet, and nothing else.
    """
    told = read_trusted(message, trusted_hosts, results_below)
    author = author_domain(message)
    if not network:
        return _as_told(told, author)
    answers = Answers(facts)
    spf = answers.attempt(lambda: _spf(envelope, told, answers))
    if spf is None and author and answers.peek(f"_dmarc.{author}", "TXT") is not None:
        answers.settle()  # everything else was asked in the first round; only SPF goes on asking
    signed = SignedMessage(raw)
    answers.want(dkim_questions(signed))
    answers.want(arc_questions(signed))
    if author:
        answers.want(dmarc_questions(author))
    answers.settle()
    assert spf is not None
    dkim = check_dkim(signed, answers, arrival(message))
    arc = check_arc(signed, answers)
    if not author:
        return Authentication(spf=spf, dkim=dkim, dmarc=_no_author(message), arc=arc)
    dmarc = check_dmarc(author, spf, dkim, answers)
    return Authentication(
        spf=dmarc.spf,
        dkim=dmarc.dkim,
        dmarc=dmarc.result,
        arc=arc,
        authenticated_domain=author if _vouched(dmarc) else "",
        policy=dmarc.policy,
        author_mail=_takes_mail(author, answers),
    )


def author_domain(message: Message) -> str:
    """The one domain of the From header as A-labels, lower case; '' when there is none or several (§5.3.1)."""
    domains = {address.domain for address in message.from_ if address.domain}
    if len(domains) != 1 or len(message.all_headers("From")) != 1:
        return ""
    domain = domains.pop().rstrip(".")
    if not domain.isascii():
        try:
            # As browsers do it (UTS 46, IDNA2008): ß stays a letter of its own, fass.de is not faß.de (RFC 5890).
            domain = parse_url(f"http://{domain}/").host
        except BadInput:
            return ""
    return domain if "." in domain and len(domain) <= 253 else ""


def arrival(message: Message) -> datetime | None:
    """When our side received the message: the date of the topmost Received line; None if unknown."""
    stamp = message.header("Received").rpartition(";")[2].strip()
    try:
        date = parsedate_to_datetime(stamp[:100]) if stamp else None
        return date.replace(tzinfo=date.tzinfo or UTC) if date else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _spf(envelope: Envelope, told: Told, answers: Answers) -> AuthResult:
    """SPF from the envelope; without one from trusted headers, whose own verdict goes before ours."""
    if envelope.client_ip:
        return check_spf(envelope.client_ip, envelope.mail_from, envelope.helo, answers)
    if told.spf is not None:
        return told.spf
    if told.client is not None:
        return check_spf(told.client.client_ip, told.client.mail_from, told.client.helo, answers)
    return AuthResult(result="not-checked", reason="no envelope, and no header of a trusted host")


def _no_author(message: Message) -> AuthResult:
    """§5.3.1: DMARC needs exactly one author domain."""
    count = len({address.domain for address in message.from_ if address.domain})
    reason = f"From names {count} domains" if count != 1 else "From is given twice or is no domain name"
    return AuthResult(result="permerror", reason=reason)


def _vouched(dmarc: Dmarc) -> bool:
    """True if an aligned SPF or DKIM pass speaks for the author domain."""
    return dmarc.spf.aligned or any(signature.aligned for signature in dmarc.dkim)


def _takes_mail(author: str, answers: Answers) -> str:
    """Whether the author domain can receive mail: ``yes``, ``no``, ``nonexistent`` or '' (unknown)."""
    facts = [answers.get(author, rrtype) for rrtype in ("MX", "A", "AAAA")]
    if facts[0].status == "found":
        hosts = [str(host).rstrip(".") for _, host in facts[0].value]
        return "yes" if any(hosts) else "no"  # RFC 7505: a null MX takes no mail
    if any(fact.status == "found" for fact in facts[1:]):
        return "yes"
    if any(fact.status != "absent" for fact in facts):
        return ""
    return "no" if exists(author, answers) else "nonexistent"


def _as_told(told: Told, author: str) -> Authentication:
    """Results without network: what trusted headers say, ``not-checked`` for the rest."""
    silent = AuthResult(result="not-checked", reason="made without network")
    dmarc = told.dmarc or silent
    if dmarc.result == "pass" and dmarc.domain not in ("", author):
        dmarc = AuthResult(result="not-checked", reason=f"told about {dmarc.domain}, not about {author}")
    aligned = dmarc.result == "pass" and bool(author)
    return Authentication(
        spf=told.spf or silent,
        dkim=told.dkim or (silent,),
        dmarc=dmarc,
        arc=told.arc or silent,
        authenticated_domain=author if aligned else "",
    )
