"""What a firewall must do for the agent, and how programs are run for it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any, Final, Protocol

from mailrisk.model.errors import Unavailable

TIME_S: Final = 30.0
"""How long a firewall's program may take."""

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


def run(command: Sequence[str], given: str = "", *, time_s: float = TIME_S) -> str:
    """Runs a program without a shell and returns what it printed. Unavailable: missing, too slow, or failed."""
    name = command[0]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, or the administrator's; no shell.
            command, input=given, capture_output=True, text=True, timeout=time_s, check=False
        )
    except FileNotFoundError:
        raise Unavailable(f"{name} is not installed") from None
    except PermissionError:
        raise Unavailable(f"{name} may not be run by this user") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{name} did not end within {time_s:g} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Unavailable(f"{name} failed: {said[0][:200] if said else done.returncode}")
    return done.stdout


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
