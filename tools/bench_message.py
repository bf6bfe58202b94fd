"""``make bench-message``: messages per second and p95 of a message check, without network, beside rspamd.

Over 1,000 real mails from ``DATA/mail`` when it is there (phishing, modern list mail, and ham in equal
parts), else over mails that are generated here. One process a core, as the service has check workers; a table, then
one JSON object.

Two figures of ours: ``messages_per_s`` is stages 0-3 alone (address and host, intelligence, the message with its files
and codes, intent by linear heads), which is what the budget of 5.7 ms of CPU a mail is for;
``messages_per_s_deepened`` is everything, with pictures read and texts embedded where the verdict was uncertain.

rspamd, where it is installed, gets the same mails in the same run, a round of each in turn: as many workers
as cores, over HTTP on the loopback, every module off that asks the network. The client works on the same
cores, and mailrisk is called without HTTP, which is worth up to a millisecond a mail: compare orders,
not per cents.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
from tools.bench_message_check import Checked, begin_together, check_all
from tools.bench_message_mails import generated_mails, real_mails
from tools.evaluate import rspamd
from tools.evaluate.missing import Missing
from tools.evaluate.profile import cpu_by_package

ROUNDS = 3
CLIENTS = 4
"""Requests that rspamd has at a time."""
PROFILED = 200
"""Mails of which is told where their CPU time goes."""


class Measured:
    """The rounds of one way of checking."""

    def __init__(self) -> None:
        self.rounds: list[list[Checked]] = []

    def per_second(self) -> float:
        """Mails a second: the median of the rounds, each from the first begin to the last end."""
        return statistics.median(
            sum(len(one.took) for one in done)
            / (max(one.ended for one in done) - min(one.began for one in done))
            for done in self.rounds
        )

    def cpu_ms(self) -> tuple[float, float]:
        """CPU milliseconds a mail, (of the checking process, of its children): medians of the rounds."""
        mails = [sum(len(one.took) for one in done) for done in self.rounds]
        own = (1e3 * sum(one.cpu for one in done) for done in self.rounds)
        children = (1e3 * sum(one.children_cpu for one in done) for done in self.rounds)
        return (
            statistics.median(spent / count for spent, count in zip(own, mails, strict=True)),
            statistics.median(spent / count for spent, count in zip(children, mails, strict=True)),
        )

    def took_ms(self) -> tuple[float, float]:
        """(median, p95) of the time of a check in milliseconds, over all rounds."""
        took = [1e3 * second for done in self.rounds for one in done for second in one.took]
        return statistics.median(took), statistics.quantiles(took, n=20)[-1]

    def in_band(self) -> float:
        """Share of the mails that the quick stages leave uncertain."""
        done = self.rounds[-1]
        return sum(one.in_band for one in done) / sum(len(one.took) for one in done)

    def slow(self) -> dict[str, float]:
        """Share of the mails for which each slow stage was done."""
        done, total = self.rounds[-1], Counter[str]()
        for one in done:
            total.update(one.slow)
        mails = sum(len(one.took) for one in done)
        return {name: count / mails for name, count in sorted(total.items())}


def rspamd_rate(port: int, mails: list[bytes]) -> float:
    """Messages a second that rspamd gets through over HTTP, several at a time.

    Its own client, rspamc, sends no more than about twenty a second from a folder.
    """
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda raw: rspamd.score(port, raw), mails))
    return len(mails) / (time.perf_counter() - started)


class Rounds:
    """Rounds of both ways and of rspamd in turn, so that what else the machine does meets all alike."""

    def __init__(self, mails: list[bytes], cores: int) -> None:
        self.mails, self.cores = mails, cores
        self.quick, self.deepened = Measured(), Measured()
        self.peer_rates: list[float] = []

    def run(self) -> None:
        """All rounds."""
        parts = [self.mails[number :: self.cores] for number in range(self.cores)]
        spawned = multiprocessing.get_context("spawn")
        with ExitStack() as stack:
            pool = stack.enter_context(
                ProcessPoolExecutor(
                    self.cores, spawned, initializer=begin_together, initargs=(spawned.Barrier(self.cores),)
                )
            )
            port = self._peer(stack)
            for _ in range(ROUNDS):
                for measured, deep in ((self.quick, False), (self.deepened, True)):
                    measured.rounds.append(list(pool.map(check_all, parts, [deep] * self.cores)))
                if port:
                    self.peer_rates.append(rspamd_rate(port, self.mails))

    def _peer(self, stack: ExitStack) -> int:
        """The port of a rspamd that has seen all mails once; 0 where there is none."""
        try:
            port = stack.enter_context(rspamd.running(self.cores))
        except Missing as missing:
            print(missing, file=sys.stderr)
            return 0
        rspamd_rate(port, self.mails)
        return port


def main() -> None:
    """Runs the benchmark and prints the table and, as its last line, the JSON object."""
    folder = Path(sys.argv[1]) / "mail" if len(sys.argv) > 1 else None
    mails = real_mails(folder) if folder else []
    source = "real mails" if mails else "generated mails"
    mails = mails or list(generated_mails())
    cores = os.cpu_count() or 1
    rounds = Rounds(mails, cores)
    rounds.run()
    load = os.getloadavg()[0]
    peer = statistics.median(rounds.peer_rates) if rounds.peer_rates else None
    print(f"{len(mails)} {source}, {cores} processes, medians of {ROUNDS} rounds in turn, load {load:.1f}")
    _table(rounds, peer)
    print("CPU of stages 0-3 by package (exclusive, profiled):")
    packages = cpu_by_package(mails[:PROFILED], deep=False)
    for name, share in list(packages.items())[:12]:
        print(f"  {name:<36}{100 * share:>8.1f} %")
    result = _result(rounds, peer) | {"cpu_by_package": packages, "messages": len(mails), "source": source}
    print(msgspec.json.encode(result | {"load": round(load, 2)}).decode())


def _table(rounds: Rounds, peer: float | None) -> None:
    """The figures for people."""
    print(f"{'':<38}{'stages 0-3':>12}{'all stages':>12}")
    both = (rounds.quick, rounds.deepened)

    def line(name: str, values: list[float], form: str = "12.1f") -> None:
        print(f"{name:<38}" + "".join(format(value, form) for value in values))

    line("messages per second", [one.per_second() for one in both])
    line("median, ms", [one.took_ms()[0] for one in both])
    line("p95, ms", [one.took_ms()[1] for one in both])
    line("CPU of the process, ms a mail", [one.cpu_ms()[0] for one in both], "12.2f")
    line("CPU of its children, ms a mail", [one.cpu_ms()[1] for one in both], "12.2f")
    print(f"rspamd, messages per second           {peer:12.1f}" if peer else "rspamd is not installed here")
    print(f"uncertain after the quick stages      {100 * rounds.quick.in_band():12.1f} %")
    for name, share in rounds.deepened.slow().items():
        print(f"  {name + ' done':<36}{100 * share:12.1f} %")


def _result(rounds: Rounds, peer: float | None) -> dict[str, Any]:
    """The same for programs. ``messages_per_s`` is stages 0-3 alone."""
    quick, deepened = rounds.quick, rounds.deepened
    return {
        "messages_per_s": round(quick.per_second(), 1),
        "messages_per_s_means": "stages 0-3, without OCR, embeddings and language model",
        "messages_per_s_deepened": round(deepened.per_second(), 1),
        "rspamd_messages_per_s": round(peer, 1) if peer else None,
        "median_ms": round(quick.took_ms()[0], 2),
        "p95_ms": round(quick.took_ms()[1], 2),
        "median_ms_deepened": round(deepened.took_ms()[0], 2),
        "p95_ms_deepened": round(deepened.took_ms()[1], 2),
        "cpu_ms": round(sum(quick.cpu_ms()), 2),
        "cpu_ms_deepened": round(sum(deepened.cpu_ms()), 2),
        "uncertain_share": round(quick.in_band(), 4),
        "slow_stages": {name: round(share, 4) for name, share in deepened.slow().items()},
    }


if __name__ == "__main__":
    main()
