"""fail2ban: bans go through a jail of the administrator's, with the jail's own action and time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailrisk.edge.programs import run

_ADDRESS = re.compile(r"[0-9a-fA-F:.]{3,45}")


class Fail2ban:
    """Blocks by ``fail2ban-client set JAIL banip``. The agent ends the ban; the jail's bantime must be longer."""

    def __init__(self, jail: str, client: Sequence[str] = ("fail2ban-client",)) -> None:
        self._jail = jail
        self._command = client

    def prepare(self) -> None:
        """Asks whether the jail is there."""
        self._client("status", self._jail)

    def block(self, blocks: Sequence[tuple[str, int]]) -> None:
        """One command for all of them."""
        self._client("set", self._jail, "banip", *(ip for ip, _ in blocks))

    def unblock(self, ips: Sequence[str]) -> None:
        """fail2ban answers 0 for an address that was not banned."""
        self._client("set", self._jail, "unbanip", *ips)

    def blocked(self) -> frozenset[str]:
        """The jail's bans, also those that others made."""
        return frozenset(_ADDRESS.findall(self._client("get", self._jail, "banip")))

    def _client(self, *arguments: str) -> str:
        return run([*self._command, *arguments])
