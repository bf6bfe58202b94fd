"""firewalld: two ipsets of the running configuration, dropped by its ``drop`` zone.

firewalld's sets with a time of their own cannot be changed at run time, so the agent ends the blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mailrisk.edge.firewall.seam import by_version
from mailrisk.edge.programs import run

SETS: Final = ("mailrisk4", "mailrisk6")
_MANY: Final = 200
"""Entries of one command line."""


class Firewalld:
    """Blocks by entries of firewalld's ipsets ``mailrisk4`` and ``mailrisk6`` (docs/integrations/firewalld.md)."""

    def prepare(self) -> None:
        """Asks whether the sets are there: making them needs the permanent configuration, which is not ours."""
        for name in SETS:
            run(["firewall-cmd", f"--info-ipset={name}"])

    def block(self, blocks: Sequence[tuple[str, int]]) -> None:
        """Adds entries."""
        self._change("add", [ip for ip, _ in blocks])

    def unblock(self, ips: Sequence[str]) -> None:
        """Removes those that are there."""
        there = self.blocked()
        self._change("remove", [ip for ip in ips if ip in there])

    def blocked(self) -> frozenset[str]:
        """The entries of both sets."""
        return frozenset(
            ip for name in SETS for ip in run(["firewall-cmd", f"--ipset={name}", "--get-entries"]).split()
        )

    def _change(self, verb: str, ips: Sequence[str]) -> None:
        for name, addresses in zip(SETS, by_version(ips), strict=True):
            for start in range(0, len(addresses), _MANY):
                entries = [f"--{verb}-entry={ip}" for ip in addresses[start : start + _MANY]]
                run(["firewall-cmd", f"--ipset={name}", *entries])
