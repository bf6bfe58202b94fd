"""The response policy for IP addresses: level x how long known -> what to do, for how long."""

from __future__ import annotations

from mailrisk.model.policy import Policy


def response_for(policy: Policy, level: str, known_for_s: int) -> tuple[str, int | None]:
    """(action, seconds) of the first row that fits; ``none`` if no row does.

    A row fits when its level is the address's and the address has been known for less than the row's
    ``known_under_s`` (no limit when the row has none).
    """
    for step in policy.document.response:
        if step.level == level and (step.known_under_s is None or known_for_s < step.known_under_s):
            return step.action, step.for_s
    return "none", None
