"""IP addresses and networks in canonical text, and which of them no one on the Internet can own.

Every address that enters the product passes ``parse_ip`` once; after that, equal addresses are
equal strings. Canonical is the dotted quad for IPv4 and RFC 5952 for IPv6.

- ``::ffff:1.2.3.4`` (RFC 4291 §2.5.5.2) and ``64:ff9b::1.2.3.4`` (RFC 6052 §2.1, the well-known
  NAT64 prefix) become ``1.2.3.4``: a translator or a dual-stack socket wrote them, the peer is
  the IPv4 host. Network-specific NAT64 prefixes cannot be told from other addresses and are kept.
- A zone index (``fe80::1%eth0``) names an interface of the host that wrote it and is dropped.
- Address literals of SMTP (``[1.2.3.4]``, ``[IPv6:2001:db8::1]``, RFC 5321 §4.1.3) lose brackets.
- A port is removed by ``split_port`` alone, because ``2001:db8::1:25`` is ambiguous.
- Octal, hexadecimal and shortened forms (``010.0.0.1``, ``0x7f.1``, ``1.2.3``) are errors: programs
  disagree about what they mean.

**Documentation ranges are not reserved here.** 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24
(RFC 5737), 2001:db8::/32 (RFC 3849) and 3fff::/20 (RFC 9637) play the attackers in samples, tests and
tutorials. A guard against requests to internal hosts (SSRF) must refuse them by itself, with
``ipaddress``' ``is_global``.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final

from mailrisk.model.errors import BadAddress

MAX_TEXT: Final = 80
"""Longest text (characters) that is looked at: the longest IPv6 form, a zone index and brackets."""

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}")
_PREFIX_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")
_PORT = re.compile(r"[0-9]{1,5}")

_MAPPED: Final = 0xFFFF  # ::ffff:0:0/96, the upper 96 bits
_NAT64: Final = 0x0064FF9B << 64  # 64:ff9b::/96, the upper 96 bits


def parse_ip(text: str) -> str:
    """The canonical text of an address. BadAddress for anything else; see the module for the forms."""
    if _IPV4.fullmatch(text):  # Most addresses are this, and already canonical.
        return text
    if len(text) > MAX_TEXT:
        raise BadAddress(f"longer than {MAX_TEXT} characters")
    bare = text.strip(" \t")
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1]
        if bare[:5].lower() == "ipv6:":
            bare = bare[5:]
    if _IPV4.fullmatch(bare):
        return bare
    try:
        address = ipaddress.IPv6Address(bare.partition("%")[0])
    except ValueError:
        raise BadAddress(f"not an IP address: {_quoted(text)}") from None
    return _canonical_v6(int(address))


def _canonical_v6(number: int) -> str:
    """RFC 5952 text of a 128-bit number; IPv4 text if the number only wraps an IPv4 address."""
    if number >> 32 in (_MAPPED, _NAT64):
        return str(ipaddress.IPv4Address(number & 0xFFFFFFFF))
    return str(ipaddress.IPv6Address(number))


def _quoted(text: str) -> str:
    """The text for an error message: printable, no control characters of the sender's choice."""
    return ascii(text if len(text) <= 40 else text[:40] + "...")


def split_port(text: str) -> tuple[str, int | None]:
    """Address and port of ``1.2.3.4:993`` or ``[2001:db8::1]:993``; the port is None if there is none.

    An IPv6 address carries a port only in brackets (RFC 5952 §6). BadAddress for anything else.
    """
    bare = text.strip(" \t")
    host, colon, port = bare.rpartition(":")
    if colon and (host.endswith("]") or ":" not in host):
        if not _PORT.fullmatch(port) or int(port) > 65535:
            raise BadAddress(f"not a port: {_quoted(port)}")
        return parse_ip(host), int(port)
    return parse_ip(bare), None


def parse_network(text: str) -> str:
    """The canonical ``address/length`` of a CIDR block; a bare address is a block of one.

    Host bits are cleared (``192.0.2.7/24`` is ``192.0.2.0/24``), as packet filters do. Netmasks in
    dotted form are errors. BadAddress for anything else.
    """
    host, slash, length = text.strip(" \t").partition("/")
    wrapped = "%" not in host and _is_wrapped(host)
    address = ipaddress.ip_address(parse_ip(host))
    if not slash:
        return f"{address}/{address.max_prefixlen}"
    if not _PREFIX_LENGTH.fullmatch(length):
        raise BadAddress(f"not a prefix length: {_quoted(length)}")
    bits = int(length) - (96 if wrapped else 0)
    if not 0 <= bits <= address.max_prefixlen:
        raise BadAddress(f"prefix length {length} does not fit {_quoted(host)}")
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))


def _is_wrapped(host: str) -> bool:
    """Whether a text is an IPv6 spelling of an IPv4 address, so that its length counts from bit 96."""
    return ":" in host and ":" not in parse_ip(host)


