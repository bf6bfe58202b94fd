"""Taking people's addresses out of a URL before it is stored.

A stored URL must name nobody. What is left must still be as narrow as the link was: where the address
cannot be taken out without covering pages of others, nothing is stored and the reason says why.

| the address is in | stored | unless |
|---|---|---|
| the query | the page without its query, which covers every query | the page serves others too: see below |
| the path | the path prefix before it, or the host | the host is shared or widely used |
| the host | the registrable domain | the domain is shared, a service's customer or widely used |

On shared and widely used hosts (a form service, a redirector, a bank) the page without its query is stored
only if the path holds an identifier; else only the parameters that name somebody are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.canonical import Url
from mailrisk.model.url.hosts import HostClass, Hosts
from mailrisk.model.url.personal import People, in_host, local_part_at, personal_at, split_in

_IDENTIFIER = re.compile(r"(?=[^/]*[0-9])[A-Za-z0-9_=-]{10,}")
_LEADS_ELSEWHERE = (HostClass.REDIRECTOR, HostClass.WRAPPER, HostClass.BULK_MAILER)


class Scrubbed(msgspec.Struct, frozen=True):
    """What may be stored of a URL.

    ``subject`` is None when nothing may. ``reason`` is '' when the URL named nobody, else where the
    address was: ``address-in-query``, ``address-in-path``, ``address-in-host``; with no subject
    ``address-on-shared-host``: it cannot go without covering what belongs to others.
    """

    subject: Subject | None
    scheme: str
    reason: str = ""


def scrub(url: Url, addresses: Iterable[str], hosts: Hosts) -> Scrubbed:
    """The narrowest subject of ``url`` that names none of ``addresses`` and no other e-mail address."""
    people = People.of(addresses)
    host, tail = url.host, url.key[len(url.host) :]
    path, _, query = tail.partition("?")
    in_common = hosts.is_shared(host) or hosts.rank(host) > 0
    if not url.is_ip and in_host(host, people):
        return _without_host(url, hosts, in_common)
    place = personal_at(path, people)
    if place < 0:
        place = local_part_at(path, people)
    if place >= 0:
        return _before(url, path[: path.rfind("/", 0, place + 1) + 1], in_common)
    if query and (personal_at(query, people) >= 0 or split_in(query, people)):
        if in_common and not _has_identifier(path, host, hosts):
            return _without_parameters(url, path, query, people)
        return Scrubbed(Subject(Kind.URL, host + path), url.scheme, "address-in-query")
    if personal_at(url.key, people) >= 0:  # It lies across the borders of host, path and query.
        return _before(url, "/", in_common)
    return Scrubbed(url.subject, url.scheme)


def _nothing(url: Url) -> Scrubbed:
    return Scrubbed(None, url.scheme, "address-on-shared-host")


def _without_host(url: Url, hosts: Hosts, in_common: bool) -> Scrubbed:
    domain = hosts.registrable(url.host)
    if in_common or not domain or domain == url.host or hosts.tenant_of(url.host) or hosts.is_shared(domain):
        return _nothing(url)
    return Scrubbed(Subject(Kind.DOMAIN, domain), url.scheme, "address-in-host")


def _before(url: Url, prefix: str, in_common: bool) -> Scrubbed:
    if in_common and not any(map(_IDENTIFIER.fullmatch, prefix.split("/"))):
        return _nothing(url)
    if prefix == "/":
        return Scrubbed(Subject(Kind.HOST, url.host), url.scheme, "address-in-path")
    return Scrubbed(Subject(Kind.PATH, url.host + prefix), url.scheme, "address-in-path")


def _has_identifier(path: str, host: str, hosts: Hosts) -> bool:
    """Whether the path alone names one page of one owner."""
    if hosts.has(host, *_LEADS_ELSEWHERE):
        return False
    if hosts.has(host, HostClass.SHORTENER, HostClass.SOCIAL_LANDING):
        return path != "/"
    return any(map(_IDENTIFIER.fullmatch, path.split("/")))


def _without_parameters(url: Url, path: str, query: str, people: People) -> Scrubbed:
    kept = [pair for pair in query.split("&") if personal_at(pair, people) < 0 and not split_in(pair, people)]
    rest = "&".join(kept)
    if not rest or personal_at(rest, people) >= 0 or split_in(rest, people):
        return _nothing(url)
    return Scrubbed(Subject(Kind.URL, f"{url.host}{path}?{rest}"), url.scheme, "address-in-query")
