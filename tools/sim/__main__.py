"""``python -m tools.sim``: writes a simulated trace of logins, with the truth about it.

    python -m tools.sim --people 300 --days 7 --out build/sim
    mailrisk log detect build/sim/mail.log

Three files: ``mail.log`` (Dovecot 2.3 and Postfix lines), ``events.jsonl`` (login and send events as the
event API takes them, with ``kind`` in front) and ``truth.jsonl`` (one attacking address or stolen account a line, its
family and first event). The same seed and sizes write the same bytes. Nothing is sent anywhere.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import msgspec
from tools.sim.lines import lines_of
from tools.sim.model import TraceSettings, family_of
from tools.sim.trace import Trace, TruthTable

from mailrisk.model.events import LoginEvent


def main() -> None:
    """Writes the three files and prints what is in them."""
    parser = argparse.ArgumentParser(
        prog="mailrisk-sim", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=300, help="honest accounts, at least 100 (default 300)")
    parser.add_argument("--days", type=int, default=30, help="days, at least 5 (default 30)")
    parser.add_argument(
        "--attackers", type=float, default=1.0, help="scale of the number of attackers (default 1)"
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed makes another trace (default 1)")
    parser.add_argument("--out", type=Path, default=Path("build/sim"), help="folder (default build/sim)")
    options = parser.parse_args()
    if options.people < 100 or options.days < 5:
        parser.error("at least 100 people and 5 days: attacks and traps need room")
    settings = TraceSettings(
        seed=options.seed, days=options.days, people=options.people, attackers=options.attackers
    )
    print(msgspec.json.encode(write(Trace(settings), options.out)).decode())


def write(trace: Trace, folder: Path) -> dict[str, int]:
    """Plays the trace into the three files; how many events each family made."""
    folder.mkdir(parents=True, exist_ok=True)
    truth, counts = TruthTable(), Counter[str]()
    with (folder / "mail.log").open("w") as log, (folder / "events.jsonl").open("wb") as events:
        for number, traced in enumerate(trace.events()):
            event, actor = traced
            truth.see(traced)
            counts[family_of(actor) or actor or "honest"] += 1
            kind = "login" if isinstance(event, LoginEvent) else "send"
            events.write(msgspec.json.encode({"kind": kind} | msgspec.structs.asdict(event)) + b"\n")
            log.writelines(f"{line}\n" for line in lines_of(event, number))
    with (folder / "truth.jsonl").open("wb") as file:
        file.writelines(truth.lines())
    return dict(sorted(counts.items()))


if __name__ == "__main__":
    main()
