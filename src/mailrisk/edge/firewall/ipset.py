"""ipset: two sets that the administrator's own iptables rules refer to (docs/integrations/ipset.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from mailrisk.edge.programs import run

SETS: Final = {"mailrisk4": "inet", "mailrisk6": "inet6"}
MAX_ELEMENTS: Final = 1_000_000
MAX_TIMEOUT_S: Final = 2_147_483
"""The longest time that an element may have, seconds: about 24 days (ipset(8)); the agent blocks it anew."""

_MEMBER = re.compile(r"^([0-9a-fA-F.:]+)(?: timeout [0-9]+)?$", re.MULTILINE)


class Ipset:
    """Blocks by the sets ``mailrisk4`` and ``mailrisk6``."""

    def prepare(self) -> None:
        """The sets."""
        self._restore(
            f"create {name} hash:ip family {family} timeout 0 maxelem {MAX_ELEMENTS}"
            for name, family in SETS.items()
        )

    def block(self, blocks: Sequence[tuple[str, int]]) -> None:
        """``-exist`` gives an element that is there its new time."""
        self._restore(
            f"add {_set_of(ip)} {ip} timeout {min(seconds, MAX_TIMEOUT_S)}" for ip, seconds in blocks
        )

    def unblock(self, ips: Sequence[str]) -> None:
        """``-exist``: what is not there is no error."""
        self._restore(f"del {_set_of(ip)} {ip}" for ip in ips)

    def blocked(self) -> frozenset[str]:
        """The members of both sets."""
        return frozenset(
            found for name in SETS for found in _MEMBER.findall(_run(["list", name]).partition("Members:")[2])
        )  # fmt: skip

    def _restore(self, lines: Iterable[str]) -> None:
        _run(["restore", "-exist"], "\n".join(lines) + "\n")


def _set_of(ip: str) -> str:
    return "mailrisk6" if ":" in ip else "mailrisk4"


def _run(arguments: Sequence[str], given: str = "") -> str:
    return run(["ipset", *arguments], given, sets_firewall=True)
