"""Made lists with everything that a zone can hold, and questions about them and their neighbourhood."""

from __future__ import annotations

import ipaddress
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha1

from mailrisk.model.change import Listing
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category, Level, Reason
from mailrisk.publish.dnsbl.fold import Rules, ZoneFold
from mailrisk.publish.dnsbl.rows import MemoryRows, WritableRows

SEEN = datetime(2026, 3, 1, tzinfo=UTC)
IP_CATEGORIES = (Category.BRUTE_FORCE, Category.SPAM_SOURCE, Category.PHISHING_SOURCE, Category.PHISHING_HOST)
URL_CATEGORIES = (Category.CREDENTIAL_PHISHING, Category.MALWARE_FILE, Category.GAMBLING_PORN_SPAM)


def two_labels(host: str) -> str:
    """The registrable domain in a world where all suffixes have one label."""
    return ".".join(host.split(".")[-2:]) if "." in host else ""


def listing(subject: Subject, category: Category | None = None, **more: object) -> Listing:
    """A listing that may be passed on."""
    is_ip = subject.kind in (Kind.IP, Kind.NETWORK)
    known: dict[str, object] = {
        "kind": subject.kind,
        "value": subject.value,
        "level": Level.HIGH if is_ip else Level.MALICIOUS,
        "probability": 0.97,
        "category": category,
        "first_seen": SEEN,
        "last_seen": SEEN + timedelta(days=1),
        "valid_until": SEEN + timedelta(days=30),
        "reasons": (Reason(code="feed-listed", text="t", text_zh="t", weight=5.0),),
    }
    return Listing(**{**known, **more})  # type: ignore[arg-type]


def fold(rows: WritableRows | None = None, *, triggers: bool = False) -> ZoneFold:
    """A fold over rows in memory."""
    made = ZoneFold(
        Rules(
            registrable=two_labels,
            divided=lambda name: name == "cloud.example",
            is_trigger=lambda _: triggers,
        )
    )
    made.rows = MemoryRows() if rows is None else rows
    made.now_s = 1_772_000_000
    return made


class SortedRows(MemoryRows):
    """Rows that are asked often and written no more."""

    def __init__(self, rows: dict[bytes, bytes]) -> None:
        super().__init__()
        self._rows = dict(sorted(rows.items()))


@dataclass
class Made:
    """Rows, and what is in them."""

    rows: MemoryRows = field(default_factory=MemoryRows)
    subjects: list[Subject] = field(default_factory=list)

    def question(self, zone: str, chance: random.Random) -> str:
        """A name without its zone, about something that is listed, nearly listed, or not.

        Raises:
            LookupError: nothing of this zone's kinds is there.
        """
        kinds = {"ip": (Kind.IP, Kind.NETWORK), "domain": (Kind.HOST, Kind.DOMAIN), "url": (Kind.URL,)}[zone]
        subjects = [one for one in self.subjects if one.kind in kinds]
        if not subjects:  # Hypothesis's ``choice`` would draw from nothing, and stumble over it later.
            raise LookupError(zone)
        subject = chance.choice(subjects)
        if zone == "url":
            value = subject.value + ("x" if chance.random() < 0.3 else "")
            return sha1(value.encode()).hexdigest()
        if zone == "domain":
            prefix = chance.choice(("", "", "www.", "a.b.", "z"))
            return prefix + (subject.value if chance.random() < 0.8 else two_labels(subject.value))
        network = ipaddress.ip_network(subject.value)
        number = int(network.network_address) + chance.randrange(network.num_addresses)
        number ^= chance.choice((0, 0, 0, 1, 1 << 9))
        address = ipaddress.ip_address(number) if network.version == 4 else ipaddress.IPv6Address(number)
        return address.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")


def made(chance: random.Random, count: int) -> Made:
    """About ``count`` indicators, crowded together so that they cover one another."""
    result = Made()
    writer = fold(result.rows)
    writer.clear()
    for _ in range(count):
        subject = a_subject(chance)
        result.subjects.append(subject)
        categories = IP_CATEGORIES if subject.kind in (Kind.IP, Kind.NETWORK) else URL_CATEGORIES
        if chance.random() < 0.15:
            writer.exempt(subject)
        else:
            writer.put(subject, listing(subject, chance.choice(categories)))
    writer.settle("e", count, started=True)
    result.rows = SortedRows(dict(result.rows.below(b"")))
    return result


def a_subject(chance: random.Random) -> Subject:
    """Any indicator."""
    kind = chance.choice((Kind.IP, Kind.IP, Kind.NETWORK, Kind.DOMAIN, Kind.HOST, Kind.HOST, Kind.URL))
    if kind in (Kind.IP, Kind.NETWORK):
        if chance.random() < 0.6:
            number = int(ipaddress.IPv4Address("203.0.112.0")) + chance.randrange(2048)
            length = 32 if kind is Kind.IP else chance.choice((22, 24, 25, 28, 30))
            network = ipaddress.ip_network((number, length), strict=False)
        else:
            number6 = int(ipaddress.IPv6Address("2001:db8::")) + (
                chance.randrange(64) << chance.choice((0, 64, 80))
            )
            length = 128 if kind is Kind.IP else chance.choice((48, 56, 64, 120))
            network = ipaddress.ip_network(f"{ipaddress.IPv6Address(number6)}/{length}", strict=False)
        return Subject(kind, str(network.network_address) if kind is Kind.IP else str(network))
    domain = f"d{chance.randrange(20)}.{chance.choice(('example', 'test'))}"
    if kind is Kind.DOMAIN:
        return Subject(kind, domain)
    host = chance.choice(("", "www.", "a.b.", "b.", "x.a.b.")) + domain
    return Subject(kind, host if kind is Kind.HOST else f"{host}/p/{chance.randrange(9)}.html")
