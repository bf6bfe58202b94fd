"""Which listings an expression can say without saying more (docs/decisions/0010).

An expression ``host/path`` matches on the host *and on every host below it*; with a path that ends in a
slash it matches every page below, without one exactly that page. Our scopes are narrower than that,
so each listing either has an expression that reaches nobody else's pages, or it is left out of the
hash lists and counted. ``uris:search`` and the native API answer it all the same.

| scope | expression | unless |
|---|---|---|
| domain | ``domain/`` | |
| host | ``host/`` | hosts below it may be another's: a registrable domain that is no customer's own, a service |
| path | ``host/a/b/`` | deeper than clients look, or the hosts below belong to customers |
| url | ``host/page?query`` | it is a folder or a front page, or the hosts below belong to customers |
"""

from __future__ import annotations

import re
from enum import StrEnum

from mailrisk.model.change import Listing
from mailrisk.model.subject import URL_SCOPES, Kind, Subject
from mailrisk.model.url.expressions import MAX_PREFIXES
from mailrisk.model.url.hosts import SHARED_BELOW, HostClass, Hosts
from mailrisk.model.verdict import Level
from mailrisk.publish.webrisk.threats import threat_of

_FRONT_PAGE = re.compile(r"(?:index|default|home|main)(?:\.[a-z]{2,5})?", re.IGNORECASE)


class LeftOut(StrEnum):
    """Why a listing is on no hash list."""

    NO_URL = "no-url"  # addresses, networks, files
    NOT_MALICIOUS = "not-malicious"
    NOT_REDISTRIBUTABLE = "not-redistributable"
    NO_THREAT_TYPE = "no-threat-type"
    FOLDER = "page-is-a-folder"  # its expression would match every page below
    FRONT_PAGE = "front-page-of-a-domain"  # each host below has one, too
    CUSTOMERS_BELOW = "hosts-below-are-others"
    APEX = "host-is-a-whole-domain"  # its expression would match every host of the domain
    TOO_DEEP = "path-too-deep"  # clients try four prefixes, the root included


def expression_of(listing: Listing, hosts: Hosts) -> str | LeftOut:
    """The expression that says the listing and no more, or why there is none."""
    if listing.kind not in URL_SCOPES:
        return LeftOut.NO_URL
    if listing.level is not Level.MALICIOUS:
        return LeftOut.NOT_MALICIOUS
    if not listing.redistribute:
        return LeftOut.NOT_REDISTRIBUTABLE
    if threat_of(listing.category) is None:
        return LeftOut.NO_THREAT_TYPE
    subject = Subject(listing.kind, listing.value)
    return widened(subject, hosts) or expression_text(subject)


def expression_text(subject: Subject) -> str:
    """The expression of a URL-like indicator, whatever it may reach."""
    return subject.value if subject.kind in (Kind.URL, Kind.PATH) else subject.value + "/"


def widened(subject: Subject, hosts: Hosts) -> LeftOut | None:
    """What the expression of a URL-like indicator would reach beside it, None when nothing."""
    if subject.kind is Kind.DOMAIN:
        return None
    if subject.kind is Kind.PATH and subject.value.count("/") > MAX_PREFIXES:
        return LeftOut.TOO_DEEP
    if subject.kind is Kind.URL and subject.value.endswith("/") and "?" not in subject.value:
        return LeftOut.FOLDER
    host = subject.host
    registrable = hosts.registrable(host)
    if not registrable:  # A public suffix, or an IP address, which has nothing below it.
        return LeftOut.CUSTOMERS_BELOW if hosts.is_public_suffix(host) else None
    classes = hosts.classes(host)
    tenant = hosts.tenant_of(host) if host == registrable or classes & SHARED_BELOW else ""
    if (classes & SHARED_BELOW and not tenant) or (host == registrable and HostClass.TENANT in classes):
        return LeftOut.CUSTOMERS_BELOW
    if host != registrable or tenant:
        return None  # The hosts below are the same owner's, and seldom there are any.
    if subject.kind is Kind.HOST:
        return LeftOut.APEX
    if subject.kind is Kind.URL and _FRONT_PAGE.fullmatch(subject.value.removeprefix(host + "/")):
        return LeftOut.FRONT_PAGE
    return None
