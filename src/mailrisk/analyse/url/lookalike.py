"""Hosts and paths that imitate a brand or the organisation itself.

Compared by look (UTS 39 skeleton), by one typing slip on labels of six letters or more, as the
brand's label beside bait words (combosquatting), under another suffix, or in front of somebody else's
domain; pinyin spellings stand in the brand records. The text of a URL never convicts: a fan page, a
reseller and a test installation all carry foreign names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from mailrisk.model.authority import is_authority
from mailrisk.model.brand import Brands, Lookalike
from mailrisk.model.confusable import disguised
from mailrisk.model.evidence import Evidence
from mailrisk.model.imitation import LabelIndex, decoded
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.subject import Subject
from mailrisk.model.url.canonical import Url

SOURCE = "analyser:url"

STRENGTH = {"confusable": 1.0, "typo": 0.8, "combo": 0.8, "subdomain": 0.8, "tld": 0.5}
"""How much each kind says; a brand's label under another suffix is often the brand's own, or a namesake."""

SHORTEST_OWN_TYPO = 5
"""Shortest label of an own domain that has slips: there are few of them, so that chance neighbours are rare."""

PATH_LIMIT = 300
"""Characters of a path in which a brand's host is looked for."""

_WORD = re.compile(r"[a-z0-9.-]{4,80}")


class OwnLookalike(NamedTuple):
    """A host that imitates a domain of the organisation; see :class:`Lookalike` for ``kind``."""

    domain: str
    kind: str
    label: str


def imitates(host: str, knowledge: Knowledge) -> Lookalike | None:
    """The brand that a host imitates; None for widely used sites (``applebees.com``) and for authorities."""
    known = knowledge.hosts.about(host)
    if not known.registrable or known.rank > 0:
        return None
    found = knowledge.brands.lookalike(host, known.registrable)
    return None if found is None or is_authority(host) else found


def imitates_own(host: str, knowledge: Knowledge) -> OwnLookalike | None:
    """The organisation's own domain that a host imitates, if it is none of them itself."""
    if not knowledge.own_domains:
        return None
    registrable = knowledge.hosts.registrable(host)
    if not registrable or registrable in knowledge.own_domains:
        return None
    found = _own_index(knowledge.own_domains).imitated(host, registrable)
    return OwnLookalike(found.owner, found.kind, found.label) if found else None


@lru_cache(maxsize=8)
def _own_index(domains: frozenset[str]) -> LabelIndex:
    """Labels of the organisation's domains; shorter ones than four letters are everybody's."""
    labels = {domain.split(".")[0]: domain for domain in sorted(domains)}
    known = {label: domain for label, domain in labels.items() if len(label) >= 4}
    return LabelIndex(known, shortest_typo=SHORTEST_OWN_TYPO)


def brand_in_path(url: Url, brands: Brands) -> str:
    """A brand's own host named in the path of somebody else's (``/www.paypal.com/login``), '' without one."""
    if brands.owners(url.host):
        return ""
    words: list[str] = _WORD.findall(url.path[:PATH_LIMIT].lower())
    for word in words:
        if "." in word and brands.owners(word.strip(".")):
            return word
    return ""


def analyse(url: Url, knowledge: Knowledge, at: datetime, subject: Subject) -> Iterator[Evidence]:
    """Evidence about one URL: ``brand-lookalike-host``, ``own-lookalike-host``, ``disguised-host``, ``brand-in-path``."""
    look = None if url.is_ip else imitates(url.host, knowledge)
    if look:
        yield Evidence(
            code="brand-lookalike-host",
            subject=subject,
            source=SOURCE,
            seen_at=at,
            value=STRENGTH[look.kind],
            data={
                "brand": look.brand.title,
                "brand_id": look.brand.id,
                "official_domains": list(look.brand.domains[:5]),
                "host": url.host,
                "kind": look.kind,
                "label": look.label,
            },
        )
    own = None if url.is_ip else imitates_own(url.host, knowledge)
    if own:
        yield Evidence(
            code="own-lookalike-host",
            subject=subject,
            source=SOURCE,
            seen_at=at,
            data={"domain": own.domain, "host": url.host, "kind": own.kind},
        )
    if look or own:
        yield from _disguise(url.host, at, subject)
    named = brand_in_path(url, knowledge.brands)
    if named:
        data = {"named": named, "host": url.host}
        yield Evidence(code="brand-in-path", subject=subject, source=SOURCE, seen_at=at, data=data)


def _disguise(host: str, at: datetime, subject: Subject) -> Iterator[Evidence]:
    """The imitating host is written with letters that only look Latin, which nobody types by mistake."""
    labels = (decoded(label) for label in host.split(".") if label.startswith("xn--"))
    label = next((label for label in labels if disguised(label)), "")
    if label:
        data = {"host": host, "label": label}
        yield Evidence(code="disguised-host", subject=subject, source=SOURCE, seen_at=at, data=data)
