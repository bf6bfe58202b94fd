"""The table that ``make bench-login`` prints: families down, defences across."""

from __future__ import annotations

from collections.abc import Mapping

from tools.sim.figures import Figures

NAMES = {"mailrisk": "mailrisk", "fail2ban": "fail2ban*", "crowdsec": "CrowdSec*"}
NOTE = "* their default rules, re-implemented in tools/sim/peers.py; they do not watch accounts or sending"

_GOALS = (
    ("recall, fast families (goal 0.995)", "recall_fast"),
    ("recall, slow families (goal 0.95)", "recall_slow"),
    ("attempts until a botnet is found, max (goal 100)", "botnet_attempts_max"),
    ("honest addresses blocked per million logins (goal 1)", "honest_blocked_per_million"),
    ("honest logins refused per million", "honest_refused_per_million"),
    ("honest accounts flagged", "honest_accounts_flagged"),
    ("honest logins", "honest_logins"),
)
_SPEED = (
    ("log lines read on one core (goal 60,000)", "parse_lines_per_s", "/s"),
    ("policy requests, allow and report (goal 20,000)", "policy_requests_per_s", "/s"),
    ("the same, a second of the server's processor time", "policy_requests_per_cpu_s", "/s"),
    ("policy p99 (goal 10)", "policy_p99_ms", "ms"),
    ("a constant from the same server, same requests", "policy_ceiling_per_s", "/s"),
    ("p99 of the constant", "policy_ceiling_p99_ms", "ms"),
    ("10,000 addresses in one question (goal 200)", "bulk_10k_ms", "ms"),
)


def table(results: Mapping[str, tuple[Figures, str]], speed: Figures) -> str:
    """The text, without its last line end."""
    lines = [f"{'':<54}" + "".join(f"{NAMES[name]:>14}" for name in results)]
    for title, key in _GOALS:
        lines.append(f"{title:<54}" + "".join(f"{shown(found[key]):>14}" for found, _ in results.values()))
    lines += [
        "",
        f"{'family':<14}{'addresses':>10}  recall / attempts before block, median and max / let through",
    ]
    first = next(iter(results.values()))[0]["per_family"]
    for family, row in first.items():
        if "addresses" in row:
            cells = (found["per_family"][family] for found, _ in results.values())
            lines.append(
                f"{family:<14}{row['addresses']:>10}" + "".join(f"{_cell(one):>32}" for one in cells)
            )
    stolen = first.get("compromised")
    if stolen:
        lines.append(
            f"{'compromised':<14}{stolen['accounts']:>10}{shown(stolen['recall']):>10} flagged, after"
            f" {shown(stolen['messages_median'])} messages (median), {shown(stolen['messages_max'])} at most (goal 20);"
            f" {stolen['kept_out']} thieves kept out"
        )
    lines += ["", NOTE, ""]
    lines += [f"{title:<54}{shown(speed[key]):>14} {unit}" for title, key, unit in _SPEED if key in speed]
    return "\n".join(lines)


def _cell(row: Figures) -> str:
    keys = ("recall", "attempts_median", "attempts_max", "let_through")
    return " / ".join(shown(row[key]) for key in keys)


def shown(value: object) -> str:
    """A figure for people; '-' for none."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".") if value < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
