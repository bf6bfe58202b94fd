"""``make bench-message``: messages per second and p95 of a message check, without network, beside rspamd.

Over 1,000 real mails from ``DATA/mail`` when it is there (phishing, modern list mail, and ham in equal
parts), else over mails that are generated here. One process a core; a table, then one JSON object.

rspamd, where it is installed, gets the same mails in the same run, a round of each in turn: as many workers
as cores, over HTTP on the loopback, every module off that asks the network. The client works on the same
cores, and mailrisk is called without HTTP, which is worth up to a millisecond a mail: compare orders,
not per cents.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

import msgspec
from tools.evaluate import rspamd
from tools.evaluate.missing import Missing

COUNT = 1_000
ROUNDS = 3
CLIENTS = 4
"""Requests that rspamd has at a time."""
WARM = 20
"""Mails before the measurement, for what is loaded once."""
ARCHIVES = ("phishing_pot.tar.xz", "ham_lists.tar.xz", "spamassassin.tar.xz")


def real_mails(folder: Path) -> list[bytes]:
    """An equal, seeded choice of mails from each archive; empty when there is no data."""
    chosen: list[bytes] = []
    present = [folder / name for name in ARCHIVES if (folder / name).is_file()]
    for path in present:
        with tarfile.open(path) as archive:
            members = sorted(
                (member for member in archive if member.isfile() and member.size > 200),
                key=lambda one: one.name,
            )
            wanted = {member.name for member in random.Random(1).sample(members, COUNT // len(present))}  # noqa: S311  the same sample in every run
            # In the order of the archive: going back means to unpack it from its start again.
            for member in sorted(members, key=lambda one: one.offset):
                if member.name in wanted:
                    file = archive.extractfile(member)
                    chosen.append(file.read() if file else b"")
    return chosen


def generated_mails() -> Iterator[bytes]:
    """Plain newsletters of several sizes, when there are no real mails."""
    rng = random.Random(1)  # noqa: S311  the same mails in every run
    words = "account team meeting report invoice update project 通知 会议 报告 link service password".split()
    for number in range(COUNT):
        message = EmailMessage()
        message["From"] = f"Sender {number} <sender{number}@news.example>"
        message["To"] = "reader@example.org"
        message["Subject"] = " ".join(rng.choices(words, k=6))
        text = " ".join(rng.choices(words, k=rng.randrange(50, 800)))
        message.set_content(text + f"\nhttps://news.example/read/{number}\n")
        links = "".join(f'<p><a href="https://news.example/{n}">{text[:80]}</a></p>' for n in range(20))
        message.add_alternative(f"<html><body>{links}</body></html>", subtype="html")
        yield message.as_bytes()


class Checked(NamedTuple):
    """What one process measured: seconds of each check, and how many mails the quick stages left uncertain."""

    seconds: list[float]
    in_band: int


def check_all(mails: list[bytes]) -> Checked:
    """Checks every mail, in one process."""
    from mailrisk.config import Config
    from mailrisk.model.errors import BadInput
    from mailrisk.model.message import Envelope
    from mailrisk.service.check_message import check_message
    from mailrisk.wiring import open_context

    took: list[float] = []
    uncertain = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        open_context(Path(folder), Config(), network=False) as context,
        asyncio.Runner() as runner,
    ):
        for number, raw in enumerate((*mails[:WARM], *mails)):
            started = time.perf_counter()
            with suppress(BadInput):  # A mail that is refused was dealt with too.
                answer = runner.run(check_message(context, raw, Envelope(), network=False))
                uncertain += answer.in_band and number >= WARM
            if number >= WARM:
                took.append(time.perf_counter() - started)
    return Checked(took, uncertain)


def rspamd_rate(port: int, mails: list[bytes]) -> float:
    """Messages a second that rspamd gets through over HTTP, several at a time.

    Its own client, rspamc, sends no more than about twenty a second from a folder.
    """
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda raw: rspamd.score(port, raw), mails))
    return len(mails) / (time.perf_counter() - started)


class Rounds:
    """Rounds of mailrisk and of rspamd in turn, so that what else the machine does meets both alike."""

    def __init__(self, mails: list[bytes], cores: int) -> None:
        self.mails, self.cores = mails, cores
        self.rates: list[float] = []
        self.peer_rates: list[float] = []
        self.took: list[float] = []
        self.in_band = 0

    def run(self) -> None:
        """All rounds."""
        parts = [self.mails[number :: self.cores] for number in range(self.cores)]
        with ExitStack() as stack:
            pool = stack.enter_context(ProcessPoolExecutor(self.cores))
            port = self._peer(stack)
            for _ in range(ROUNDS):
                done = list(pool.map(check_all, parts))
                self.rates.append(sum(len(one.seconds) / sum(one.seconds) for one in done))
                self.took.extend(second for one in done for second in one.seconds)
                self.in_band = sum(one.in_band for one in done)
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
    """Runs the benchmark and prints its result."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("../shared/data")
    mails = real_mails(data / "mail")
    source = "real mails" if mails else "generated mails"
    mails = mails or list(generated_mails())
    cores = os.cpu_count() or 1
    rounds = Rounds(mails, cores)
    rounds.run()
    p95 = statistics.quantiles(rounds.took, n=20)[-1] * 1000
    rate = statistics.median(rounds.rates)
    peer = statistics.median(rounds.peer_rates) if rounds.peer_rates else None
    print(f"{len(mails)} {source}, {cores} processes, median of {ROUNDS} rounds in turn")
    print(f"{'messages per second':<34}{rate:>10.1f}")
    print(f"{'p95':<34}{p95:>10.1f} ms")
    print(f"{'rspamd, messages per second':<34}{peer:>10.1f}" if peer else "rspamd is not installed here")
    print(f"{'uncertain after the quick stages':<34}{100 * rounds.in_band / len(mails):>10.1f} %")
    result = {
        "messages_per_s": round(rate, 1),
        "p95_ms": round(p95, 2),
        "rspamd_messages_per_s": round(peer, 1) if peer else None,
        "uncertain_share": round(rounds.in_band / len(mails), 4),
        "messages": len(mails),
        "source": source,
    }
    print(msgspec.json.encode(result).decode())


if __name__ == "__main__":
    main()
