"""What is known about hosts beforehand: public suffixes, kinds of hosts, popularity.

The value is built from data that is passed in (``edge/shipped.py`` reads it). Every question costs a
few dictionary look-ups, one for each label of the host.

The *public suffix* list (https://publicsuffix.org/) says where names can be registered. Its private
section (``github.io``) counts like the rest: below such a suffix everybody has a host of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from publicsuffixlist import PublicSuffixList

_NUMBERED = re.compile(r"(?:\d{1,3}[-.]){3}\d{1,3}[-.]")


class HostClass(StrEnum):
    """What a host is used for. One host may have several."""

    SHORTENER = "shortener"  # short links that anyone can make
    FREE_SUBDOMAIN = "free-subdomain"  # below it everybody gets a host: each one is one customer's
    FILE_HOST = "file-host"  # anyone may put files there
    FORM_BUILDER = "form-builder"  # anyone may publish a form there
    DOCUMENT = "document"  # online documents that anyone may share
    SELF_SERVICE = "self-service"  # anyone may publish pages there
    REDIRECTOR = "redirector"  # sends the visitor to any address that stands in the URL
    WRAPPER = "wrapper"  # link-rewriting mail gateway
    FREE_MAIL = "free-mail"  # mailboxes for anyone
    TENANT = "tenant"  # every organisation has its own name below it
    BULK_MAILER = "bulk-mailer"  # tracked links of newsletter senders
    SOCIAL_LANDING = "social-landing"  # link-in-bio pages
    DYNAMIC_DNS = "dynamic-dns"  # names for changing addresses, free
    DISPOSABLE_MAIL = "disposable-mail"
    IPFS_GATEWAY = "ipfs-gateway"  # serves any content by its hash
    ABUSED_TLD = "abused-tld"  # top-level domain of which phishing has far more than its share


SHARED_BY_PATH: Final = frozenset(
    {
        HostClass.SHORTENER,
        HostClass.FILE_HOST,
        HostClass.FORM_BUILDER,
        HostClass.DOCUMENT,
        HostClass.SELF_SERVICE,
        HostClass.REDIRECTOR,
        HostClass.WRAPPER,
        HostClass.TENANT,
        HostClass.BULK_MAILER,
        HostClass.SOCIAL_LANDING,
        HostClass.IPFS_GATEWAY,
    }
)
"""Classes whose hosts carry the pages or links of many: one bad path says nothing about the others."""

SHARED_BELOW: Final = frozenset({HostClass.FREE_SUBDOMAIN, HostClass.DYNAMIC_DNS})
"""Classes below whose entries every host is one customer's own."""

SHARED: Final = SHARED_BY_PATH | SHARED_BELOW

MAX_REMEMBERED: Final = 8_192
"""Hosts whose public suffix is remembered."""

_NONE: frozenset[HostClass] = frozenset()


class About(NamedTuple):
    """All that is known about a host; each field is the answer of the method of :class:`Hosts` that is named like it."""

    registrable: str
    tenant: str  # ``tenant_of``
    rank: int
    shared: bool  # ``is_shared``
    classes: frozenset[HostClass]


