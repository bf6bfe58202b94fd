"""Wider scopes: what the listings of one site justify together becomes evidence, and is taken back with them.

``decide/scope.py`` holds the rules and the barriers. Whenever a listing of a URL, a path or a host comes or
goes, its site (the registrable domain; an address stands for itself) is looked at again: a scope that is
justified now gets evidence ``widened``, which names the rule and the listings it rests on; one that is
justified no longer gets ``widening-ended``. A cleaned host is thereby delisted with its pages.

A listing that rests on ``widened`` alone does not count: a scope must not hold itself up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from mailrisk.analyse.url.domain_facts import recorded_age_days
from mailrisk.decide.scope import Listed, SiteFacts, Widening, widen
from mailrisk.model.change import Listing
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import URL_SCOPES, WHOLE_KINDS, Kind, Subject
from mailrisk.model.url.hosts import Hosts
from mailrisk.model.verdict import Level, Reason
from mailrisk.service.context import Context
from mailrisk.store.rows import ListingRow, evidence_of_facts
from mailrisk.store.site_rows import Site, WideningRow
from mailrisk.store.transaction import Transaction, key_of

SOURCE = "widening"

FROM_KINDS = (Kind.URL, Kind.PATH, Kind.HOST)

MAX_EXAMPLES = 5
"""Listings that a reason names; its ``count`` tells how many there are."""

WHY = {
    "several-pages": ("pages in several folders", "多个目录下的页面"),
    "several-pages-in-folder": ("several pages in one folder", "同一目录下的多个页面"),
    "several-hosts": ("several hosts of one domain", "同一域名下的多个主机"),
    "customers-own-host": ("pages on a customer's own host", "租户独享主机上的页面"),
    "young-domain": ("a domain registered lately", "新近注册的域名"),
}
"""Rule -> what it means, in English and Chinese."""


class Touch(NamedTuple):
    """A site on which a listing came or went."""

    site: Site
    added: bool  # it came, and nothing went
    young: bool  # the evidence says that its domain was registered lately


def says_young(reasons: Iterable[Reason]) -> bool:
    """Whether one of the reasons is that the domain is young."""
    return any(reason.code == "young-domain" for reason in reasons)


def site_of(hosts: Hosts, subject: Subject) -> str:
    """The registrable domain of a URL-like indicator; an address or a public suffix stands for itself.

    '' for every other kind of indicator.
    """
    if subject.kind not in URL_SCOPES:
        return ""
    return hosts.registrable(subject.host) or subject.host


def belongs(state: str, kind: str) -> bool:
    """Whether a row belongs to its site: listings from which one may widen, and cleaned hosts and domains."""
    return kind in FROM_KINDS if state == "listed" else kind in WHOLE_KINDS


def _settled(rows: Sequence[WideningRow]) -> bool:
    """Whether one more listing on the site cannot matter: all of the domain is listed, and passed on."""
    return any(row.subject.kind is Kind.DOMAIN and row.redistribute for row in rows)


def widening_evidence(
    context: Context, transaction: Transaction, touched: Collection[Touch]
) -> tuple[list[Evidence], dict[Subject, str]]:
    """(evidence, schemes) for every wider scope that came to be justified, or no longer is, on these sites."""
    sites = transaction.sites
    begun: list[tuple[Site, _Found]] = []
    over: list[tuple[Site, WideningRow]] = []
    for tenant in {touch.site[0] for touch in touched}:
        mine = [touch for touch in touched if touch.site[0] == tenant]
        # A single listing widens nothing, unless its domain is young.
        busy = sites.busy(tenant, {touch.site[1] for touch in mine})
        busy |= {touch.site[1] for touch in mine if touch.young}
        ended = {touch.site[1] for touch in mine if not touch.added}
        before = sites.widened(tenant, busy)
        busy -= {site for site in busy - ended if _settled(before.get(site, ()))}
        standing = sites.standing(tenant, busy)
        for site in sorted(busy):
            known = {row.subject: row for row in before.get(site, ())}
            for one in _justified(context, transaction, site, standing.get(site, [])):
                row = known.pop(one.widening.subject, None)
                if row is None or not _same(row, one):
                    begun.append(((tenant, site), one))
            over.extend(((tenant, site), row) for row in known.values())
    return _note(transaction, begun, over)


def _note(
    transaction: Transaction, begun: Sequence[tuple[Site, _Found]], over: Sequence[tuple[Site, WideningRow]]
) -> tuple[list[Evidence], dict[Subject, str]]:
    """Notes with the sites what began and what ended, and makes evidence of it."""
    schemes = {one.widening.subject: one.named[0].scheme for _, one in begun}
    keys = {key_of(tenant, one.widening.subject): one.named[0].scheme for (tenant, _), one in begun}
    ids = transaction.subject_ids(keys)
    rows = [(site, one.row(ids[key_of(site[0], one.widening.subject)])) for site, one in begun]
    transaction.sites.put(rows)
    transaction.sites.remove([row.subject_id for _, row in over])
    evidence = [_widened(transaction, tenant, one) for (tenant, _), one in begun]
    evidence += [_ended(transaction, tenant, row) for (tenant, _), row in over]
    return evidence, schemes


class _Found:
    """A justified wider scope with what its listings say together."""

    def __init__(
        self, widening: Widening, listings: dict[Subject, Listing], passed_on: bool, partner: bool
    ) -> None:
        self.widening = widening
        self.redistribute = passed_on
        self.partner = partner  # Not justified without what partners told us.
        rests_on = [listings[subject] for subject in widening.because]
        # What may be passed on must not name what may not.
        self.named = [one for one in rests_on if one.redistribute or not passed_on]
        self.local = any(one.local for one in self.named)
        categories = Counter(one.category for one in rests_on if one.category is not None)
        self.category = categories.most_common(1)[0][0] if categories else ""
        self.examples = tuple(
            Subject(one.kind, one.value).display(one.scheme) for one in self.named[:MAX_EXAMPLES]
        )
        # Compared with what was named when the scope was first justified.
        self.indicators = frozenset(Subject(one.kind, one.value).display(one.scheme) for one in self.named)

    def row(self, subject_id: int) -> WideningRow:
        """As it is noted with its site."""
        subject, rule = self.widening.subject, self.widening.rule
        return WideningRow(
            subject_id, subject, rule, self.examples, self.redistribute, self.local, self.partner
        )


def _age_days(transaction: Transaction, rows: Sequence[ListingRow]) -> int | None:
    """Days since the site's domain was registered, as the evidence about its young listings says."""
    young = [row for row in rows if row.listing is not None and says_young(row.listing.reasons)]
    if not young:
        return None
    keys = {key_of(row.tenant, row.subject): row.subject for row in young[:MAX_EXAMPLES]}
    evidence = [
        item
        for key, facts in transaction.facts_of(keys).items()
        for item in evidence_of_facts(keys[key], key[0], facts)
    ]
    return recorded_age_days(evidence, transaction.at)


