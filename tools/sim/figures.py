"""From scores to figures."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import Any

from tools.sim.score import Score
from tools.sim.trace import FAMILIES

FAST = ("fast", "spray", "stuffing")
SLOW = ("slow", "neighbours", "botnet")
"""Families of the two recall goals: those that try again within minutes, and those that wait hours or days."""

Figures = dict[str, Any]


def family(score: Score, name: str) -> Figures:
    """Recall over the attacking addresses of a family, attempts of an address before its block, share let through."""
    found = [one for one in score.attackers.values() if one.family == name]
    before = [one.blocked_after for one in found if one.blocked_after is not None]
    attempts = sum(one.attempts for one in found)
    return {
        "addresses": len(found),
        "recall": share(len(before), len(found)),
        "attempts_median": statistics.median(before) if before else None,
        "attempts_max": max(before, default=None),
        "let_through": share(sum(one.through for one in found), attempts),
    }


def compromise(score: Score) -> Figures:
    """Stolen accounts that were flagged, and the thief's messages before that; none where nothing went out."""
    found = list(score.stolen.values())
    flagged = [one.flagged_after for one in found if one.flagged_after is not None]
    kept_out = sum(one.flagged_after is None and not one.messages for one in found)
    return {
        "accounts": len(found),
        "recall": share(len(flagged) + kept_out, len(found)),
        "kept_out": kept_out,
        "messages_median": statistics.median(flagged) if flagged else None,
        "messages_max": max(flagged, default=None),
    }


def summary(score: Score) -> Figures:
    """All figures of one defence."""
    botnets = {actor: one for actor, one in score.groups.items() if actor.startswith("botnet#")}
    found = [one.found_after for one in botnets.values()]
    families = {name: family(score, name) for name in FAMILIES if name != "compromised"}
    if score.stolen:
        families["compromised"] = compromise(score)
    millions = score.honest_logins / 1e6
    return {
        "recall_fast": _recall(score, FAST),
        "recall_slow": _recall(score, SLOW),
        "botnet_attempts_max": None
        if None in found
        else max((one for one in found if one is not None), default=None),
        "honest_logins": score.honest_logins,
        "honest_blocked": len(score.honest_blocked),
        "honest_blocked_per_million": round(len(score.honest_blocked) / millions, 2) if millions else None,
        "honest_refused_per_million": round(score.honest_refused / millions, 2) if millions else None,
        "honest_accounts_flagged": len(score.honest_flagged),
        "per_family": families,
    }


def _recall(score: Score, families: tuple[str, ...]) -> float | None:
    found = [one for one in score.attackers.values() if one.family in families]
    return share(sum(one.blocked_after is not None for one in found), len(found))


def share(part: int, whole: int) -> float | None:
    """A share to four places; None of nothing."""
    return round(part / whole, 4) if whole else None


def missed(score: Score) -> str:
    """In words: attackers with addresses that were not blocked, stolen accounts not flagged, honest ones wronged."""
    lines = [f"{score.defence.name}: what was missed"]
    whole: Counter[str] = Counter(one.actor for one in score.attackers.values())
    rows: dict[str, list[int]] = {}
    for one in score.attackers.values():
        if one.blocked_after is None and one.family != "compromised":  # Few of a thief's addresses guess.
            rows.setdefault(one.actor, []).append(one.attempts)
    for actor, attempts in sorted(rows.items()):
        lines.append(
            f"  {actor}: {len(attempts)} of {whole[actor]} addresses, {sum(attempts)} attempts let through"
        )
    for actor, group in sorted(score.groups.items()):
        if actor.startswith("botnet#"):
            lines.append(f"  {actor}: found after {group.found_after} attempts, {group.attempts} in all")
    for account, stolen in score.stolen.items():
        if stolen.flagged_after is None and stolen.messages:
            lines.append(f"  {stolen.actor}: {account} not flagged, {stolen.messages} messages")
    lines.append("honest ones wronged")
    wronged = {**score.honest_blocked, **score.honest_flagged}
    for name, actor in wronged.items():
        lines.append(f"  {name} {actor}: {', '.join(sorted(score.codes_of(name)))}")
    return "\n".join(lines) + "\n"
