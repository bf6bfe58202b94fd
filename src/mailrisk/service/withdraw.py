"""Analysts' words: withdrawing a listing for good, and listing an indicator by hand."""

from __future__ import annotations

from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.indicator import parse_indicator
from mailrisk.model.verdict import Category
from mailrisk.service.answers import Listed
from mailrisk.service.barriers import never_listed
from mailrisk.service.check_url import rule_covering
from mailrisk.service.context import Context
from mailrisk.service.record import record

MAX_COMMENT = 500
"""Longest reason text, in characters."""


def withdraw(
    context: Context, text: str, *, comment: str, analyst: str, tenant: int = SHARED
) -> list[Listed]:
    """Takes a listing back and exempts the indicator until an analyst lists it again.

    A URL is withdrawn as the listing that covers its page (``/login`` covers ``/login?id=1``). A host
    takes the listings of its URLs and paths with it. A wider listing than the one named stays, and
    the exemption hides it for the indicator named alone. BadInput: no indicator, no reason given.
    """
    subject, scheme = parse_indicator(text)
    comment = _checked(comment)
    subjects = [_page(context, subject, tenant)]
    if subject.kind is Kind.HOST:
        subjects.extend(context.ledger.listed_below(subject.value, tenant=tenant))
    return _say(context, "analyst-withdrawn", subjects, scheme, comment, analyst, tenant)


def list_by_hand(
    context: Context, text: str, *, comment: str, category: str, analyst: str, tenant: int = SHARED
) -> list[Listed]:
    """Lists an indicator on an analyst's word; lifts an exemption. BadInput: it is never listed.

    Without a ``category`` an address is ``listed``, for nobody said what it does; anything else phishes for passwords.
    """
    subject, scheme = parse_indicator(text)
    if not category:
        address = subject.kind in (Kind.IP, Kind.NETWORK)
        category = Category.LISTED if address else Category.CREDENTIAL_PHISHING
    comment = _checked(comment)
    if why := never_listed(context.knowledge, subject, by_analyst=True):
        raise BadInput("indicator", f"{subject.display(scheme)} is {why} and is never listed")
    domain = context.knowledge.hosts.registrable(subject.host)
    if subject.kind is Kind.DOMAIN and domain != subject.value:
        raise BadInput("indicator", f"a domain is listed as a whole: say domain:{domain}, or list the host")
    return _say(context, "analyst-malicious", [subject], scheme, comment, analyst, tenant, category)


def _checked(comment: str) -> str:
    if not comment.strip():
        raise BadInput("reason", "say why: the reason is kept with the decision")
    if len(comment) > MAX_COMMENT:
        raise BadInput("reason", f"longer than {MAX_COMMENT} characters")
    return comment.strip()


def _page(context: Context, subject: Subject, tenant: int) -> Subject:
    """The listing of the same page, if that is what covers the URL, else the URL itself."""
    if subject.kind is not Kind.URL:
        return subject
    rule = rule_covering(context, subject, tenant)
    return rule.subject if rule is not None and rule.subject.kind is Kind.URL else subject


def _say(
    context: Context,
    code: str,
    subjects: list[Subject],
    scheme: str,
    comment: str,
    analyst: str,
    tenant: int,
    category: str = "",
) -> list[Listed]:
    now = context.clock()
    evidence = [
        Evidence(
            code=code, subject=subject, source=f"analyst:{analyst}", seen_at=now, category=category,
            data={"comment": comment}, ref=now.isoformat(), tenant=tenant,
        )
        for subject in subjects
    ]  # fmt: skip
    return record(context, evidence, schemes=dict.fromkeys(subjects, scheme))