def _justified(
    context: Context, transaction: Transaction, site: str, rows: Sequence[ListingRow]
) -> list[_Found]:
    listings = {
        row.subject: row.listing
        for row in rows
        if row.listing is not None and row.listing.level is Level.MALICIOUS
    }
    if not _corroborated(listings.values()):
        return []
    cleaned = [row.change.at for row in rows if row.listing is None]
    facts = SiteFacts(
        age_days=_age_days(transaction, rows),
        legitimate_use=site in context.knowledge.own_domains,
        cleaned_at=max(cleaned, default=None),
    )
    hosts = context.knowledge.hosts
    listed = [Listed(subject, listing.last_seen) for subject, listing in listings.items()]
    found = widen(listed, hosts, facts)
    if not found:
        return []

    def without(left_out: Callable[[Listing], bool]) -> set[Subject]:
        kept = [one for one in listed if not left_out(listings[one.subject])]
        again = found if len(kept) == len(listed) else widen(kept, hosts, facts)
        return {one.subject for one in again}

    passed_on = without(lambda one: not one.redistribute)
    own = without(lambda one: one.own_level not in (None, Level.MALICIOUS))
    return [_Found(one, listings, one.subject in passed_on, one.subject not in own) for one in found]


def _corroborated(listings: Iterable[Listing]) -> bool:
    """Whether more than one voice stands behind the listings: one reporter, or one mail, is not enough.

    A feed and an analyst have looked before they spoke and suffice alone.
    """
    voices = {reason.source for one in listings for reason in one.reasons if reason.weight > 0}
    reporters = {voice for voice in voices if voice.startswith("report:")}
    return len(reporters) > 1 or any(voice.startswith(("feed:", "analyst:")) for voice in voices)


def _same(row: WideningRow, one: _Found) -> bool:
    """Whether what was recorded still shows why: the rule, and at least one of the listings it names."""
    return (
        row.rule == one.widening.rule
        and (row.redistribute, row.local, row.partner) == (one.redistribute, one.local, one.partner)
        and not one.indicators.isdisjoint(row.because)
    )


def _widened(transaction: Transaction, tenant: int, one: _Found) -> Evidence:
    why, why_zh = WHY[one.widening.rule]
    return Evidence(
        code="widened",
        subject=one.widening.subject,
        source=SOURCE,
        seen_at=transaction.at,
        category=one.category,
        data={
            "rule": one.widening.rule,
            "why": why,
            "why_zh": why_zh,
            "count": len(one.named),
            "examples": list(one.examples),
            "redistribute": one.redistribute,
            "local": one.local,
            **({"partner": True} if one.partner else {}),
        },
        ref=transaction.at.isoformat(),
        tenant=tenant,
    )


def _ended(transaction: Transaction, tenant: int, row: WideningRow) -> Evidence:
    why, why_zh = WHY[row.rule]
    return Evidence(
        code="widening-ended",
        subject=row.subject,
        source=SOURCE,
        seen_at=transaction.at,
        data={"rule": row.rule, "why": why, "why_zh": why_zh},
        ref=transaction.at.isoformat(),
        tenant=tenant,
    )
