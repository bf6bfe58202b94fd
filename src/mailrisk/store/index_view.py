"""Reading the look-up index: one view is one LMDB transaction, a state that no writer changes.

A miss costs one read for the host and one for each domain above it that could be listed, and a hit on a host with few
rules no other; the table of rules and public suffixes are asked only where these reads say that there is something.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from socket import AF_INET6, inet_aton, inet_pton
from typing import Any, Final, NamedTuple, Self

import msgspec

from mailrisk.model.change import KeyGrant, Listing
from mailrisk.model.subject import IP_KINDS, URL_SCOPES, Kind, Subject
from mailrisk.model.url.canonical import Url
from mailrisk.model.url.rules import folders
from mailrisk.store import index_form as form
from mailrisk.store import index_host
from mailrisk.store.index_form import Rule, Shape
from mailrisk.store.microseconds import from_us

MAX_SHAPES: Final = 20_000
"""Decoded shapes kept in memory by one process; then it starts again."""

MAX_GRANTS: Final = 10_000
"""Decoded API keys kept likewise."""

MAX_PARENTS: Final = 4
"""Dots in a host up to which every domain above it is asked for, which is cheaper than its public suffix."""

_grant = msgspec.json.Decoder(KeyGrant)
_lengths = msgspec.json.Decoder(dict[str, list[int]])


Lengths = tuple[tuple[int, bytes], ...]
"""(mask of a network, its prefix length as the last byte of the key) for each length."""


class Tables(NamedTuple):
    """The named tables of an open index."""

    hosts: Any
    rules: Any
    addresses: Any
    keys: Any
    meta: Any
    shapes: Any


class Decoded:
    """What one process has decoded, by the bytes that it was decoded from: it cannot be out of date."""

    __slots__ = ("agreed_at", "grants", "lengths", "shapes")

    def __init__(self) -> None:
        self.shapes: dict[bytes, Shape] = {}
        self.grants: dict[bytes, KeyGrant] = {}
        self.agreed_at: tuple[bytes, datetime] | None = None
        self.lengths: tuple[bytes, tuple[Lengths, Lengths]] | None = None


class Match(NamedTuple):
    """A rule as it is stored, with the indicator that it is about."""

    kind: Kind
    value: str
    raw: bytes

    @property
    def is_listing(self) -> bool:
        """Whether it lists (else it exempts)."""
        return self.raw[0] == form.LISTING


class View:
    """The index at one moment. Get one from ``LookupIndex.view()``; it ends with its ``with`` block."""

    __slots__ = ("_addresses", "_decoded", "_get", "_hosts", "_rules", "_tables", "end")

    def __init__(self, transaction: Any, tables: Tables, decoded: Decoded) -> None:
        self._get = transaction.get
        self.end: Callable[[], None] = transaction.abort  # A read transaction has nothing to commit.
        self._tables = tables
        self._hosts, self._rules, self._addresses = tables.hosts, tables.rules, tables.addresses
        self._decoded = decoded

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def match(self, url: Url, registrable: Callable[[str], str], tenant: int) -> Match | None:
        """The rule of one tenant that covers a URL, the narrowest scope first.

        ``registrable`` gives the registrable domain of a host, '' when it has none.
        """
        return self.match_key(url.host, url.key, registrable, tenant, is_ip=url.is_ip)

    def match_key(
        self, host: str, key: str, registrable: Callable[[str], str], tenant: int, *, is_ip: bool = False
    ) -> Match | None:
        """As ``match`` for a URL of which only host and key are known."""
        head = tenant.to_bytes(2, "big")
        about = self._get(head + host.encode(), None, self._hosts)
        domain = 0
        if about is not None:
            urls, paths, hosts, domain = index_host.COUNTS.unpack_from(about)
            if (urls or paths) and (found := self._below(head, about, key, urls, paths)):
                return found
            if hosts and (found := self._rule(head, about, Kind.HOST, host)):
                return found
        if is_ip or not (domain or self._domain_above(head, host)):
            return None
        name = registrable(host)
        return self._at(head, Kind.DOMAIN, name, name) if name else None

    def covering(self, asked: Sequence[Subject], registrable: str, tenant: int) -> Match | None:
        """As ``match`` for expressions that the caller made himself, narrowest first, of one host."""
        head = tenant.to_bytes(2, "big")
        host = asked[0].host
        about = self._get(head + host.encode(), None, self._hosts)
        if about is not None:
            urls, paths, hosts, _ = index_host.COUNTS.unpack_from(about)
            for subject in asked:
                if (urls if subject.kind is Kind.URL else paths) and (
                    found := self._rule(head, about, subject.kind, subject.value)
                ):
                    return found
            if hosts and (found := self._rule(head, about, Kind.HOST, host)):
                return found
        return self._at(head, Kind.DOMAIN, registrable, registrable) if registrable else None

    def _below(self, head: bytes, about: bytes, key: str, urls: int, paths: int) -> Match | None:
        """The rule on the URL, its page or a folder above it: the order of ``model.url.rules.candidates``."""
        # What nearly every hit is comes first.
        if urls and (found := self._rule(head, about, Kind.URL, key)):
            return found
        page, mark, _ = key.partition("?")
        if urls and mark and (found := self._rule(head, about, Kind.URL, page)):
            return found
        for prefix in folders(page) if paths else ():
            if found := self._rule(head, about, Kind.PATH, prefix):
                return found
        return None

    def _rule(self, head: bytes, about: bytes, kind: Kind, value: str) -> Match | None:
        """The rule about an indicator of a host, of which ``about`` is the value."""
        key = form.rule_key(kind, value)
        if len(about) > index_host.START:  # ``is_held``, without a call: every hit comes by here.
            raw = index_host.find(about, key)
        else:
            raw = self._get(head + key, None, self._rules)
        return None if raw is None else Match(kind, value, raw)

    def _at(self, head: bytes, kind: Kind, value: str, host: str) -> Match | None:
        """The rule about an indicator of a host."""
        about = self._get(head + host.encode(), None, self._hosts)
        return None if about is None else self._rule(head, about, kind, value)

    def _domain_above(self, head: bytes, host: str) -> bool:
        """Whether the host's registrable domain may be listed; True when it is dear to say."""
        if host.count(".") > MAX_PARENTS:
            return True
        start = host.find(".") + 1
        while start:
            following = host.find(".", start) + 1
            if not following:  # The last label alone is nobody's domain.
                return False
            about = self._get(head + host[start:].encode(), None, self._hosts)
            if about is not None and about[index_host.DOMAINS] != b"\0\0\0\0":
                return True
            start = following
        return False

    def exact(self, subject: Subject, tenant: int) -> Match | None:
        """The rule for exactly this indicator."""
        head = tenant.to_bytes(2, "big")
        if subject.kind in URL_SCOPES:
            return self._at(head, subject.kind, subject.value, subject.host)
        if subject.kind in IP_KINDS:
            raw = self._get(head + form.packed(subject.value), None, self._addresses)
        else:
            raw = self._get(head + form.rule_key(subject.kind, subject.value), None, self._rules)
        return None if raw is None else Match(subject.kind, subject.value, raw)

    def count(self) -> int:
        """Number of rules."""
        return int(self._get(b"count", None, self._tables.meta) or 0)

    def ip(self, address: str, tenant: int) -> Iterator[Match]:
        """Every rule that covers an IP address: the address itself, then networks, narrowest first."""
        yield from self.ip_matches(address, tenant)

    def ip_matches(self, address: str, tenant: int) -> list[Match]:
        """As ``ip``; one read for each prefix length that occurs in the index."""
        lengths_v4, lengths_v6 = self._lengths()
        if ":" in address:
            head, packed, lengths = (
                tenant.to_bytes(2, "big") + b"\6",
                inet_pton(AF_INET6, address),
                lengths_v6,
            )
        else:
            head, packed, lengths = tenant.to_bytes(2, "big") + b"\4", inet_aton(address), lengths_v4
        number, size = int.from_bytes(packed, "big"), len(packed)
        get, table = self._get, self._addresses
        found = []
        for mask, end in lengths:
            raw = get(head + (number & mask).to_bytes(size, "big") + end, None, table)
            if raw is not None:
                if end[0] == 8 * size:
                    found.append(Match(Kind.IP, address, raw))
                else:
                    first = (number & mask).to_bytes(size, "big")
                    network = str(ipaddress.ip_network((first, end[0])))
                    found.append(Match(Kind.NETWORK, network, raw))
        return found

    def _lengths(self) -> tuple[Lengths, Lengths]:
        """The prefix lengths that occur, for IPv4 and IPv6, the longest first."""
        raw = self._get(b"lengths", None, self._tables.meta) or b"{}"
        known = self._decoded.lengths
        if known is None or known[0] != raw:
            lengths = _lengths.decode(raw)
            both = (_masks(lengths.get("4", ()), 32), _masks(lengths.get("6", ()), 128))
            known = self._decoded.lengths = (raw, both)
        return known[1]

    def rule(self, match: Match) -> Rule:
        """A match as a value."""
        subject = Subject(match.kind, match.value)
        if not match.is_listing:
            return form.decode_exemption(subject, match.raw)
        return form.decode_listing(subject, match.raw, self._shape(form.shape_name(match.raw)))

    def listing(self, match: Match) -> Listing | None:
        """The listing of a match, without the rule around it; None for an exemption."""
        raw = match.raw
        if raw[0] != form.LISTING:
            return None
        return form.listing_of(match.kind, match.value, raw, self._shape(raw[form.SHAPE]))

    def _shape(self, name: bytes) -> Shape:
        shapes = self._decoded.shapes
        known = shapes.get(name)
        if known is None:
            raw = self._get(name, None, self._tables.shapes)
            known = form.read_shape(raw[4:]) if raw is not None else Shape()
            if len(shapes) >= MAX_SHAPES:
                shapes.clear()
            shapes[name] = known
        return known

    def key(self, public_id: str) -> KeyGrant | None:
        """An API key in force."""
        raw = self._get(public_id.encode(), None, self._tables.keys)
        if raw is None:
            return None
        grants = self._decoded.grants
        known = grants.get(raw)
        if known is None:
            if len(grants) >= MAX_GRANTS:
                grants.clear()
            known = grants[raw] = _grant.decode(raw)
        return known

    def position(self) -> tuple[str, int]:
        """(epoch, seq) of the last change applied; ('', 0) for an empty index."""
        raw = self._get(b"position", None, self._tables.meta)
        return ("", 0) if raw is None else msgspec.json.decode(raw, type=tuple[str, int])

    def agreed_at(self) -> datetime | None:
        """When the index last was known to agree with the ledger."""
        raw = self._get(b"agreed_at", None, self._tables.meta)
        if raw is None:
            return None
        known = self._decoded.agreed_at
        if known is None or known[0] != raw:
            known = self._decoded.agreed_at = (raw, from_us(int(raw)))
        return known[1]


def _masks(lengths: Iterable[int], bits: int) -> Lengths:
    whole = (1 << bits) - 1
    return tuple(
        (whole >> bits - length << bits - length, bytes([length])) for length in sorted(lengths, reverse=True)
    )
