"""``make bench-message``: messages per second and p95 of a message check, without network.

Over 1,000 real mails from ``DATA/mail`` when it is there (phishing, modern list mail, and ham in equal
parts), else over mails that are generated here. One process a core; a table, then one JSON object.
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
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import msgspec

COUNT = 1_000
ROUNDS = 3
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
            for member in members:
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


def check_all(mails: list[bytes]) -> list[float]:
    """Seconds that each check took, in one process."""
    from mailrisk.config import Config
    from mailrisk.model.errors import BadInput
    from mailrisk.model.message import Envelope
    from mailrisk.service.check_message import check_message
    from mailrisk.wiring import open_context

    took = []
    with (
        tempfile.TemporaryDirectory() as folder,
        open_context(Path(folder), Config(), network=False) as context,
        asyncio.Runner() as runner,
    ):
        for raw in mails[:20]:  # Warms caches; not counted.
            _one(runner, check_message, context, raw, Envelope(), BadInput)
        for raw in mails:
            started = time.perf_counter()
            _one(runner, check_message, context, raw, Envelope(), BadInput)
            took.append(time.perf_counter() - started)
    return took


def _one(runner, check, context, raw, envelope, refused) -> None:  # type: ignore[no-untyped-def]
    with suppress(refused):  # A mail that is refused was dealt with too.
        runner.run(check(context, raw, envelope, network=False))


def main() -> None:
    """Runs the benchmark and prints its result."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("../shared/data")
    mails = real_mails(data / "mail")
    source = "real mails" if mails else "generated mails"
    mails = mails or list(generated_mails())
    cores = os.cpu_count() or 1
    parts = [mails[number::cores] for number in range(cores)]
    rates: list[float] = []
    took: list[float] = []
    with ProcessPoolExecutor(cores) as pool:
        for _ in range(ROUNDS):
            seconds = list(pool.map(check_all, parts))
            rates.append(sum(len(part) / sum(part) for part in seconds))
            took.extend(second for part in seconds for second in part)
    p95 = statistics.quantiles(took, n=20)[-1] * 1000
    rate = statistics.median(rates)
    print(f"{len(mails)} {source}, {cores} processes, median of {ROUNDS} rounds")
    print(f"{'messages per second':<24}{rate:>10.1f}")
    print(f"{'p95':<24}{p95:>10.1f} ms")
    result = {
        "messages_per_s": round(rate, 1),
        "p95_ms": round(p95, 2),
        "messages": len(mails),
        "source": source,
    }
    print(msgspec.json.encode(result).decode())


if __name__ == "__main__":
    main()
