"""What a firewall must do for the agent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, Protocol

from mailrisk.model.errors import Unavailable

MAX_PRINTED: Final = 64 * 1024 * 1024


class Firewall(Protocol):
    """One way to block addresses. Every call may be repeated; errors are Unavailable and leave all as it was."""

    def prepare(self) -> None:
        """Makes what it needs (tables, sets), where that is not there."""

    def block(self, blocks: Sequence[tuple[str, int]]) -> None:
        """Blocks addresses for so many seconds; a blocked one gets the new time."""

    def unblock(self, ips: Sequence[str]) -> None:
        """Lets addresses pass again; one that is not blocked is no error."""

    def blocked(self) -> frozenset[str] | None:
        """The addresses that it blocks for us now; None where it cannot say."""


def from_json(name: str, printed: str) -> Any:
    """What a program printed as JSON. Unavailable: it is none."""
    if len(printed) > MAX_PRINTED:
        raise Unavailable(f"{name} printed more than {MAX_PRINTED} characters")
    try:
        return json.loads(printed)
    except ValueError:
        raise Unavailable(f"{name} printed something else than JSON") from None


def by_version(ips: Sequence[str]) -> tuple[list[str], list[str]]:
    """The IPv4 and the IPv6 addresses of canonical ones."""
    return [ip for ip in ips if ":" not in ip], [ip for ip in ips if ":" in ip]
