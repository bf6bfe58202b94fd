"""Addresses that were seen to serve a malicious page: its name resolved to them, or a sandbox was connected to them.

A name may share its address with thousands of honest ones, so one site says next to nothing (``served-malicious-page``), and
many never convict. Nothing is said of shared hosts, customers of free services, widely used sites, and names with more
addresses than one server has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from mailrisk.model.errors import BadAddress, BadInput
from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.facts import FactKey
from mailrisk.model.ip import parse_ip
from mailrisk.model.subject import URL_SCOPES, Kind, Subject
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.hosts import HostClass
from mailrisk.model.verdict import Level
from mailrisk.service.answers import Listed
from mailrisk.service.context import Context
from mailrisk.service.hosting import NOT_PHISHING, excused, step
from mailrisk.service.record import record

SERVED: Final = "served-malicious-page"

SITES: Final = ((10, 1.2), (3, 0.9), (1, 0.5))
"""(malicious sites served, value)."""

MOST_SERVERS: Final = 4
"""A name with more addresses is a content network's."""

MAX_NAMES: Final = 5
"""Names of one message that are resolved."""


async def note_servers(
    context: Context, listed: Iterable[Listed], *, source: str, tenant: int = SHARED
) -> None:
    """Resolves the names of pages that were listed as malicious just now, and records which addresses serve them."""
    pages: dict[str, Subject] = {}
    for one in listed:
        page = _page(one)
        if page is not None and len(pages) < MAX_NAMES:
            pages.setdefault(page.host, page)
    evidence: list[Evidence] = []
    for host, page in pages.items():
        servers = await _addresses(context, host)
        evidence += served_evidence(context, page, servers, source=source, at=context.clock(), tenant=tenant)
    if evidence:
        await asyncio.to_thread(record, context, evidence)


def _page(one: Listed) -> Subject | None:
    """The indicator if it is a page that a name stands for, listed as phishing of some kind."""
    if one.state != "listed" or one.level is not Level.MALICIOUS or one.scope not in URL_SCOPES:
        return None
    try:
        url = parse_url(one.indicator)
    except BadInput:
        return None
    return None if url.is_ip or one.category in NOT_PHISHING else url.subject


async def _addresses(context: Context, host: str) -> list[str]:
    """Canonical addresses of a name, none when nobody says."""
    found = await asyncio.gather(
        *(context.resolver.lookup(FactKey("dns", host, kind)) for kind in ("A", "AAAA"))
    )
    addresses = []
    for fact in found:
        for text in fact.value if fact.status == "found" else ():
            try:
                addresses.append(parse_ip(str(text)))
            except BadAddress:
                continue
    return addresses


def served_evidence(
    context: Context,
    page: Subject,
    servers: Sequence[str],
    *,
    source: str,
    at: datetime,
    tenant: int = SHARED,
) -> list[Evidence]:
    """``served-malicious-page`` about the addresses that a malicious page came from, or nothing.

    ``page`` is the listed indicator, ``servers`` are canonical addresses: those of its name, or the ones that a sandbox
    was connected to. The more sites an address serves that are malicious, the more is said.
    """
    hosts = context.knowledge.hosts
    site = hosts.registrable(page.host)
    many = hosts.is_shared(page.host) or hosts.rank(site) or context.knowledge.brands.owners(page.host)
    many = many or hosts.has(page.host, HostClass.FREE_SUBDOMAIN, HostClass.TENANT)
    if not site or many or site in context.knowledge.own_domains or len(servers) > MOST_SERVERS:
        return []
    found = []
    for ip in servers:
        if excused(context, ip, named=True):
            continue
        subject = Subject(Kind.IP, ip)
        earlier = {
            row.evidence.ref for row in context.ledger.evidence_of(subject) if row.evidence.code == SERVED
        }
        sites = len(earlier | {site})
        found.append(
            Evidence(
                code=SERVED, subject=subject, source=source, seen_at=at, value=step(SITES, sites),
                data={"sites": sites, "site": site}, ref=site, tenant=tenant,
            )
        )  # fmt: skip
    return found
