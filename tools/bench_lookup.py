"""``make bench-lookup``: how fast look-ups are, beside what the same server could do at most.

    python -m tools.bench_lookup [--indicators N] [--seconds S] [--rounds N] [--wrserver PROGRAM]

Everything runs on loopback, bounded in time. Rates "per core" are per second of processor time that the
server's processes used, so that other work on the machine does not count against them. ``--wrserver``
(or WRSERVER) names Google's own wrserver, built by ``tools/build_wrserver.sh``; without it that row is left out.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
from tools import bench_lookup_data as data
from tools.bench_load import TICKS, Load, Server, program, service, static_server, wrk
from tools.bench_lookup_delay import delays

SCRIPT = Path(__file__).with_name("bench_lookup.lua")
WORKERS = os.cpu_count() or 1
CONNECTIONS = 64
HITS_FILE = 200_000
BATCHES = 40
IN_PROCESS = 20_000
WRSERVER_UPSTREAM_PORT = 18025
WRSERVER_PORT = 18026


class Bench:
    """One run: collects the figures and the failed requests."""

    def __init__(self, options: argparse.Namespace, folder: Path, scratch: Path) -> None:
        self.options = options
        self.folder = folder
        self.scratch = scratch
        self.figures: dict[str, float | int] = {}
        self.failed = 0
        self._seed = 0
        self._rng = random.Random(1)  # noqa: S311  the same URLs in every run

    def load(self, server: Server, kind: str, file: Path, connections: int, key: str) -> Load:
        """One run of wrk whose URLs no other run asked for."""
        self._seed += 1_000_003
        arguments = (kind, str(self._seed), key, str(file))
        load = wrk(
            server.url, SCRIPT, connections=connections, seconds=self.options.seconds, arguments=arguments
        )
        self.failed += load.failed
        return load

    def hits(self) -> Path:
        """A file of listed URLs."""
        path = self.scratch / "hits"
        count = self.options.indicators
        numbers = (self._rng.randrange(count) for _ in range(min(HITS_FILE, count)))
        path.write_text("\n".join(map(data.listed_url, numbers)) + "\n")
        return path

    def batches(self, analyse: str, listed_share: float) -> Path:
        """A file of request bodies with 1,000 URLs each."""
        path = self.scratch / f"batches-{analyse}"
        rng, count = self._rng, self.options.indicators
        with path.open("wb") as file:
            for _ in range(BATCHES):
                urls = [
                    data.listed_url(rng.randrange(count))
                    if rng.random() < listed_share
                    else data.unlisted_url(rng.randrange(1 << 40))
                    for _ in range(1000)
                ]
                file.write(msgspec.json.encode({"urls": urls, "analyse": analyse}) + b"\n")
        return path

    def single(self, server: Server, static: Server, key: str, rounds: int) -> None:
        """Single look-ups against the constant reply, in turn."""
        hits = self.hits()
        self.load(server, "single", hits, CONNECTIONS, key)  # Warms the map; not counted.
        looks, ceilings = [], []
        for _ in range(rounds):
            ceilings.append(self.load(static, "static", hits, CONNECTIONS, key))
            looks.append(self.load(server, "single", hits, CONNECTIONS, key))
        ratio = [look.per_s / ceiling.per_s for look, ceiling in zip(looks, ceilings, strict=True)]
        self.figures["single_vs_static"] = round(statistics.median(ratio), 3)
        self.figures["single_per_s"] = round(statistics.median(look.per_s for look in looks))
        self.figures["static_reply_per_s"] = round(statistics.median(one.per_s for one in ceilings))
        self.figures["single_p99_ms"] = round(statistics.median(look.p99_ms for look in looks), 2)
        self.figures["static_p99_ms"] = round(statistics.median(one.p99_ms for one in ceilings), 2)

    def paced(self, server: Server, key: str, rounds: int) -> None:
        """As many clients that leave the server time: the delay of a look-up, without that of three busy processes
        on two processors."""
        hits = self.hits()
        loads = [self.load(server, "paced", hits, CONNECTIONS, key) for _ in range(rounds)]
        self.figures["paced_per_s"] = round(statistics.median(load.per_s for load in loads))
        self.figures["paced_p99_ms"] = round(statistics.median(load.p99_ms for load in loads), 2)

    def batch(self, server: Server, key: str, analyse: str, listed_share: float) -> float:
        """URLs a second of processor time of the server, in batches of 1,000."""
        file = self.batches(analyse, listed_share)
        rates = []
        for _ in range(3):
            before = server.cpu_s()
            load = self.load(server, "batch", file, WORKERS, key)
            rates.append(1000 * load.requests / max(server.cpu_s() - before, 1 / TICKS))
        return statistics.median(rates)

    def in_process(self) -> float:
        """Look-ups a second of processor time in the library, hits and misses in turn."""
        from mailrisk.lookups import open_lookups

        rates = []
        with open_lookups(self.folder) as lookups:
            lookups.warm()  # As the workers of the service do when they start.
            for _ in range(7):
                numbers = [self._rng.randrange(self.options.indicators) for _ in range(IN_PROCESS // 2)]
                urls = [
                    url for n in numbers for url in (data.listed_url(n), data.unlisted_url(n + (1 << 41)))
                ]
                before = time.process_time()
                found = sum(lookups.find(url) is not None for url in urls)
                rates.append(len(urls) / (time.process_time() - before))
                assert found == len(urls) // 2, found
        return statistics.median(rates)

    def wrserver(self, path: str, key: str) -> None:
        """Google's own server on the same machine, asked for URLs that are not listed, as its best case."""
        url = f"http://127.0.0.1:{WRSERVER_PORT}"
        command = [path, "-apikey", key, "-srvaddr", f"127.0.0.1:{WRSERVER_PORT}"]
        with (
            service(self.folder, WORKERS, WRSERVER_UPSTREAM_PORT),
            program(command, url, WRSERVER_PORT) as google,
        ):
            wait_until(lambda: httpx.get(url + "/status").status_code == 200)
            hits = self.scratch / "hits"
            loads = [self.load(google, "wrserver", hits, CONNECTIONS, key) for _ in range(3)]
        self.figures["wrserver_per_s"] = round(statistics.median(load.per_s for load in loads))


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Waits for something that must come."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except httpx.HTTPError:
            pass
        if time.monotonic() > deadline:
            raise RuntimeError("it did not come in time")
        time.sleep(0.1)


