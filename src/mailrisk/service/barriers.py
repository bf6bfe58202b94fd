"""What is analysed and never listed, whatever the evidence: the listing would hit somebody else.

| indicator | never listed |
|---|---|
| address, network | private and reserved ones, trusted front ends, networks that hold one, networks wider than MIN_PREFIX |
| any URL, path, host, domain | on a private address; a name of the local network |
| host, domain | shared hosts, public suffixes, services with customers; widely used and own domains (decide/scope) |
| URL without a query | front pages of widely used hosts; anything on a brand's own site; pages of shared hosts that name no document |

A URL without a query covers every query of its page, which is why a page like ``/watch`` needs more than a line
in a feed. An analyst may list widely used, own and brand pages, and nobody what many share.
"""

from __future__ import annotations

import ipaddress
import re

from mailrisk.decide.scope import Barrier, SiteFacts, barrier, domain_barrier
from mailrisk.model.ip import reserved_in, reserved_range
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.subject import IP_KINDS, URL_SCOPES, WHOLE_KINDS, Kind, Subject
from mailrisk.model.url.hosts import HostClass

MIN_PREFIX = {4: 8, 6: 19}
"""The widest networks that may be listed, by IP version."""

LOCAL_NAMES = (
    "local",
    "localhost",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "home.arpa",
    "localdomain",
)
"""Names that mean another machine in every network (RFC 6761, RFC 6762 appendix G, RFC 8375)."""

_LOCAL_ENDS = tuple(f".{name}" for name in LOCAL_NAMES)

_IDENTIFIER = re.compile(r"(?=[^/]*[0-9])[A-Za-z0-9_=-]{6,}")
"""A path segment that names one document of one owner."""

_ENDPOINT = re.compile(
    r"(?:watch|url|search|redirect|redir|login|signin|sign-in|share|sharer|links?|go|out|open|uc|file|view|"
    r"download|export|index\.html?|[^/]{0,60}\.(?:aspx?|php|jsp|do|cgi))?",
    re.IGNORECASE,
)
"""A last path segment that says what is done, not with which document: that stands in the query."""


def never_listed(
    knowledge: Knowledge, subject: Subject, *, by_analyst: bool = False, accept_private: bool = False
) -> str:
    """Why an indicator is never listed, in words that end "is ... and is never listed"; '' when it may be."""
    if subject.kind in IP_KINDS:
        return _front_end(knowledge, subject) or ("" if accept_private else _address(subject))
    if subject.kind not in URL_SCOPES:
        return ""
    host = subject.host
    local = _local(host)
    if local:
        return local
    if subject.kind in WHOLE_KINDS:
        return _whole(knowledge, subject, by_analyst)
    return "" if by_analyst or "?" in subject.value else _page(knowledge, host, subject.value[len(host) :])


def _front_end(knowledge: Knowledge, subject: Subject) -> str:
    """Addresses that log in for others, and what holds one: a listing would lock everybody out."""
    if subject.kind is Kind.IP:
        return "a trusted front end" if subject.value in knowledge.trusted_frontends else ""
    network = ipaddress.ip_network(subject.value)
    held = any(ipaddress.ip_address(ip) in network for ip in knowledge.trusted_frontends)
    return "a network that holds a trusted front end" if held else ""


def _address(subject: Subject) -> str:
    network = ipaddress.ip_network(subject.value)
    if network.prefixlen < MIN_PREFIX[network.version]:
        return f"wider than a /{MIN_PREFIX[network.version]}"
    reserved = reserved_in(subject.value)
    return f"a {reserved} address" if reserved else ""


def _local(host: str) -> str:
    """A host that is another machine for every reader."""
    bare = host.strip("[]")
    if ":" in bare or bare.replace(".", "").isdigit():
        reserved = reserved_range(bare)
        return f"on a {reserved} address" if reserved else ""
    if "." not in host or host.endswith(_LOCAL_ENDS):
        return "a name of the local network"
    return ""


def _whole(knowledge: Knowledge, subject: Subject, by_analyst: bool) -> str:
    """Hosts and domains: the barriers of ``decide/scope``."""
    own = knowledge.hosts.registrable(subject.host) in knowledge.own_domains
    facts = SiteFacts(legitimate_use=own and not by_analyst)
    check = barrier if subject.kind is Kind.HOST else domain_barrier
    found = check(subject.host, knowledge.hosts, facts)
    if found is None or (by_analyst and found is Barrier.WIDELY_USED):
        return ""
    return f"a {found.value.replace('-', ' ')}"


def _page(knowledge: Knowledge, host: str, path: str) -> str:
    """Pages that stand for more than one document."""
    hosts = knowledge.hosts
    if hosts.is_shared(host):
        segments = path.split("/")
        named = any(map(_IDENTIFIER.fullmatch, segments)) and not hosts.has(
            host, HostClass.REDIRECTOR, HostClass.WRAPPER
        )
        return "" if named or not _ENDPOINT.fullmatch(segments[-1]) else "a page that many share"
    if knowledge.brands.owners(host):
        return "on a brand's own site"
    if path == "/" and hosts.rank(host):
        return "the front page of a widely used site"
    return ""
