"""Keys of indicators in the table of listings: one character for the kind, then the canonical value."""

from __future__ import annotations

import ipaddress
from typing import Final

from mailrisk.model.subject import IP_KINDS, Kind, Subject

KINDS: Final = (Kind.IP, Kind.NETWORK, Kind.HOST, Kind.DOMAIN, Kind.URL, Kind.PATH)
NUMBER: Final = {kind: number for number, kind in enumerate(KINDS)}


def is_v6(subject: Subject) -> bool:
    """Whether it is an address or network of IPv6."""
    return subject.kind in IP_KINDS and ":" in subject.value


def wider_keys(subject: Subject) -> set[str]:
    """Keys of every wider indicator that an indicator lies in."""
    if subject.kind in (Kind.IP, Kind.NETWORK):
        return set(networks_of(subject.value))
    host, _, path = subject.value.partition("/")
    labels = host.split(".")
    found = {f"{NUMBER[Kind.DOMAIN]}{'.'.join(labels[at:])}" for at in range(len(labels) - 1)}
    if subject.kind in (Kind.URL, Kind.PATH):
        found.add(f"{NUMBER[Kind.HOST]}{host}")
        page, query, _ = path.partition("?")
        if query:
            found.add(f"{NUMBER[Kind.URL]}{host}/{page}")
        at = -1
        for _ in range(64):  # A path that is deeper is covered by what its first 64 folders cover.
            found.add(f"{NUMBER[Kind.PATH]}{host}/{page[: at + 1]}")
            at = page.find("/", at + 1)
            if at < 0:
                break
    found.discard(key_of(subject))
    return found


def networks_of(value: str) -> list[str]:
    """Keys of the networks that hold an address or a network."""
    network = ipaddress.ip_network(value)
    bits, number, longest = network.prefixlen, int(network.network_address), network.max_prefixlen
    lengths = range(min(bits, longest), 7, -1)
    one = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    found = []
    for length in lengths:
        if length == bits and "/" in value:
            continue
        base = number >> (longest - length) << (longest - length)
        found.append(f"{NUMBER[Kind.NETWORK]}{one(base)}/{length}")
    return found


def key_of(subject: Subject) -> str:
    """The key of an indicator of KINDS."""
    return f"{NUMBER[subject.kind]}{subject.value}"


def subject_of(key: str) -> Subject:
    """The indicator behind a key."""
    return Subject(KINDS[int(key[0])], key[1:])
