"""Pages listed on an address itself (``http://203.0.113.7/login``) are evidence about the address.

As long as there are such listings there is evidence ``hosts-malicious-pages``, category ``phishing-host``; when they go, by
withdrawal or age, ``hosting-ended`` takes it back in the same transaction. It never convicts. Names that resolve to
an address are another matter (``serving.py``).

Nothing is said of addresses that serve many by trade (content networks, mail providers, clouds behind a name), of
shared hosts, of widely used sites, of our own. A published address is the business of firewalls; whether a visit is
blocked is decided by what is listed as a page, and never by what is known of the address from logins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from mailrisk.model.change import Listing
from mailrisk.model.errors import BadAddress
from mailrisk.model.evidence import Evidence
from mailrisk.model.ip import parse_ip, reserved_range
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category, Level
from mailrisk.service.context import Context
from mailrisk.service.sending_host import SHARED_OPERATORS
from mailrisk.service.widen import Touch
from mailrisk.store.rows import ListingRow, evidence_of_facts
from mailrisk.store.transaction import Transaction, key_of

HOSTS: Final = "hosts-malicious-pages"
ENDED: Final = "hosting-ended"
SOURCE: Final = "hosting"

PAGES: Final = ((5, 1.5), (3, 1.2), (1, 1.0))
"""(listed pages, value): one makes the address ``low``, the fifth ``medium``."""

RENTED: Final = frozenset({396982, 45090, 132203, 37963, 45102})
"""Of the shared operators those whose addresses a customer has for himself: an address in a URL is his."""

NOT_PHISHING: Final = (Category.MALWARE_FILE, Category.GAMBLING_PORN_SPAM)


def hosting_evidence(
    context: Context, transaction: Transaction, touched: Collection[Touch]
) -> list[Evidence]:
    """``hosts-malicious-pages`` or ``hosting-ended`` for the addresses on which a listing came or went."""
    found: list[Evidence] = []
    for tenant in {touch.site[0] for touch in touched}:
        sites = {
            touch.site[1]: ip
            for touch in touched
            if touch.site[0] == tenant and (ip := _address(touch.site[1]))
        }
        if not sites:
            continue
        standing = transaction.sites.standing(tenant, sites)
        for site, ip in sorted(sites.items()):
            if not excused(context, ip, named=False):
                found.extend(_of_pages(transaction, tenant, ip, standing.get(site, ())))
    return found


def _of_pages(
    transaction: Transaction, tenant: int, ip: str, rows: Sequence[ListingRow]
) -> Iterator[Evidence]:
    listings = [row.listing for row in rows if row.listing is not None and _is_phishing(row.listing)]
    # What may be passed on must not name what may not.
    passed_on = any(one.redistribute for one in listings)
    named = [one for one in listings if one.redistribute or not passed_on]
    shown = {Subject(one.kind, one.value).display(one.scheme): one for one in named}
    subject, value = Subject(Kind.IP, ip), step(PAGES, len(named))
    said = _said(transaction, tenant, subject)
    if value == (said.value if said else 0.0) and (said is None or said.data["indicator"] in shown):
        return
    last = max(shown, key=lambda one: shown[one].last_seen, default=None)
    data: dict[str, object] = {}
    if last is not None:
        data = {
            "pages": len(named),
            "indicator": last,
            "redistribute": passed_on,
            "local": any(one.local for one in named),
        }
        if all(one.own_level not in (None, Level.MALICIOUS) for one in named):
            data["partner"] = True
    yield Evidence(
        code=HOSTS if value else ENDED,
        subject=subject,
        source=SOURCE,
        seen_at=transaction.at,
        value=value or 1.0,
        data=data,
        ref=f"{transaction.at.isoformat()} {value:g}",
        tenant=tenant,
    )


def excused(context: Context, ip: str, *, named: bool) -> str:
    """Why nothing is said about an address, in a word; '' when something may be. ``named``: reached by a name."""
    if reserved_range(ip) or ip in context.knowledge.trusted_frontends:
        return "ours"
    place = context.locate(ip)
    if place is not None and place.asn in SHARED_OPERATORS and (named or place.asn not in RENTED):
        return "shared"
    return ""


def _address(site: str) -> str:
    """The address that a site is, '' when it is a name."""
    if not (site.startswith("[") or site[-1:].isdigit() or ":" in site):
        return ""  # No top-level domain ends in a digit.
    try:
        return parse_ip(site.strip("[]"))
    except BadAddress:
        return ""


def _is_phishing(listing: Listing) -> bool:
    return listing.level is Level.MALICIOUS and listing.category not in NOT_PHISHING


def _said(transaction: Transaction, tenant: int, subject: Subject) -> Evidence | None:
    """What stands in the ledger, None when there is nothing or it was taken back."""
    key = key_of(tenant, subject)
    said = None
    for item in evidence_of_facts(subject, tenant, transaction.facts_of([key]).get(key, ())):
        if item.source == SOURCE and item.code in (HOSTS, ENDED):
            said = item if item.code == HOSTS else None
    return said


def step(steps: Sequence[tuple[int, float]], count: int) -> float:
    return next((value for least, value in steps if count >= least), 0.0)
