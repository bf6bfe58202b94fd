"""Addresses that this machine must never block: its own, its gateways, and whoever administers it now."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Final

from mailrisk.model.errors import BadAddress
from mailrisk.model.ip import parse_ip

SSH_PORT: Final = 22
_ESTABLISHED: Final = "01"
_GATEWAY_FLAG: Final = 2


def own_addresses(proc: Path = Path("/proc")) -> frozenset[str]:
    """Addresses of this machine."""
    return _canonical({*_local_v4(proc), *_if_inet6(proc)})


def gateways(proc: Path = Path("/proc")) -> frozenset[str]:
    """The routers that this machine sends through (/proc/net/route, /proc/net/ipv6_route)."""
    found = set()
    for line in _lines(proc / "net/route")[1:]:
        fields = line.split()
        if len(fields) > 3 and int(fields[3], 16) & _GATEWAY_FLAG:
            found.add(_v4(fields[2]))
    for line in _lines(proc / "net/ipv6_route"):
        fields = line.split()
        if len(fields) > 8 and int(fields[4], 16) and int(fields[8], 16) & _GATEWAY_FLAG:
            found.add(str(ipaddress.IPv6Address(int(fields[4], 16))))
    return _canonical(found)


def operators(proc: Path = Path("/proc")) -> frozenset[str]:
    """Who is logged in by SSH now: the other ends of its connections, and the session's own."""
    found = {os.environ.get("SSH_CONNECTION", "").partition(" ")[0]} - {""}
    for name, read in (("tcp", _v4), ("tcp6", _v6)):
        for line in _lines(proc / "net" / name)[1:]:
            fields = line.split()
            if (
                len(fields) > 3
                and fields[3] == _ESTABLISHED
                and int(fields[1].partition(":")[2], 16) == SSH_PORT
            ):
                found.add(read(fields[2].partition(":")[0]))
    return _canonical(found)


def _local_v4(proc: Path) -> list[str]:
    """Addresses with a route of the kind LOCAL (/proc/net/fib_trie)."""
    found, last = [], ""
    for line in _lines(proc / "net/fib_trie"):
        text = line.strip()
        if text.startswith("|--"):
            last = text[3:].strip()
        elif text.startswith("/32 host LOCAL"):
            found.append(last)
    return found


def _if_inet6(proc: Path) -> list[str]:
    return [str(ipaddress.IPv6Address(int(line.split()[0], 16))) for line in _lines(proc / "net/if_inet6")]


def _v4(little_endian: str) -> str:
    return str(ipaddress.IPv4Address(bytes.fromhex(little_endian)[::-1]))


def _v6(words: str) -> str:
    """Four words, each in the machine's order."""
    raw = bytes.fromhex(words)
    return str(ipaddress.IPv6Address(b"".join(raw[at : at + 4][::-1] for at in range(0, 16, 4))))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:  # Not Linux, or no IPv6.
        return []


def _canonical(found: set[str]) -> frozenset[str]:
    known = set()
    for text in found:
        try:
            known.add(parse_ip(text))
        except BadAddress:
            continue
    return frozenset(known)
