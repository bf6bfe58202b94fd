"""Running the programs of the system and of the administrator, without a shell and for a limited time."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Final

from mailrisk.model.errors import Unavailable

TIME_S: Final = 30.0
"""How long one may take."""


def run(
    command: Sequence[str], given: str = "", *, time_s: float = TIME_S, sets_firewall: bool = False
) -> str:
    """Runs a program without a shell and returns what it printed. Unavailable: missing, too slow, or failed.

    ``sets_firewall``: it speaks to the kernel's filter, so that the right it lacks can be named when it may not.
    """
    name = command[0]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, or the administrator's; no shell.
            command,
            input=given,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=time_s,
            check=False,
        )
    except FileNotFoundError:
        raise Unavailable(f"{name} is not installed") from None
    except PermissionError:
        raise Unavailable(f"{name} may not be run by this user") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{name} did not end within {time_s:g} s") from None
    except (OSError, ValueError) as error:  # Too long, or a NUL in an argument.
        raise Unavailable(f"{name} cannot be run: {error}") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        if sets_firewall and any("not permitted" in line for line in said):
            raise Unavailable(
                f"{name} may not change the firewall: run mailrisk as root or with CAP_NET_ADMIN "
                "(docs/integrations/agent.md shows a systemd unit)"
            )
        raise Unavailable(f"{name} failed: {said[0][:200] if said else done.returncode}")
    return done.stdout
