"""Lists of addresses and networks, for devices and programs that have a form of their own."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from mailrisk.model.subject import Kind
from mailrisk.publish.firewall.written import Written, lines
from mailrisk.publish.listing_keys import NUMBER
from mailrisk.publish.listing_table import CATEGORIES, Snapshot

LIST: Final = "mailrisk"
_NETWORK: Final = NUMBER[Kind.NETWORK]

HUAWEI_MINUTES: Final = 1_000
H3C_MINUTES: Final = 10_080


def plain(chosen: Snapshot) -> Written:
    """One address or network a line: Palo Alto, FortiGate, pfSense, Cisco, Sangfor."""
    return lines(text[1:] for text in chosen.texts)


def squid(chosen: Snapshot) -> Written:
    """``src`` and ``dst`` of Squid, which ignores a whole network when an address of it stands in the list too."""
    kinds = chosen.rows["kind"].tolist()
    networks = [
        ipaddress.ip_network(text[1:])
        for text, kind in zip(chosen.texts, kinds, strict=True)
        if kind == _NETWORK
    ]
    known = {(one.version, one.prefixlen, int(one.network_address)) for one in networks}
    lengths = {version: sorted({length for of, length, _ in known if of == version}) for version in (4, 6)}

    def covered(text: str) -> bool:
        address, _, bits = text.partition("/")
        version, longest = (6, 128) if ":" in address else (4, 32)
        if not lengths[version]:
            return False
        number, own = int(ipaddress.ip_address(address)), int(bits or longest)
        return any(
            (version, length, number >> (longest - length) << (longest - length)) in known
            for length in lengths[version]
            if length < own
        )

    kept = (text[1:] for text in chosen.texts if not covered(text[1:]))
    return lines(kept, entries=len(chosen.texts))


def mikrotik(chosen: Snapshot) -> Written:
    """A RouterOS script that puts the address list ``mailrisk`` in place of the one before."""
    four, six = _versions(chosen)

    def script() -> Iterator[str]:
        for menu, texts in (("/ip", four), ("/ipv6", six)):
            yield f"{menu} firewall address-list"
            yield f"remove [find list={LIST}]"
            yield from (f"add list={LIST} address={text}" for text in texts)

    return lines(script(), entries=len(chosen.texts))


def ipset(chosen: Snapshot) -> Written:
    """``ipset restore``: the sets ``mailrisk4`` and ``mailrisk6`` are filled beside and swapped in at once."""

    def commands() -> Iterator[str]:
        for name, family, texts in zip(
            ("mailrisk4", "mailrisk6"), ("inet", "inet6"), _versions(chosen), strict=True
        ):
            most = max(65_536, len(texts))
            for one in (name, f"{name}-new"):
                yield f"create {one} hash:net family {family} maxelem {most} -exist"
            yield f"flush {name}-new"
            yield from (f"add {name}-new {text} -exist" for text in texts)
            yield f"swap {name}-new {name}"
            yield f"destroy {name}-new"

    return lines(commands(), entries=len(chosen.texts))


def nftables(chosen: Snapshot) -> Written:
    """``nft -f``: the sets ``blocked4`` and ``blocked6`` of the table ``inet mailrisk``, in one transaction."""

    def commands() -> Iterator[str]:
        yield f"add table inet {LIST}"
        for name, type_, texts in zip(
            ("blocked4", "blocked6"), ("ipv4_addr", "ipv6_addr"), _versions(chosen), strict=True
        ):
            yield f"add set inet {LIST} {name} {{ type {type_}; flags interval; auto-merge; }}"
            yield f"flush set inet {LIST} {name}"
            if texts:
                yield f"add element inet {LIST} {name} {{"
                yield ",\n".join(texts)
                yield "}"

    return lines(commands(), entries=len(chosen.texts))


def nginx(chosen: Snapshot) -> Written:
    """Lines for the inside of a ``geo`` block: the value is the category."""
    return lines(f"{text} {category};" for text, category in _with_category(chosen))


def haproxy(chosen: Snapshot) -> Written:
    """A map from address or network to category, for ``map_ip``."""
    return lines(f"{text} {category}" for text, category in _with_category(chosen))


def huawei(chosen: Snapshot) -> Written:
    """Commands of the USG series, for single addresses alone: networks are left out."""

    def commands() -> Iterator[str]:
        yield "system-view"
        yield "firewall blacklist enable"
        for text in single:
            yield f"firewall blacklist item source-ip {text} timeout {HUAWEI_MINUTES}"

    single = _single(chosen)
    return lines(commands(), entries=len(single), left_out=len(chosen.texts) - len(single))


def h3c(chosen: Snapshot) -> Written:
    """Commands of Comware 7, for single addresses alone: networks are left out."""

    def commands() -> Iterator[str]:
        yield "system-view"
        yield "blacklist global enable"
        for text in single:
            yield f"blacklist {'ipv6' if ':' in text else 'ip'} {text} timeout {H3C_MINUTES}"

    single = _single(chosen)
    return lines(commands(), entries=len(single), left_out=len(chosen.texts) - len(single))


def _single(chosen: Snapshot) -> list[str]:
    kinds = chosen.rows["kind"].tolist()
    return [text[1:] for text, kind in zip(chosen.texts, kinds, strict=True) if kind != _NETWORK]


def _versions(chosen: Snapshot) -> tuple[list[str], list[str]]:
    """(IPv4, IPv6)."""
    texts = [text[1:] for text in chosen.texts]
    return [text for text in texts if ":" not in text], [text for text in texts if ":" in text]


def _with_category(chosen: Snapshot) -> Iterator[tuple[str, str]]:
    for text, category in zip(chosen.texts, chosen.rows["category"].tolist(), strict=True):
        yield text[1:], CATEGORIES[category] if category < len(CATEGORIES) else "listed"
