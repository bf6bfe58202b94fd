"""The mails of ``make bench-message``: real ones from archives of the data, else generated newsletters."""

from __future__ import annotations

import random
import tarfile
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

COUNT = 1_000
ARCHIVES = ("phishing_pot.tar.xz", "ham_lists.tar.xz", "spamassassin.tar.xz")


def real_mails(folder: Path, count: int = COUNT) -> list[bytes]:
    """An equal, seeded choice of mails from each archive, mixed; empty when there is no data."""
    chosen: list[bytes] = []
    present = [folder / name for name in ARCHIVES if (folder / name).is_file()]
    for path in present:
        with tarfile.open(path) as archive:
            members = sorted(
                (member for member in archive if member.isfile() and member.size > 200),
                key=lambda one: one.name,
            )
            wanted = {member.name for member in random.Random(1).sample(members, count // len(present))}  # noqa: S311  the same sample in every run
            # In the order of the archive: going back means to unpack it from its start again.
            for member in sorted(members, key=lambda one: one.offset):
                if member.name in wanted:
                    file = archive.extractfile(member)
                    chosen.append(file.read() if file else b"")
    random.Random(2).shuffle(chosen)  # noqa: S311  mail does not come sorted by its kind
    return chosen


def generated_mails(count: int = COUNT) -> Iterator[bytes]:
    """Plain newsletters of several sizes, when there are no real mails."""
    rng = random.Random(1)  # noqa: S311  the same mails in every run
    words = "account team meeting report invoice update project 通知 会议 报告 link service password".split()
    for number in range(count):
        message = EmailMessage()
        message["From"] = f"Sender {number} <sender{number}@news.example>"
        message["To"] = "reader@example.org"
        message["Subject"] = " ".join(rng.choices(words, k=6))
        text = " ".join(rng.choices(words, k=rng.randrange(50, 800)))
        message.set_content(text + f"\nhttps://news.example/read/{number}\n")
        links = "".join(f'<p><a href="https://news.example/{n}">{text[:80]}</a></p>' for n in range(20))
        message.add_alternative(f"<html><body>{links}</body></html>", subtype="html")
        yield message.as_bytes()
