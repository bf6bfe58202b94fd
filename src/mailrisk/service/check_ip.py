"""Checking IP addresses: what we and the feeds have seen of them, since when, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from mailrisk.decide.response import response_for
from mailrisk.decide.verdict import decide
from mailrisk.model.change import Listing
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.ip import aggregate, parse_ip, reserved_in, reserved_range
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import SEVERITY, Level, Verdict
from mailrisk.service.answers import ErrorAnswer, IpAnswer, shorten
from mailrisk.service.check_url import list_age, standing, too_old
from mailrisk.service.context import LookupContext
from mailrisk.store.index_form import Rule
from mailrisk.store.index_view import View

MAX_BATCH = 10_000
"""Addresses in one request."""


class Order(StrEnum):
    """The order of the answers."""

    INPUT = "input"
    RISK = "risk"  # the most dangerous first, what is no address last


Rank = tuple[int, float]
"""Severity of the level, and probability."""


def check_ips(
    context: LookupContext, texts: Sequence[str], tenant: int = SHARED, order: Order = Order.INPUT
) -> list[IpAnswer | ErrorAnswer]:
    """One answer for each text. A bad one yields an ErrorAnswer and the rest goes on."""
    now = context.clock()
    age = list_age(context)
    with context.index.view() as view:
        answers = [check_one(context, view, text, tenant, now, age) for text in texts]
    return sorted(answers, key=rank_of, reverse=True) if order is Order.RISK else answers


def rank_of(answer: IpAnswer | ErrorAnswer) -> Rank:
    """Where an answer stands by risk."""
    return (-2, 0.0) if isinstance(answer, ErrorAnswer) else (SEVERITY[answer.level], answer.probability)


def check_one(
    context: LookupContext, view: View | None, text: str, tenant: int, now: datetime, age: timedelta | None
) -> IpAnswer | ErrorAnswer:
    """The answer for one text, from an index of this age. Without ``view`` it is listed nowhere."""
    try:
        ip = parse_ip(text.strip())
    except BadInput as error:
        return ErrorAnswer(input=text[:200], error=error.reason, field=error.field)
    tenants = (SHARED,) if tenant == SHARED else (tenant, SHARED)
    rules = [view.rule(found) for one in tenants for found in view.ip_matches(ip, one)] if view else []
    rule = worst(rules) if not reserved_range(ip) else None  # Whatever network holds it: it is ours.
    age_s = int(age.total_seconds()) if age is not None else 0
    if rule is not None and rule.listing is not None:
        return listed_answer(context, text, ip, rule.listing, now, age_s)
    evidence = _standing(ip, rule, now, age_s, too_old(context, age))
    verdict = decide(Subject(Kind.IP, ip), evidence, now, context.policy)
    return _answer(context, text, ip, verdict, now, age_s)


def worst(rules: Sequence[Rule]) -> Rule | None:
    """The rule that speaks: an exemption hides the wider ones behind it, else the most severe listing."""
    seen: list[Rule] = []
    for rule in rules:
        if rule.listing is None:
            return max(seen, key=_severity, default=rule)
        seen.append(rule)
    return max(seen, key=_severity, default=None)


def _severity(rule: Rule) -> tuple[int, float]:
    assert rule.listing is not None
    return SEVERITY[rule.listing.level], rule.listing.probability


def _standing(ip: str, rule: Rule | None, now: datetime, age_s: int, stale: bool) -> list[Evidence]:
    """Why there is no listing: the address is private, or as the index says."""
    subject = Subject(Kind.IP, ip)
    reserved = reserved_range(ip)
    if reserved:
        data = {"ip": ip, "range": reserved}
        return [Evidence(code="private-address", subject=subject, source="index", seen_at=now, data=data)]
    return standing(subject, rule, now, age_s, stale)


def listed_answer(
    context: LookupContext, text: str, ip: str, listing: Listing, now: datetime, age_s: int
) -> IpAnswer:
    """The answer that a listing gives."""
    known_for_s = max(0, int((now - listing.first_seen).total_seconds()))
    action, for_s = response_for(context.policy, listing.level, known_for_s)
    return IpAnswer(
        input=text,
        indicator=listing.value,
        level=listing.level,
        score=round(100 * listing.probability),
        probability=listing.probability,
        category=listing.category,
        first_detected=listing.first_seen,
        last_seen=listing.last_seen,
        valid_until=listing.valid_until,
        known_for_s=known_for_s,
        suggested_response=action,
        suggested_for_s=for_s,
        reasons=shorten(listing.reasons),
        stages=("intelligence",),
        list_age_s=age_s,
        **_place(context, ip),
    )


def _answer(
    context: LookupContext, text: str, ip: str, verdict: Verdict, now: datetime, age_s: int
) -> IpAnswer:
    """The answer for an address that is not listed: ``unknown`` unless an analyst exempted it."""
    exempt = any(reason.code == "exempted" for reason in verdict.reasons)
    level = Level.NONE if exempt else Level.UNKNOWN
    return IpAnswer(
        input=text,
        indicator=ip,
        level=level,
        score=verdict.score,
        probability=verdict.probability,
        category=None,
        first_detected=None,
        last_seen=None,
        valid_until=now + timedelta(seconds=context.policy.document.valid_for_s[level]),
        known_for_s=None,
        suggested_response=response_for(context.policy, level, 0)[0],
        suggested_for_s=None,
        reasons=shorten(verdict.reasons),
        stages=("intelligence",),
        list_age_s=age_s,
        **_place(context, ip),
    )


def verdict_answer(context: LookupContext, verdict: Verdict, level_now: Level) -> IpAnswer:
    """A verdict on an address or network as of some time, listed or not; the response is suggested from the level now.

    Private and reserved addresses are never acted upon.
    """
    ip = verdict.subject.value
    first = verdict.first_seen or verdict.at
    known_for_s = max(0, int((verdict.at - first).total_seconds()))
    action, for_s = response_for(context.policy, level_now, known_for_s)
    if reserved_in(ip) and not context.accept_private:
        action, for_s = "none", None
    return IpAnswer(
        input=ip,
        indicator=ip,
        level=verdict.level,
        score=verdict.score,
        probability=verdict.probability,
        category=verdict.category,
        first_detected=first,
        last_seen=verdict.last_seen,
        valid_until=verdict.valid_until or verdict.at,
        known_for_s=known_for_s,
        suggested_response=action,
        suggested_for_s=for_s,
        reasons=shorten(verdict.reasons),
        stages=("login",),
        as_of=verdict.at,
        **_place(context, ip.partition("/")[0]),
    )


def _place(context: LookupContext, ip: str) -> dict[str, Any]:
    """Where the address is, as far as public registries say; null where they do not.

    Without an announced network, ``network`` is the /24 or /48 to which evidence is aggregated.
    """
    place = context.locate(ip)
    wider = aggregate(ip)
    return {
        "country": (place.country if place else "") or None,
        "asn": (place.asn if place else 0) or None,
        "as_name": (place.as_name if place else "") or None,
        "network": (place.network if place else "") or (wider[-1] if wider else None),
    }