def _forget_pages(folder: Path) -> None:
    """Leaves the index on the disk alone, as a machine that has just booted has it.

    Else the rates hang on who read the file last: the service's own warming reads it into huge pages, and ``cat`` does not.
    """
    with (folder / "index" / "data.mdb").open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(bench: Bench) -> None:
    """All figures, in the order in which they are printed."""
    # As installed: pip compiles what it installs, and else the first start does, which is therefore not counted.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    starts = []
    for _ in range(4):
        _forget_pages(bench.folder)
        with service(bench.folder, WORKERS) as server:
            starts.append(server.start_s)
    key = (bench.folder / "admin.key").read_text().strip()
    figures = bench.figures
    _forget_pages(bench.folder)
    with service(bench.folder, WORKERS) as server, static_server(bench.folder, WORKERS) as static:
        bench.single(server, static, key, bench.options.rounds)
        bench.paced(server, key, bench.options.rounds)
        figures["batch_urls_per_s_per_core"] = round(bench.batch(server, key, "none", 0.5))
        figures["static_urls_per_s_per_core"] = round(bench.batch(server, key, "static", 0.0))
        figures["rss_mb"] = round(server.anonymous_mb())
        listed, withdrawn, failed = delays(server, key, bench.hits(), SCRIPT)
        bench.failed += failed
    figures["in_process_hits_per_s"] = round(bench.in_process())
    figures["cold_start_s"] = round(statistics.median(starts[1:]), 2)
    figures["listed_visible_p99_s"], figures["withdrawn_gone_p99_s"] = listed, withdrawn
    if bench.options.wrserver:
        bench.wrserver(bench.options.wrserver, key)


ROWS = (
    ("single look-ups", "single_per_s", "/s"),
    ("constant reply of the same server", "static_reply_per_s", "/s"),
    ("look-up / constant reply (goal 0.60)", "single_vs_static", ""),
    ("Google's wrserver, misses", "wrserver_per_s", "/s"),
    ("single look-up p99 (goal 5)", "single_p99_ms", "ms"),
    ("p99 of the constant reply", "static_p99_ms", "ms"),
    ("single look-ups of clients that rest", "paced_per_s", "/s"),
    ("p99 of these", "paced_p99_ms", "ms"),
    ("batches, analyse=none (goal 60,000)", "batch_urls_per_s_per_core", "URLs/s/core"),
    ("batches, analyse=static (goal 5,000)", "static_urls_per_s_per_core", "URLs/s/core"),
    ("library, in process (goal 100,000)", "in_process_hits_per_s", "/s"),
    ("indicators", "indicators", ""),
    ("memory not shared (goal 400)", "rss_mb", "MB"),
    ("cold start (goal 3)", "cold_start_s", "s"),
    ("listed -> visible p99 (goal 2)", "listed_visible_p99_s", "s"),
    ("withdrawn -> gone p99 (goal 2)", "withdrawn_gone_p99_s", "s"),
    ("failed requests", "failed_requests", ""),
)
NOT_IN_JSON = ("static_reply_per_s", "static_p99_ms", "paced_per_s", "paced_p99_ms")
ORDER = (
    "single_vs_static", "single_per_s", "single_p99_ms", "batch_urls_per_s_per_core", "static_urls_per_s_per_core",
    "in_process_hits_per_s", "indicators", "rss_mb", "cold_start_s", "listed_visible_p99_s", "withdrawn_gone_p99_s",
    "failed_requests", "wrserver_per_s",
)  # fmt: skip


def main() -> None:
    """Runs the benchmark and prints its result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--indicators", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--wrserver", default=os.environ.get("WRSERVER", ""))
    options = parser.parse_args()
    folder = Path("build") / f"lookup-{options.indicators}"
    made: dict[str, Any] = data.prepare(folder, options.indicators)
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(options, folder, Path(scratch))
        measure(bench)
    bench.figures |= {"indicators": made["rules"], "failed_requests": bench.failed}
    print(
        f"index of {made['index_mb']} MB, built in {made['build_s']} s; {WORKERS} workers, {CONNECTIONS} connections"
    )
    for title, name, unit in ROWS:
        if name in bench.figures:
            print(f"{title:<38}{bench.figures[name]:>14,} {unit}")
    print(
        msgspec.json.encode({name: bench.figures[name] for name in ORDER if name in bench.figures}).decode()
    )


if __name__ == "__main__":
    main()
