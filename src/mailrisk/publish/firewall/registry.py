"""Every list there is, by the name in its address: ``<type>.<format>``, and some with a name of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from mailrisk.model.subject import Kind
from mailrisk.model.verdict import Category
from mailrisk.publish.firewall import addresses, names, pages
from mailrisk.publish.firewall.mmdb import database
from mailrisk.publish.firewall.selection import Selection
from mailrisk.publish.firewall.written import Written
from mailrisk.publish.listing_table import Snapshot

Format = Callable[[Snapshot], Written]

BINARY: Final = "application/octet-stream"
TEXT: Final = "text/plain"


class ListKind(msgspec.Struct, frozen=True, kw_only=True):
    """A list: what it holds unless a consumer asks for less, and how it is written."""

    name: str
    selection: Selection
    write: Format
    consumer: str  # who reads it
    media_type: str = TEXT


def _mmdb(chosen: Snapshot) -> Written:
    return database(chosen, int(chosen.rows["last"].max()) if len(chosen.rows) else 0)


_ADDRESSES: Final[tuple[tuple[str, Format, str], ...]] = (
    ("txt", addresses.plain, "anything that reads one address or network a line"),
    ("paloalto", addresses.plain, "Palo Alto Networks, external dynamic list of addresses"),
    ("fortigate", addresses.plain, "FortiGate, threat feed of IP addresses"),
    ("pfsense", addresses.plain, "pfSense and OPNsense, URL table alias; pfBlockerNG"),
    ("cisco", addresses.plain, "Cisco Secure Firewall, Security Intelligence network feed"),
    ("sangfor", addresses.plain, "Sangfor, as a plain list: no public format is known"),
    ("mikrotik", addresses.mikrotik, "MikroTik RouterOS, script"),
    ("huawei", addresses.huawei, "Huawei USG, commands"),
    ("h3c", addresses.h3c, "H3C Comware 7, commands"),
    ("ipset", addresses.ipset, "ipset restore"),
    ("nft", addresses.nftables, "nft -f"),
    ("squid", addresses.squid, "Squid, acl src or dst"),
    ("nginx", addresses.nginx, "nginx, inside of a geo block"),
    ("haproxy", addresses.haproxy, "HAProxy, map_ip"),
)
_NAMES: Final[tuple[tuple[str, Format, str], ...]] = (
    ("txt", names.plain, "anything that reads one name a line"),
    ("paloalto", names.with_wildcards, "Palo Alto Networks, external dynamic list of domains"),
    ("fortigate", names.with_wildcards, "FortiGate, threat feed of domain names"),
    ("pfsense", names.plain, "pfBlockerNG, DNSBL"),
    ("cisco", names.plain, "Cisco Secure Firewall, Security Intelligence DNS feed"),
    ("sangfor", names.plain, "Sangfor, as a plain list: no public format is known"),
    ("mikrotik", names.mikrotik, "MikroTik RouterOS 7, script of static DNS answers"),
    ("squid", names.squid, "Squid, acl dstdomain"),
    ("hosts", names.hosts_file, "hosts files, dnsmasq addn-hosts"),
    ("adblock", names.adblock, "AdBlock, uBlock Origin"),
    ("haproxy", names.haproxy, "HAProxy, map_str"),
)
_PAGES: Final[tuple[tuple[str, Format, str], ...]] = (
    ("txt", pages.plain, "anything that reads one URL a line"),
    ("paloalto", pages.without_scheme, "Palo Alto Networks, external dynamic list of URLs"),
    ("fortigate", pages.without_scheme, "FortiGate, threat feed of the type category"),
    ("cisco", pages.without_scheme, "Cisco Secure Firewall, Security Intelligence URL feed"),
    ("sangfor", pages.without_scheme, "Sangfor, as a plain list: no public format is known"),
    ("squid", pages.squid, "Squid, acl url_regex"),
    ("adblock", pages.adblock, "AdBlock, uBlock Origin"),
)
_FORMATS: Final = {
    **dict.fromkeys(("ip", "ip4", "ip6"), _ADDRESSES),
    "domain": _NAMES,
    "url": _PAGES,
}

LISTS: Final[dict[str, ListKind]] = {
    "phishing-urls.txt": ListKind(
        name="phishing-urls.txt",
        selection=Selection(
            type="url",
            kinds=(Kind.URL,),
            without=frozenset({Category.MALWARE_FILE, Category.GAMBLING_PORN_SPAM}),
            limit=5_000_000,
        ),
        write=pages.sorted_plain,
        consumer="readers of OpenPhish's list",
    ),
    **{
        f"{type_}.{name}": ListKind(
            name=f"{type_}.{name}", selection=Selection(type=type_), write=write, consumer=consumer
        )
        for type_, formats in _FORMATS.items()
        for name, write, consumer in formats
    },
    "ip.mmdb": ListKind(
        name="ip.mmdb",
        selection=Selection(type="ip"),
        write=_mmdb,
        consumer="readers of MaxMind's format",
        media_type=BINARY,
    ),
}
