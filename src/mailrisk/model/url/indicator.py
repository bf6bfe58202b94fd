"""Indicators as people and scripts write them: every form that ``Subject.display`` writes, and more.

With a prefix the kind is said: ``url:`` ``path:`` ``host:`` ``domain:`` ``ip:`` ``net:`` (or ``network:``)
``file:`` ``sample:``. Without one the form decides: an address is an IP, an address with a length a
network, 64 hexadecimal digits a file, anything with a scheme, a path or a query a URL, a bare name a host.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from mailrisk.model.errors import BadAddress, BadInput, BadUrl, TooLarge
from mailrisk.model.ip import parse_ip, parse_network
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.canonical import MAX_LENGTH, Url, parse_url
from mailrisk.model.url.defang import refang

DEFAULT_SCHEME: Final = "https"
"""Display scheme of indicators that have none."""

_PREFIX = re.compile(r"(url|path|host|domain|ip|net|network|file|sample):(?!//)\s*", re.IGNORECASE)
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
_CIDR = re.compile(r"[0-9A-Fa-f:.\[\]]+/[0-9]{1,3}")


def parse_indicator(text: str) -> tuple[Subject, str]:
    """The subject that ``text`` names and its scheme for display (see ``Subject.display``).

    BadUrl, BadAddress, BadInput: no indicator. TooLarge: longer than a URL may be.
    """
    if len(text) > MAX_LENGTH:
        raise TooLarge("indicator", f"longer than {MAX_LENGTH} characters")
    text = text.strip()
    prefix = _PREFIX.match(text)
    if prefix:
        return _KINDS[prefix[1].lower()](text[prefix.end() :])
    if _SHA256.fullmatch(text):
        return Subject(Kind.FILE, text.lower()), DEFAULT_SCHEME
    plain = refang(text)
    if _CIDR.fullmatch(plain):
        return _network(plain)
    try:
        return _ip(plain)
    except BadAddress:
        return _host_or_url(text)


def _host_or_url(text: str) -> tuple[Subject, str]:
    url = parse_url(text)
    if "/" in refang(text) or url.query or url.fragment:
        return url.subject, url.scheme
    if url.is_ip:
        # ``1.2.3`` and ``0x7f.1`` are addresses to browsers alone; other programs read them otherwise.
        raise BadAddress("not an IP address in its usual form")
    return Subject(Kind.HOST, url.host), DEFAULT_SCHEME


def _url(text: str) -> tuple[Subject, str]:
    url = parse_url(text)
    return url.subject, url.scheme


def _path(text: str) -> tuple[Subject, str]:
    url = parse_url(text)
    if "?" in url.key:
        raise BadUrl("a path prefix has no query")
    prefix = url.key if url.key.endswith("/") else url.key + "/"
    if prefix.count("/") == 1:
        raise BadUrl("the root is no path prefix; name the host instead")
    return Subject(Kind.PATH, prefix), url.scheme


def _host(text: str) -> tuple[Subject, str]:
    return Subject(Kind.HOST, _only_host(text).host), DEFAULT_SCHEME


def _domain(text: str) -> tuple[Subject, str]:
    url = _only_host(text)
    if url.is_ip:
        raise BadUrl("an IP address is no domain")
    return Subject(Kind.DOMAIN, url.host), DEFAULT_SCHEME


def _only_host(text: str) -> Url:
    url = parse_url(text)
    if url.key != url.host + "/" or url.port:
        raise BadUrl("more than a host")
    return url


def _ip(text: str) -> tuple[Subject, str]:
    return Subject(Kind.IP, parse_ip(refang(text))), DEFAULT_SCHEME


def _network(text: str) -> tuple[Subject, str]:
    return Subject(Kind.NETWORK, parse_network(refang(text))), DEFAULT_SCHEME


def _hash_of(kind: Kind) -> Callable[[str], tuple[Subject, str]]:
    def parse(text: str) -> tuple[Subject, str]:
        if not _SHA256.fullmatch(text):
            raise BadInput(kind, "not a SHA-256 of 64 hexadecimal digits")
        return Subject(kind, text.lower()), DEFAULT_SCHEME

    return parse


_KINDS: Final[dict[str, Callable[[str], tuple[Subject, str]]]] = {
    "url": _url,
    "path": _path,
    "host": _host,
    "domain": _domain,
    "ip": _ip,
    "net": _network,
    "network": _network,
    "file": _hash_of(Kind.FILE),
    "sample": _hash_of(Kind.SAMPLE),
}
