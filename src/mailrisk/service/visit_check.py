"""What is known about one page that somebody is about to open: the page, its domain, and the address behind it.

An address counts by what was seen of its web pages or what feeds say of it, never by logins or by mail: nobody is kept
from a site because a mail server elsewhere was attacked from its address. Whoever shares the address is not convicted by
it either: it makes a visit ``suspicious`` at most.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from mailrisk.model.errors import BadInput
from mailrisk.model.facts import FactKey
from mailrisk.model.ip import parse_ip, reserved_range
from mailrisk.model.policy import Policy
from mailrisk.model.subject import Kind
from mailrisk.model.url.canonical import MAX_LENGTH
from mailrisk.model.verdict import SEVERITY, Category, Level
from mailrisk.service.answers import ErrorAnswer, IpAnswer, ShortReason, UrlAnswer
from mailrisk.service.check_ip import check_one
from mailrisk.service.check_url import Analyse, Looked, list_age, look_up, url_answer
from mailrisk.service.context import Context

NOT_OF_THE_WEB: Final = frozenset({"login", "sending"})
"""Stages and groups of evidence about an address that say nothing about its web pages."""

MOST_ADDRESSES: Final = 4
RESOLVE_S: Final = 1.0


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a page. ``listed``: by a listing, which holds for everybody and at once.

    ``incomplete``: something that was asked for could not be found out.
    """

    level: Level
    score: int = 0
    category: Category | None = None
    indicator: str = ""
    reasons: tuple[ShortReason, ...] = ()
    listed: bool = False
    exempt: bool = False
    incomplete: bool = False


class Weighed(NamedTuple):
    """What is known of a page, and what the policy wants. ``unchecked``: it was to be scanned, and the scan failed."""

    found: Found
    wanted: str
    domain: str
    host_only: bool
    common: bool = False
    unchecked: bool = False


_TUNNEL: Final = re.compile(r"(?:[^\s/?#@\\:\[\]]{1,255}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}")
"""What a CONNECT asks for (RFC 9110 §9.3.6)."""


def address_of(url: str, method: str) -> tuple[str, bool]:
    """(URL to look up, whether only host and port are known).

    Of a URL that is too long to be read the beginning is looked up: nobody gets past a listing of a site by a long query.
    """
    if method.upper() == "CONNECT":
        if not _TUNNEL.fullmatch(url):
            raise BadInput("url", "of a CONNECT is HOST:PORT")
        return f"https://{url}/", True
    return url[:MAX_LENGTH], False


def listed(context: Context, text: str, tenant: int, *, host_only: bool) -> tuple[Looked, Found | None]:
    """What the index says; None: nothing. BadUrl, TooLarge.

    Where the path is unknown, a listing of one page or path says nothing about the visit.
    """
    looked = look_up(context, text, tenant)
    rule = looked.rule
    if rule is not None and host_only and rule.subject.kind in (Kind.URL, Kind.PATH):
        looked, rule = msgspec.structs.replace(looked, rule=None), None
    if rule is None:
        return looked, None
    answer = url_answer(context, text, looked, Analyse.NONE, context.clock(), list_age(context))
    return looked, _found(answer, listed=rule.listing is not None, exempt=rule.listing is None)


def analysed(context: Context, text: str, looked: Looked) -> Found:
    """What the text of an unlisted URL says."""
    answer = url_answer(context, text, looked, Analyse.STATIC, context.clock(), list_age(context))
    return _found(answer)


def of_answer(answer: UrlAnswer | ErrorAnswer) -> Found | None:
    """What a scan said; None if it said nothing."""
    return _found(answer) if isinstance(answer, UrlAnswer) else None


def _found(answer: UrlAnswer, *, listed: bool = False, exempt: bool = False) -> Found:
    return Found(
        level=answer.level,
        score=answer.score,
        category=answer.category,
        indicator=answer.indicator,
        reasons=answer.reasons,
        listed=listed,
        exempt=exempt,
        incomplete=bool(answer.missing_stages),
    )


def worse(one: Found, other: Found | None) -> Found:
    """The more severe of two, the first one if they are equal."""
    return one if other is None or SEVERITY[other.level] <= SEVERITY[one.level] else other


def of_addresses(context: Context, ips: Iterable[str], tenant: int) -> Found | None:
    """What is known about the addresses behind a name; None: nothing that concerns a visit."""
    worst: Found | None = None
    now, age = context.clock(), list_age(context)
    with context.index.view() as view:
        for text in list(ips)[:MOST_ADDRESSES]:
            answer = check_one(context, view, text, tenant, now, age)
            if isinstance(answer, IpAnswer) and (found := _of_address(context.policy, answer)):
                worst = found if worst is None else worse(worst, found)
    return worst


def _of_address(policy: Policy, answer: IpAnswer) -> Found | None:
    """The address weighed anew without what was seen of logins and mail."""
    counted = [reason for reason in answer.reasons if _counts(policy, reason.code)]
    document = policy.document
    slope, offset = document.calibration_of(Kind.IP.value)
    logit = document.prior[Kind.IP.value] + sum(reason.weight for reason in counted)
    probability = 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, slope * logit + offset))))
    if not counted or probability < document.thresholds.medium:
        return None
    return Found(
        level=Level.SUSPICIOUS,
        score=round(100 * min(probability, document.not_convicted_below)),
        category=Category.PHISHING_HOST,
        indicator=answer.indicator,
        reasons=tuple(counted),
    )


def _counts(policy: Policy, code: str) -> bool:
    rule = policy.document.reasons.get(code)
    return rule is not None and rule.weight > 0 and not {rule.stage, rule.group} & NOT_OF_THE_WEB


async def resolved(context: Context, host: str, given: str) -> list[str]:
    """Public addresses behind a name: what the proxy says, else what name servers say in time; none if nobody does."""
    try:
        return [one for one in [parse_ip(given or host.strip("[]"))] if not reserved_range(one)]
    except BadInput:
        pass
    if given or not context.network:
        return []
    try:
        async with asyncio.timeout(RESOLVE_S):
            fact = await context.resolver.lookup(FactKey("dns", host, "A"))
    except TimeoutError:
        return []
    return list(fact.value) if fact.status == "found" else []
