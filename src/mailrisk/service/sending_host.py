"""The address that handed in a message judged malicious: evidence about that address, with much care.

Whoever reports says which address it was, and an address may send for very many. Nothing is said where the sender
is a provider's, a bulk mailer's, a forwarder's or our own, nor where it cannot be known whose it is. What is said
never convicts: one reporter is one voice, and it takes several messages for level ``medium``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mailrisk.model.evidence import Evidence
from mailrisk.model.ip import reserved_range
from mailrisk.model.message import AuthResult
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.hosts import HostClass
from mailrisk.model.verdict import Category, Level
from mailrisk.service.context import Context

if TYPE_CHECKING:
    from mailrisk.service.assess import Assessment

CODE: Final = "sent-malicious-message"

STEPS: Final = ((5, 1.5), (3, 1.2), (1, 1.0))
"""(distinct messages, value): with one reporter the fifth makes level ``medium``."""

SHARED_OPERATORS: Final = frozenset(
    {
        15169, 396982,  # Google, Google Cloud
        8075,  # Microsoft
        16509, 14618,  # Amazon
        714, 6185,  # Apple
        36646, 36647, 26101, 34010,  # Yahoo
        11377,  # SendGrid
        14782,  # Mailchimp
        22843, 26211,  # Proofpoint
        30031,  # Mimecast
        16417,  # Cisco mail gateways
        13335,  # Cloudflare
        54113,  # Fastly
        20940,  # Akamai
        45090, 132203,  # Tencent
        37963, 45102,  # Alibaba
        45062,  # NetEase
    }
)  # fmt: skip
"""Autonomous systems of mail providers, bulk mailers, mail gateways, clouds and CDNs: an address of theirs serves many."""

_MANY: Final = (HostClass.FREE_MAIL, HostClass.BULK_MAILER, HostClass.WRAPPER, HostClass.TENANT)


def sending_evidence(context: Context, found: Assessment, source: str) -> list[Evidence]:
    """``sent-malicious-message`` about the client address of a reported message, or nothing."""
    ip = found.envelope.client_ip
    if not ip or found.verdict.level is not Level.MALICIOUS or excused(context, found):
        return []
    subject = Subject(Kind.IP, ip)
    earlier = {row.evidence.ref for row in context.ledger.evidence_of(subject) if row.evidence.code == CODE}
    messages = len(earlier | {found.subject.value})
    spam = found.verdict.category is Category.GAMBLING_PORN_SPAM
    return [
        Evidence(
            code=CODE,
            subject=subject,
            source=source,
            seen_at=found.verdict.at,
            value=next(value for least, value in STEPS if messages >= least),
            data={"score": found.verdict.score, "messages": messages},
            category=Category.SPAM_SOURCE if spam else Category.PHISHING_SOURCE,
            ref=found.subject.value,
        )
    ]


def excused(context: Context, found: Assessment) -> str:
    """Why nothing is said about the client address, in a word; '' when something may be."""
    ip, knowledge = found.envelope.client_ip, context.knowledge
    if reserved_range(ip) or ip in knowledge.trusted_frontends:
        return "ours"
    helo = found.envelope.helo.lower().rstrip(".")
    if helo in knowledge.trusted_hosts or knowledge.hosts.registrable(helo) in knowledge.own_domains:
        return "ours"
    place = context.locate(ip)
    if place is not None and place.asn in SHARED_OPERATORS:
        return "shared"
    results = found.authentication
    if results.spf.result in ("not-checked", "temperror", "permerror"):
        return "unknown"
    signed = [one for one in results.dkim if one.result == "pass"]
    if results.arc.result not in ("none", "not-checked") or (signed and results.spf.result != "pass"):
        return "forwarder"
    vouched = [one for one in (results.spf, *signed) if one.result == "pass"]
    return "shared" if any(_serves_many(context, one) for one in vouched) else ""


def _serves_many(context: Context, result: AuthResult) -> bool:
    """Whether a domain that vouches for the message is one with which very many write."""
    hosts, domain = context.knowledge.hosts, result.domain.lower()
    whole = hosts.registrable(domain) or domain
    if whole in context.knowledge.own_domains:
        return True
    return any(hosts.rank(one) or hosts.has(one, *_MANY) for one in (domain, whole))
