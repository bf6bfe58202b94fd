"""How long a feed of half a million entries takes: the first time, and again with one in a hundred changed.

Prints a table, and one JSON object as the last line. Run it with ``make bench-feed``. The ledger and the
index are real files in a temporary directory; one process does all the work, and the times include that
the index follows. Entries are made up, with hosts as phishing feeds have them: most on domains of their own,
a quarter on free hosting, the rest several to a host.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from mailrisk.config import Config
from mailrisk.edge.shipped import load_feeds
from mailrisk.service.context import Context
from mailrisk.service.import_feed import import_feed
from mailrisk.wiring import open_context

WORDS = ("login", "secure", "account", "verify", "update", "mail", "bank", "pay", "office", "wallet")
FREE = ("weebly.com", "github.io", "pages.dev", "web.app", "blogspot.com", "netlify.app")
PIECE = 256 * 1024


def urls(count: int, seed: int) -> list[str]:
    """Made-up phishing URLs."""
    rng = random.Random(seed)  # noqa: S311 - made-up data, the same in every run
    made: list[str] = []
    host = ""
    for _ in range(count):
        dice = rng.random()
        word = rng.choice(WORDS)
        if dice < 0.6 or not host:
            host = f"{word}-{rng.randrange(16**8):08x}.{rng.choice(('com', 'top', 'xyz', 'shop'))}"
        elif dice < 0.85:
            host = f"{word}{rng.randrange(16**8):08x}.{rng.choice(FREE)}"
        made.append(f"https://{host}/{rng.choice(WORDS)}/{rng.randrange(16**8):08x}.php")
    return made


def pieces(entries: list[str]) -> Iterator[bytes]:
    """The entries as a feed of lines."""
    text = "\n".join(entries).encode()
    for start in range(0, len(text), PIECE):
        yield text[start : start + PIECE]


class Waiting(threading.Thread):
    """Another writer: how long does it wait for the ledger while the feed is imported?"""

    def __init__(self, context: Context) -> None:
        super().__init__(daemon=True)
        self._context = context
        self.stopped = threading.Event()
        self.waits: list[float] = []

    def run(self) -> None:
        while not self.stopped.wait(0.5):
            began = time.perf_counter()
            with self._context.ledger.transaction(self._context.clock()):
                self.waits.append(time.perf_counter() - began)


def timed(context: Context, entries: list[str]) -> tuple[float, float, int]:
    """(seconds, processor seconds, changes) of one import."""
    source = load_feeds()["openphish"]
    began, busy = time.perf_counter(), time.process_time()
    report = import_feed(context, source, pieces(entries))
    return time.perf_counter() - began, time.process_time() - busy, report.changes


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=500_000)
    count = parser.parse_args().entries
    entries = urls(count, seed=1)
    fresh = urls(count // 100, seed=2)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_context(Path(folder), Config(), network=False) as context,
    ):
        other = Waiting(context)
        other.start()
        first, first_cpu, listed = timed(context, entries)
        again, again_cpu, changed = timed(context, fresh + entries[len(fresh) :])
        other.stopped.set()
        other.join()
        size = (Path(folder) / "ledger.db").stat().st_size
        rules = context.index.count()
    figures = {
        "first_load_s": round(first, 2),
        "first_load_cpu_s": round(first_cpu, 2),
        "reimport_s": round(again, 2),
        "reimport_cpu_s": round(again_cpu, 2),
        "entries": count,
        "changes": listed,
        "reimport_changes": changed,
        "index_rules": rules,
        "other_writer_longest_wait_s": round(max(other.waits, default=0.0), 2),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "ledger_bytes_per_entry": size // count,
    }
    for name, value in figures.items():
        print(f"{name:<30} {value:>12}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
