"""Subjects of evidence: indicators, samples and accounts.

An *indicator* is a URL, path prefix, host, registrable domain, IP address, IP network or file
hash in canonical form. A *sample* is a stored message or capture, named by its SHA-256. An
*account* is named only by a tenant-keyed hash.

Identity of URL-like indicators follows the Safe Browsing expressions: scheme, port, user
information and fragment are no part of it. ``http://evil.example:8080/a`` and
``https://evil.example/a`` are therefore one indicator, ``url evil.example/a``; the scheme first
seen is kept beside it for display.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What a subject is. For URL-like indicators this is also the *scope* of a listing."""

    URL = "url"  # exact host + path (+ query); without a query it covers every query of the path
    PATH = "path"  # every URL of the host whose path starts with this one
    HOST = "host"  # exactly this host, every path
    DOMAIN = "domain"  # the registrable domain and every host below it
    IP = "ip"  # one IPv4 or IPv6 address
    NETWORK = "network"  # one CIDR block
    FILE = "file"  # SHA-256 of a file, lower-case hex
    SAMPLE = "sample"  # SHA-256 of a stored sample
    ACCOUNT = "account"  # tenant-keyed hash of an account name


URL_SCOPES = (Kind.URL, Kind.PATH, Kind.HOST, Kind.DOMAIN)
"""Scopes of URL-like indicators, narrowest first: the order of look-up precedence."""

IP_KINDS = (Kind.IP, Kind.NETWORK)

# Asked several times for every link and every entry of a feed: in Python 3.11 to name a member of an enum takes as long
# as to cut the host off.
WHOLE_KINDS = (Kind.HOST, Kind.DOMAIN)
_WITH_PATH = (Kind.URL, Kind.PATH)


class Subject(msgspec.Struct, frozen=True, order=True, gc=False):
    """One subject: its kind and its canonical text (no scheme, no port)."""

    kind: Kind
    value: str

    @property
    def host(self) -> str:
        """The host part of a URL-like indicator ('' for the others)."""
        if self.kind in _WITH_PATH:
            return self.value.partition("/")[0]
        return self.value if self.kind in WHOLE_KINDS else ""

    def display(self, scheme: str = "https") -> str:
        """The text shown to people and scripts, which every command accepts again.

        URLs and path prefixes get their scheme back: ``https://evil.example/a``.
        """
        return display(self.kind, self.value, scheme)


def display(kind: Kind, value: str, scheme: str) -> str:
    """``Subject.display`` without a subject."""
    return f"{scheme}://{value}" if kind in _WITH_PATH else value
