"""nftables: a table of our own with two sets of addresses, whose elements the kernel drops by itself in time.

Every change is one transaction of ``nft -f``: all of it happens, or nothing. The table comes before others'
filters, so that it does not matter what they accept; nobody else's rules are touched, and
``nft delete table inet mailrisk`` takes everything back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mailrisk.edge.firewall.seam import by_version, from_json
from mailrisk.edge.programs import run

TABLE: Final = "inet mailrisk"
PRIORITY: Final = -10
SETS: Final = {"blocked4": "ipv4_addr", "blocked6": "ipv6_addr"}

_PREPARE: Final = f"""
add table {TABLE}
{"".join(f"add set {TABLE} {name} {{ type {kind}; flags timeout; }}{chr(10)}" for name, kind in SETS.items())}
add chain {TABLE} input {{ type filter hook input priority {PRIORITY}; policy accept; }}
add chain {TABLE} forward {{ type filter hook forward priority {PRIORITY}; policy accept; }}
flush chain {TABLE} input
flush chain {TABLE} forward
""" + "".join(
    f"add rule {TABLE} {chain} {family} saddr @{name} counter drop\n"
    for chain in ("input", "forward")
    for name, family in (("blocked4", "ip"), ("blocked6", "ip6"))
)


class Nftables:
    """Blocks by the sets of ``table inet mailrisk``."""

    def __init__(self, program: str = "nft") -> None:
        self._program = program

    def prepare(self) -> None:
        """The table, its sets and its rules; elements stay."""
        self._apply(_PREPARE)

    def block(self, blocks: Sequence[tuple[str, int]]) -> None:
        """Adding an element that is there would not change its time: it is put in place of itself."""
        lines = []
        for ip, seconds in blocks:
            element = f"element {TABLE} {_set_of(ip)}"
            lines += [f"add {element} {{ {ip} timeout {seconds}s }}", f"delete {element} {{ {ip} }}",
                      f"add {element} {{ {ip} timeout {seconds}s }}"]  # fmt: skip
        self._apply("\n".join(lines) + "\n")

    def unblock(self, ips: Sequence[str]) -> None:
        """Adds each first, since deleting what is not there fails."""
        lines = []
        for ip in ips:
            element = f"element {TABLE} {_set_of(ip)} {{ {ip} }}"
            lines += [f"add {element}", f"delete {element}"]
        self._apply("\n".join(lines) + "\n")

    def blocked(self) -> frozenset[str]:
        """What the kernel has in the sets."""
        found: set[str] = set()
        for name in SETS:
            printed = run([self._program, "-j", "list", "set", *TABLE.split(), name], sets_firewall=True)
            for item in from_json(self._program, printed).get("nftables", []):
                found.update(map(_address, item.get("set", {}).get("elem", [])))
        return frozenset(found)

    def _apply(self, script: str) -> None:
        run([self._program, "-f", "-"], script, sets_firewall=True)


def _set_of(ip: str) -> str:
    v4, _ = by_version([ip])
    return "blocked4" if v4 else "blocked6"


def _address(element: Any) -> str:
    return str(element["elem"]["val"]) if isinstance(element, dict) else str(element)