def counting_key(ip: str) -> str:
    """What events of a canonical address are counted under: itself for IPv4, its /64 for IPv6.

    One subscriber or one rented server owns a whole /64 (RFC 6177) and may use a new address of it
    for every attempt.
    """
    return _v6_block(ip, 64) if ":" in ip else ip


def aggregate(ip: str) -> tuple[str, ...]:
    """The wider networks a canonical address is judged in, narrowest first: /24, or /64 and /48."""
    if ":" in ip:
        return _v6_block(ip, 64), _v6_block(ip, 48)
    return (ip[: ip.rindex(".")] + ".0/24",)


@lru_cache(8_192)  # Whoever counts an address asks several times.
def _v6_block(ip: str, length: int) -> str:
    kept = int(ipaddress.IPv6Address(ip)) >> (128 - length) << (128 - length)
    return f"{ipaddress.IPv6Address(kept)}/{length}"


_RESERVED_V4: Final = (
    ("0.0.0.0/8", "unspecified"),  # RFC 1122 §3.2.1.3
    ("10.0.0.0/8", "private"),  # RFC 1918
    ("100.64.0.0/10", "carrier-nat"),  # RFC 6598
    ("127.0.0.0/8", "loopback"),  # RFC 1122 §3.2.1.3
    ("169.254.0.0/16", "link-local"),  # RFC 3927
    ("172.16.0.0/12", "private"),  # RFC 1918
    ("192.0.0.0/24", "reserved"),  # RFC 6890, protocol assignments
    ("192.88.99.0/24", "reserved"),  # RFC 7526, the withdrawn 6to4 relays
    ("192.168.0.0/16", "private"),  # RFC 1918
    ("198.18.0.0/15", "benchmark"),  # RFC 2544
    ("224.0.0.0/4", "multicast"),  # RFC 5771
    ("255.255.255.255/32", "broadcast"),  # RFC 919
    ("240.0.0.0/4", "reserved"),  # RFC 1112 §4
)
_RESERVED_V6: Final = (
    ("::/128", "unspecified"),  # RFC 4291 §2.5.2
    ("::1/128", "loopback"),  # RFC 4291 §2.5.3
    ("64:ff9b:1::/48", "private"),  # RFC 8215, translation inside one network
    ("fc00::/7", "private"),  # RFC 4193
    ("fe80::/10", "link-local"),  # RFC 4291 §2.5.6
    ("fec0::/10", "private"),  # RFC 3879, site-local, withdrawn
    ("ff00::/8", "multicast"),  # RFC 4291 §2.7
    ("2001:2::/48", "benchmark"),  # RFC 5180
)

_Blocks = tuple[tuple[int, int, str], ...]


def _blocks(table: tuple[tuple[str, str], ...]) -> _Blocks:
    """The rows as (bits to drop, what remains, name): comparing numbers is 20 times faster."""
    rows = []
    for text, name in table:
        network = ipaddress.ip_network(text)
        drop = network.max_prefixlen - network.prefixlen
        rows.append((drop, int(network.network_address) >> drop, name))
    return tuple(rows)


_V4_BLOCKS = _blocks(_RESERVED_V4)
_V6_BLOCKS = _blocks(_RESERVED_V6)
_V4_FIRST = frozenset({"0", "10", "100", "127", "169", "172", "192", "198", *map(str, range(224, 256))})


def reserved_range(ip: str) -> str:
    """Why a canonical address can belong to no one on the Internet; '' for a global one.

    One of ``unspecified``, ``private``, ``carrier-nat``, ``loopback``, ``link-local``, ``benchmark``,
    ``multicast``, ``broadcast``, ``reserved``. A 6to4 address (2002::/16, RFC 3056) is what the IPv4
    address inside it is. Documentation ranges count as global here; the module says why.
    """
    if ":" not in ip:
        if ip[: ip.index(".")] not in _V4_FIRST:
            return ""
        return _find(_V4_BLOCKS, int(ipaddress.IPv4Address(ip)))
    number = int(ipaddress.IPv6Address(ip))
    if number >> 112 == 0x2002:
        return _find(_V4_BLOCKS, number >> 80 & 0xFFFFFFFF)
    name = _find(_V6_BLOCKS, number)
    if not name and number >> 125 != 1:  # Only 2000::/3 is handed out as global unicast (RFC 4291 §2.4).
        return "reserved"
    return name


def _find(blocks: _Blocks, number: int) -> str:
    for drop, remains, name in blocks:
        if number >> drop == remains:
            return name
    return ""


def reserved_in(network: str) -> str:
    """What makes an address or CIDR block one that must never be listed: the reserved range it lies in or holds.

    '' when it neither is nor holds one. ``network`` is canonical.
    """
    first = network.partition("/")[0]
    known = reserved_range(first)
    if known or "/" not in network:
        return known
    block = ipaddress.ip_network(network)
    for text, name in _RESERVED_V4 if block.version == 4 else _RESERVED_V6:
        if ipaddress.ip_network(text).subnet_of(block):  # type: ignore[arg-type]
            return name
    return ""
