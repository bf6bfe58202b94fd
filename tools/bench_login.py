"""``make bench-login``: a simulated month of logins against mailrisk, fail2ban's and CrowdSec's default rules.

    python -m tools.bench_login [--people N] [--days N] [--attackers X] [--seed N] [--detection-only | --speed-only]

Detection is measured by replaying the trace of ``tools/sim`` through the analysers and the shipped policy, and, on
the same trace, through re-implementations of the other programs' default rules. Speed is measured on the real
log readers and the real ``mailrisk serve`` on loopback. What was missed and who was wronged is written to
``build/bench-login.txt`` beside the table. The last line is one JSON object. See docs/how-to/measure-login-detection.md.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
from tools.bench_login_service import service_figures
from tools.bench_login_table import table
from tools.sim.figures import Figures, missed, summary
from tools.sim.model import DOMAIN, TraceSettings
from tools.sim.ours import Ours
from tools.sim.peers import CrowdSec, Fail2ban
from tools.sim.score import Defence, play
from tools.sim.speed import parse_lines_per_s
from tools.sim.trace import Trace

OUT = Path("build") / "bench-login.txt"
GROUPS = (("mailrisk",), ("fail2ban", "crowdsec"))
"""What is replayed in one process each; the trace is the same in both, for its seed is."""


def detection(settings: TraceSettings, names: tuple[str, ...]) -> dict[str, tuple[Figures, str]]:
    """Figures of each defence, and for ours what it missed, in words."""
    trace = Trace(settings)
    own = frozenset((DOMAIN,))
    made: dict[str, Defence] = {
        "mailrisk": Ours(trace.frontends, own),
        "fail2ban": Fail2ban(trace.frontends),
        "crowdsec": CrowdSec(trace.frontends),
    }
    scores = play(trace.events(), [made[name] for name in names])
    return {score.defence.name: (summary(score), missed(score)) for score in scores}


def replay(settings: TraceSettings) -> dict[str, tuple[Figures, str]]:
    """All defences, over two processes."""
    found: dict[str, tuple[Figures, str]] = {}
    with ProcessPoolExecutor(len(GROUPS)) as pool:
        for part in pool.map(detection, [settings] * len(GROUPS), GROUPS):
            found |= part
    return found


def figures(results: dict[str, tuple[Figures, str]], speed: Figures) -> Figures:
    """The object of the last line."""
    ours = results["mailrisk"][0]
    head = ("recall_fast", "recall_slow", "botnet_attempts_max", "honest_blocked_per_million", "per_family")
    made: dict[str, Any] = {name: ours[name] for name in head}
    more = ("honest_logins", "honest_refused_per_million", "honest_accounts_flagged")
    made |= {name: ours[name] for name in more}
    made["peers"] = {name: found for name, (found, _) in results.items() if name != "mailrisk"}
    return made | speed


def main() -> None:
    """Runs the benchmark and prints its result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=2_000, help="honest accounts (default 2000)")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--attackers", type=float, default=1.0, help="scale of their number (default 1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--unknown-untold", action="store_true", help="the server does not say that an account does not exist"
    )
    parser.add_argument("--detection-only", action="store_true", help="leave the measurements of speed out")
    parser.add_argument(
        "--speed-only", action="store_true", help="measure speed alone, in a minute and a half"
    )
    options = parser.parse_args()
    settings = TraceSettings(
        seed=options.seed,
        days=options.days,
        people=options.people,
        attackers=options.attackers,
        tells_unknown=not options.unknown_untold,
    )
    began = time.perf_counter()
    speed: Figures = {}
    if not options.detection_only:
        small = msgspec.structs.replace(settings, people=200, days=5, attackers=0.2)
        speed = {"parse_lines_per_s": parse_lines_per_s(small)} | service_figures(small)
    if options.speed_only:
        print(msgspec.json.encode(speed).decode())
        return
    results = replay(settings)
    text = table(results, speed) + f"\n{settings}, {time.perf_counter() - began:.0f} s\n"
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(f"{text}\n{results['mailrisk'][1]}")
    print(text)
    print(msgspec.json.encode(figures(results, speed)).decode())


if __name__ == "__main__":
    main()
