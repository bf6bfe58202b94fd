"""Checking URLs: the look-up index first, the pure URL analysis for what is not listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from mailrisk.analyse.url.registry import analyse_url, analyse_urls
from mailrisk.decide.verdict import decide
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.subject import Subject
from mailrisk.model.url.canonical import Url, parse_url
from mailrisk.model.url.unwrap import Unwrapped, unwrap
from mailrisk.model.verdict import Level, Verdict
from mailrisk.service.answers import ErrorAnswer, UrlAnswer, shorten
from mailrisk.service.context import LookupContext
from mailrisk.service.link_budget import LinkBudget
from mailrisk.store.index_form import Rule
from mailrisk.store.index_view import Match, View

MAX_BATCH = 1_000
"""URLs in one request."""

MAX_BATCH_CHARS = 1_100_000
"""Characters of the URLs of one request whose text is analysed: more than a look-up worker reads at all."""


class Analyse(StrEnum):
    """What is added for URLs that are not listed."""

    NONE = "none"  # nothing: the gateway's fast path
    STATIC = "static"  # the analysis of the URL's text; never more than suspicious
    SCAN = "scan"  # also asks about its domain, and opens it in the sandbox, once that exists


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """A URL with where it leads and the rule that covers it, if any."""

    url: Url
    unwrapped: Unwrapped
    rule: Rule | None


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """A URL with where it leads and the stored rule that covers it, if any."""

    url: Url
    unwrapped: Unwrapped
    match: Match | None


def list_age(context: LookupContext, view: View | None = None) -> timedelta | None:
    """How long ago the index agreed with the ledger; None if it never did."""
    agreed = context.index.agreed_at() if view is None else view.agreed_at()
    return None if agreed is None else max(timedelta(0), context.clock() - agreed)


def too_old(context: LookupContext, age: timedelta | None) -> bool:
    """Whether nothing may be concluded from a miss in an index of this age."""
    return age is None or age > context.index_max_age


def stale(context: LookupContext) -> bool:
    """Whether the index has fallen so far behind that nothing may be concluded from a miss."""
    return too_old(context, list_age(context))


def look_up(context: LookupContext, text: str, tenant: int = SHARED) -> Looked:
    """Parses, unwraps and looks up one URL: itself, every wrapper's target, and URLs that it carries along.

    BadUrl, TooLarge: ``text`` is no URL.
    """
    with context.index.view() as view:
        return looked(view, matched(context, view, text, tenant))


def matched(context: LookupContext, view: View, text: str, tenant: int) -> Matched:
    """As ``look_up``, in a view that is open, and without reading the rule itself."""
    url = parse_url(text)
    known = context.knowledge
    unwrapped = unwrap(url, known.hosts, known.own_domains, known.link_base)
    if unwrapped.url is url and not unwrapped.embedded:
        return Matched(url=url, unwrapped=unwrapped, match=_match(context, view, url, tenant))
    # What is passed on the way can only be listed: its exemption is not one of where the link leads.
    match = _match(context, view, unwrapped.url, tenant)
    for step in (url, *(hop for _, hop in unwrapped.hops), *unwrapped.embedded):
        if match is not None and match.is_listing:
            break
        found = _match(context, view, step, tenant)
        if found is not None and found.is_listing:
            match = found
    return Matched(url=url, unwrapped=unwrapped, match=match)


def looked(view: View, found: Matched) -> Looked:
    """A match with its rule read."""
    rule = None if found.match is None else view.rule(found.match)
    return Looked(url=found.url, unwrapped=found.unwrapped, rule=rule)


def rule_for(context: LookupContext, url: Url, tenant: int = SHARED) -> Rule | None:
    """The listing or exemption that covers one URL, a tenant's own before the shared ones."""
    with context.index.view() as view:
        found = _match(context, view, url, tenant)
        return None if found is None else view.rule(found)


def rule_covering(context: LookupContext, subject: Subject, tenant: int) -> Rule | None:
    """The rule that covers a URL indicator: its own or a wider one."""
    return rule_for(context, parse_url(subject.display()), tenant)


def match_plain(context: LookupContext, view: View, host: str, key: str, tenant: int) -> Match | None:
    """As ``matched`` for a plain link (``model/url/plain.py``): only the rule, since it leads nowhere else."""
    registrable = context.knowledge.hosts.registrable
    if tenant != SHARED and (own := view.match_key(host, key, registrable, tenant)):
        return own
    return view.match_key(host, key, registrable, SHARED)


def _match(context: LookupContext, view: View, url: Url, tenant: int) -> Match | None:
    registrable = context.knowledge.hosts.registrable
    if tenant != SHARED and (own := view.match(url, registrable, tenant)):
        return own
    return view.match(url, registrable, SHARED)


def check_urls(
    context: LookupContext, texts: Sequence[str], analyse: Analyse = Analyse.STATIC, tenant: int = SHARED
) -> list[UrlAnswer | ErrorAnswer]:
    """One answer for each text, in order. A bad one yields an ErrorAnswer and the rest goes on.

    Beyond MAX_BATCH_CHARS characters ``missing_stages`` says that the text was not analysed.
    """
    budget = LinkBudget(MAX_BATCH, MAX_BATCH_CHARS)
    age = list_age(context)
    now = context.clock()
    answers: list[UrlAnswer | ErrorAnswer] = []
    for text in texts:
        try:
            seen = look_up(context, text, tenant)
        except BadInput as error:
            answers.append(refusal(text, error))
        else:
            if analyse is Analyse.NONE or budget.analyse(text):
                answers.append(url_answer(context, text, seen, analyse, now, age))
            else:
                answers.append(url_answer(context, text, seen, Analyse.NONE, now, age, NOT_ANALYSED))
    return answers