class Hosts:
    """The host knowledge as a value: nothing in it changes after it was built.

    It remembers the public suffixes of the hosts that it was asked for last, and all about those whose URLs are
    analysed: whoever looks at a host asks several times.
    """

    __slots__ = (
        "_abouts", "_above", "_classes", "_exact", "_icann", "_ranks", "_ruled", "_suffix", "_suffixes",
    )  # fmt: skip

    def __init__(
        self,
        suffixes: Iterable[str],
        classes: Mapping[HostClass, Iterable[str]],
        ranks: Mapping[str, int],
    ) -> None:
        """``suffixes``: lines of the public suffix list. ``classes``: host names, each valid for itself and
        all hosts below it, or with ``=`` in front for itself and its ``www.`` alone. ``ranks``: registrable
        domain -> place, 1 is the most used.
        """
        lines = list(_with_encoded(suffixes))
        self._ruled, self._above = _ruled(lines), _above(lines)
        self._suffixes = PublicSuffixList(source=lines, accept_encoded_idn=False)
        self._icann = PublicSuffixList(source=lines, accept_encoded_idn=False, only_icann=True)
        self._suffix = lru_cache(MAX_REMEMBERED)(self._find_suffix)
        self._abouts = lru_cache(MAX_REMEMBERED)(self._find_about)
        self._classes: dict[str, frozenset[HostClass]] = {}
        self._exact: dict[str, frozenset[HostClass]] = {}
        self._ranks = dict(ranks)
        for host_class, names in classes.items():
            for name in names:
                table = self._exact if name.startswith("=") else self._classes
                name = name.lstrip("=")
                table[name] = table.get(name, _NONE) | {host_class}

    def about(self, host: str) -> About:
        """What the methods below say about a host, found out together."""
        return self._abouts(host)

    def _find_about(self, host: str) -> About:
        suffix = self._suffix(host)
        tenant, classes = self._tenant_of(host, suffix), self.classes(host)
        if not suffix or suffix == host:
            return About("", tenant, 0, bool(suffix), classes)
        registrable = self.registrable(host)
        place = self._ranks.get(registrable, 0)
        rank = 0 if place and (tenant or is_numbered(host)) else place
        return About(registrable, tenant, rank, not tenant and not classes.isdisjoint(SHARED), classes)

    def registrable(self, host: str) -> str:
        """The registrable domain of ``host``; '' for an IP address and for a public suffix itself."""
        suffix = self._suffix(host)
        if not suffix or suffix == host:
            return ""
        return host[host.rfind(".", 0, len(host) - len(suffix) - 1) + 1 :]

    def is_public_suffix(self, host: str) -> bool:
        """Whether names can be registered directly below ``host`` (private section included)."""
        return bool(host) and self._suffix(host) == host

    def top_level_exists(self, host: str) -> bool:
        """Whether a host's last label is a top-level domain of the list's ICANN section (``evil.berlin``, not ``page.html``)."""
        return self._icann.publicsuffix(host, accept_unknown=False) is not None

    def has_suffix_below(self, domain: str) -> bool:
        """Whether names can be registered somewhere below ``domain``: not all hosts there are its own (``amazonaws.com``)."""
        return domain in self._above

    def classes(self, host: str) -> frozenset[HostClass]:
        """Every class of the host itself and of the names above it."""
        found = self._exact.get(host.removeprefix("www."), _NONE)
        name = host  # Asked several times for every URL: a generator and unions of nothing would take twice as long.
        while name:
            if more := self._classes.get(name):
                found |= more
            name = name.partition(".")[2]
        return found

    def has(self, host: str, *wanted: HostClass) -> bool:
        """Whether the host is of one of these classes."""
        return not self.classes(host).isdisjoint(wanted)

    def tenant_of(self, host: str) -> str:
        """The service below which ``host`` is one customer's own name (``github.io``), '' when none.

        The most specific entry decides: a customer's host is his own although the service itself is
        shared.
        """
        return self._tenant_of(host, self._suffix(host))

    def _find_suffix(self, host: str) -> str:
        if _is_ip(host):
            return ""
        # Most hosts lie in ``.com`` and the like: no rule is about them but that of the top-level domain. Many of the
        # others are one customer's below ``github.io`` and the like: no rule has three labels there, so the last two
        # decide, and are remembered. The library tries the rules of every length, in three times the time.
        rest, _, top = host.rpartition(".")
        above, _, second = rest.rpartition(".")
        if second and top and host.islower() and ".." not in host and not host.startswith("."):
            end = f"{second}.{top}"
            if end not in self._ruled and f"*.{top}" not in self._ruled:
                return top
            if above and end not in self._above:
                return self._suffix(end)
        return self._suffixes.publicsuffix(host) or ""

    def _tenant_of(self, host: str, suffix: str) -> str:
        own = host.removeprefix("www.")
        for name in _names(host):
            if name == suffix:
                # Above the suffix nothing is the customer's; a private one is a service itself.
                private = "." in name and own != name and not self._icann.is_public(name)
                return name if private else ""
            classes = self._classes.get(name)
            if classes is not None:
                return name if own != name and classes & SHARED_BELOW else ""
        return ""

    def is_shared(self, host: str) -> bool:
        """Whether anyone may publish or redirect on this very host: widening never crosses it."""
        suffix = self._suffix(host)
        if not suffix or suffix == host:
            return bool(suffix)
        if self.classes(host).isdisjoint(SHARED):
            return False
        return not self._tenant_of(host, suffix)

    def rank(self, host: str) -> int:
        """Place of the registrable domain among the most used ones, 0 when it is not known as such.

        A customer's host below a free-subdomain service has no share in the service's place, nor has a numbered
        machine in its provider's.
        """
        suffix = self._suffix(host)
        if not suffix or suffix == host:
            return 0
        place = self._ranks.get(self.registrable(host), 0)
        return 0 if place and (self._tenant_of(host, suffix) or is_numbered(host)) else place


def is_numbered(host: str) -> bool:
    """Whether the host has an IPv4 address in its name, as providers name the machines and lines of customers."""
    return _NUMBERED.search(host) is not None


def _is_ip(host: str) -> bool:
    return host.startswith("[") or host[-1:].isdigit()  # no top-level domain ends in a digit (WHATWG)


def _ruled(lines: Iterable[str]) -> frozenset[str]:
    """The last two labels of every rule of the public suffix list that has two or more."""
    return frozenset(".".join(labels[-2:]) for labels in _rules(lines) if len(labels) > 1)


def _above(lines: Iterable[str]) -> frozenset[str]:
    """All names of two labels and more that lie above a rule of the public suffix list."""
    return frozenset(
        ".".join(labels[start:]) for labels in _rules(lines) for start in range(1, len(labels) - 1)
    )


def _rules(lines: Iterable[str]) -> Iterator[list[str]]:
    """The labels of each rule."""
    return (line.lower().split(" ")[0].strip().lstrip("!").split(".") for line in lines if line[:2] != "//")


def _names(host: str) -> Iterator[str]:
    """``a.b.c``, ``b.c``, ``c``."""
    while host:
        yield host
        host = host.partition(".")[2]


def _with_encoded(lines: Iterable[str]) -> Iterator[str]:
    """The list's lines, and each name that is not ASCII once more as it stands in the DNS.

    The library can do this as well, but encodes the thousands of ASCII names too, at every start.
    """
    for line in lines:
        yield line
        name = line.split(" ")[0].strip()
        if not name.isascii() and not name.startswith("//"):
            yield name.lower().encode("idna").decode("ascii")
