"""How far a listing may reach: URL, path prefix, host, registrable domain.

Evidence names the narrowest scope that it supports, and that one is listed in any case. This module
says which *wider* scopes the listings of one site justify together. Widening needs corroboration, and
it is a function of what is listed now: when the pages go, what they justified goes with them.

| wider scope | needs |
|---|---|
| path prefix | MIN_PAGES different pages below one folder |
| host | pages in MIN_FOLDERS different top folders or in none, MIN_PAGES in all; or a listed page on a young domain; or two pages of one customer of a free service, whose host is all his own |
| domain | MIN_HOSTS different hosts; or two different pages or hosts on a young domain |

Nothing is widened on a barrier: a host where anyone publishes or redirects (documents, forms, files,
shorteners, redirectors, gateways' wrappers, tenants), a public suffix (private ones too), a service with
customers below it, a widely used domain, a domain that the organisation allows or corresponds with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.hosts import Hosts

MIN_PAGES: Final = 3
MIN_FOLDERS: Final = 2
MIN_HOSTS: Final = 5  # an unknown service with customers must not fall with three of them
MIN_PAGES_OF_CUSTOMER: Final = 2
YOUNG_DAYS: Final = 30
"""A campaign's domain is seldom registered longer before its use than this; a site's owner's nearly always."""


class Barrier(StrEnum):
    """Why nothing wider than a page may be listed on a host."""

    SHARED = "shared-host"
    SERVICE = "service-with-customers"
    SUFFIX = "public-suffix"
    WIDELY_USED = "widely-used"
    LEGITIMATE = "legitimate-use"


class Listed(msgspec.Struct, frozen=True):
    """One listing that stands: a malicious URL, path prefix or host, and when it was last confirmed."""

    subject: Subject
    last_seen: datetime


class SiteFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about one registrable domain beside its listings.

    ``age_days``  since its registration; None when nobody could say, which is never young
    ``legitimate_use``  allowlisted, one's own, or in honest correspondence before
    ``cleaned_at``  when the owner or an analyst said that it was cleaned: older listings no longer count
    """

    age_days: int | None = None
    legitimate_use: bool = False
    cleaned_at: datetime | None = None


class Widening(msgspec.Struct, frozen=True):
    """A wider scope that is justified, by which rule, and by which listings."""

    subject: Subject
    rule: str
    because: tuple[Subject, ...]


def barrier(host: str, hosts: Hosts, facts: SiteFacts) -> Barrier | None:
    """What forbids listing the whole of ``host``, None when nothing does."""
    if hosts.is_public_suffix(host):
        return Barrier.SUFFIX
    if hosts.is_shared(host):
        return Barrier.SHARED
    if hosts.rank(host):
        return Barrier.WIDELY_USED
    return Barrier.LEGITIMATE if facts.legitimate_use else None


def domain_barrier(host: str, hosts: Hosts, facts: SiteFacts) -> Barrier | None:
    """What forbids listing the registrable domain of ``host`` and all below it, None when nothing does."""
    domain = hosts.registrable(host)
    if not domain:
        return Barrier.SUFFIX
    # A customer's host may be registrable itself (evil.github.io); then it is his and no more.
    tenant = hosts.tenant_of(host)
    if tenant and not domain.endswith("." + tenant):
        return Barrier.SERVICE
    return barrier(domain, hosts, facts) or barrier(host, hosts, facts)


def may_cover(subject: Subject, hosts: Hosts, facts: SiteFacts) -> bool:
    """Whether a scope is one that may be listed at all. Pages always may: also on an allowlisted domain."""
    if subject.kind is Kind.HOST:
        return barrier(subject.value, hosts, facts) is None
    if subject.kind is Kind.DOMAIN:
        return domain_barrier(subject.value, hosts, facts) is None
    if subject.kind is Kind.PATH:
        return _top_folder(subject.value) != ""
    return True


def widen(listed: Iterable[Listed], hosts: Hosts, facts: SiteFacts) -> tuple[Widening, ...]:
    """The wider scopes that the listings of one registrable domain justify, the widest only.

    ``listed`` holds what stands now on that domain; nothing of it is changed by the answer.
    """
    since = facts.cleaned_at
    standing = [item.subject for item in listed if since is None or item.last_seen > since]
    if _too_few(standing, hosts, facts):
        return ()
    by_host: dict[str, list[Subject]] = {}
    for subject in dict.fromkeys(standing):
        if subject.kind in (Kind.URL, Kind.PATH, Kind.HOST):
            by_host.setdefault(subject.host, []).append(subject)
    domains = [found for found in _domains(by_host, hosts, facts) if found is not None]
    covered = {found.subject.value for found in domains}
    narrower = [
        found
        for host, subjects in by_host.items()
        if hosts.registrable(host) not in covered and (found := _on_host(host, subjects, hosts, facts))
    ]
    return (*domains, *narrower)


def _too_few(standing: Sequence[Subject], hosts: Hosts, facts: SiteFacts) -> bool:
    """Whether no rule can hold. Of the sites of a feed most have two listings at the most."""
    if len(standing) >= MIN_PAGES or _young(facts):
        return False
    return len(standing) < MIN_PAGES_OF_CUSTOMER or not any(hosts.tenant_of(one.host) for one in standing)


def _young(facts: SiteFacts) -> bool:
    return facts.age_days is not None and facts.age_days <= YOUNG_DAYS


def _domains(by_host: dict[str, list[Subject]], hosts: Hosts, facts: SiteFacts) -> Iterable[Widening | None]:
    below: dict[str, list[str]] = {}
    for host in by_host:
        if domain_barrier(host, hosts, facts) is None:
            below.setdefault(hosts.registrable(host), []).append(host)
    for domain, names in below.items():
        yield _domain(domain, names, [subject for name in names for subject in by_host[name]], facts)


def _domain(
    domain: str, names: Sequence[str], subjects: Sequence[Subject], facts: SiteFacts
) -> Widening | None:
    distinct = {name.removeprefix("www.") for name in names}
    because = tuple(subjects)
    if len(distinct) >= MIN_HOSTS:
        return Widening(Subject(Kind.DOMAIN, domain), "several-hosts", because)
    if _young(facts) and max(len(distinct), len(_pages(subjects))) >= 2:
        return Widening(Subject(Kind.DOMAIN, domain), "young-domain", because)
    return None


def _on_host(host: str, subjects: Sequence[Subject], hosts: Hosts, facts: SiteFacts) -> Widening | None:
    if any(subject.kind is Kind.HOST for subject in subjects) or barrier(host, hosts, facts) is not None:
        return None
    pages = _pages(subjects)
    because = tuple(subjects)
    whole = Subject(Kind.HOST, host)
    if _young(facts):
        return Widening(whole, "young-domain", because)
    if hosts.tenant_of(host) and len(pages) >= MIN_PAGES_OF_CUSTOMER:
        return Widening(whole, "customers-own-host", because)
    if len(pages) < MIN_PAGES:
        return None
    top_folders = {_top_folder(page) for page in pages}
    if len(top_folders) >= MIN_FOLDERS or top_folders == {""}:
        return Widening(whole, "several-pages", because)
    # All of them lie in one folder: a hacked site, most likely, whose other folders are honest.
    return Widening(Subject(Kind.PATH, _common_folder(pages)), "several-pages-in-folder", because)


def _pages(subjects: Iterable[Subject]) -> tuple[str, ...]:
    """The different pages: one page with many queries (a recipient each) is one page."""
    keys = (subject.value.partition("?")[0] for subject in subjects if subject.kind is not Kind.HOST)
    return tuple(dict.fromkeys(keys))


def _top_folder(page: str) -> str:
    """``host/a/b`` -> ``a``; '' for the pages of the root."""
    folders = page.split("/")[1:-1]
    return folders[0] if folders else ""


def _common_folder(pages: Sequence[str]) -> str:
    """The longest folder that holds all pages, with its slash."""
    parts = [page.split("/")[:-1] for page in pages]
    common = parts[0]
    for other in parts[1:]:
        length = next((at for at, (a, b) in enumerate(zip(common, other, strict=False)) if a != b), None)
        common = common[: min(len(common), len(other)) if length is None else length]
    return "/".join(common) + "/"