def refusal(text: str, error: BadInput) -> ErrorAnswer:
    """The answer for a text that is no URL."""
    return ErrorAnswer(input=text[:2000], error=error.reason, field=error.field)


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What other stages found out about a URL that is not listed.

    ``text`` what its text says, where many texts were analysed at once; None: it is still to be analysed
    """

    evidence: tuple[Evidence, ...] = ()
    text: tuple[Evidence, ...] | None = None
    stages: tuple[str, ...] = ()
    missing_stages: tuple[str, ...] = ()


NOTHING_ADDED = Added()
NOT_ANALYSED = Added(missing_stages=("url",))


def url_answer(
    context: LookupContext,
    text: str,
    looked: Looked,
    analyse: Analyse,
    now: datetime,
    age: timedelta | None,
    added: Added = NOTHING_ADDED,
) -> UrlAnswer:
    """The answer for one URL that was looked up in an index of this age."""
    rule = looked.rule
    age_s = int(age.total_seconds()) if age is not None else 0
    if rule is not None and rule.listing is not None:
        return listed_answer(text, rule, looked.unwrapped, age_s)
    return _unlisted(context, text, looked, analyse, now, age_s, too_old(context, age), added)


def listed_answer(text: str, rule: Rule, unwrapped: Unwrapped, age_s: int) -> UrlAnswer:
    """The answer that a listing gives."""
    listing = rule.listing
    assert listing is not None
    return UrlAnswer(
        input=text,
        indicator=rule.subject.display(listing.scheme),
        level=listing.level,
        score=round(100 * listing.probability),
        probability=listing.probability,
        category=listing.category,
        scope=listing.kind,
        first_seen=listing.first_seen,
        last_seen=listing.last_seen,
        valid_until=listing.valid_until,
        target=listing.target,
        reasons=shorten(listing.reasons),
        stages=("intelligence",),
        via=tuple(name for name, _ in unwrapped.hops),
        list_age_s=age_s,
    )


def _unlisted(
    context: LookupContext,
    text: str,
    looked: Looked,
    analyse: Analyse,
    now: datetime,
    age_s: int,
    is_stale: bool,
    added: Added,
) -> UrlAnswer:
    """The answer when no listing covers the URL: exemption, staleness, or the analysis of its text."""
    final = looked.unwrapped.url
    subject = final.subject
    evidence = standing(subject, looked.rule, now, age_s, is_stale)
    stages = ["intelligence"]
    if analyse is not Analyse.NONE and not (looked.rule and looked.rule.listing is None):
        evidence.extend(static_evidence(context, looked, now) if added.text is None else added.text)
        evidence.extend(added.evidence)
        stages.extend(("url", *added.stages))
    verdict = decide(subject, evidence, now, context.policy)
    if is_stale and verdict.level is Level.CLEAN:
        verdict = msgspec.structs.replace(verdict, level=Level.UNKNOWN)
    return UrlAnswer(
        input=text,
        indicator=final.text,
        level=verdict.level,
        score=verdict.score,
        probability=verdict.probability,
        category=verdict.category,
        scope=None,
        first_seen=None,
        last_seen=None,
        valid_until=verdict.valid_until or now,
        target=verdict.target,
        reasons=shorten(verdict.reasons),
        stages=tuple(stages),
        via=tuple(name for name, _ in looked.unwrapped.hops),
        missing_stages=added.missing_stages,
        list_age_s=age_s,
    )


def standing(
    subject: Subject, rule: Rule | None, now: datetime, age_s: int, is_stale: bool
) -> list[Evidence]:
    """Where an unlisted indicator stands with the index: exempted, not listed, or it is too old to say."""
    if rule is not None:
        data = {"since": str((rule.since or now).date()), "comment": rule.comment}
        return [Evidence(code="exempted", subject=subject, source="index", seen_at=now, data=data)]
    if is_stale:
        age = {"age": f"{age_s} s"}
        return [Evidence(code="list-too-old", subject=subject, source="index", seen_at=now, data=age)]
    return [Evidence(code="not-listed", subject=subject, source="index", seen_at=now)]


def static_evidence(context: LookupContext, looked: Looked, now: datetime) -> list[Evidence]:
    """What the URL's own text says, without any look-up outside."""
    final = looked.unwrapped.url
    return list(analyse_url(looked.unwrapped, context.knowledge, now, final.subject))


def static_verdicts(context: LookupContext, looked: Sequence[Looked], now: datetime) -> Iterator[Verdict]:
    """The verdicts of the URL analysis alone, in order; the model reads all URLs at once."""
    targets = [one.unwrapped for one in looked]
    said = analyse_urls(targets, context.knowledge, now)
    for target, evidence in zip(targets, said, strict=True):
        yield decide(target.url.subject, evidence, now, context.policy)


def no_verdict(context: LookupContext, looked: Looked, now: datetime) -> Verdict:
    """The verdict on a URL whose text was not analysed: unknown."""
    nothing = decide(looked.unwrapped.url.subject, [], now, context.policy)
    return msgspec.structs.replace(nothing, level=Level.UNKNOWN)
