"""What the hash lists of Web Risk and Safe Browsing need for very many listings: memory, and CPU time to fill and to ask.

``python -m tools.hash_list_memory 1000000`` prints one JSON line. ``anonymous_mb`` is memory that cannot be given
back; ``mapped_mb`` is of the file, which the kernel drops when it needs the room. The diff is one over the last 5,000 changes.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from tools.bench_lookup_data import T0, subject_of

from mailrisk.edge.shipped import load_hosts
from mailrisk.model.change import Change, ChangeKind, Listing
from mailrisk.model.url.expressions import full_hash
from mailrisk.model.verdict import Category, Level
from mailrisk.publish.webrisk.diff import compute
from mailrisk.publish.webrisk.expressible import expression_text
from mailrisk.publish.webrisk.hash_table import HashTable
from mailrisk.publish.webrisk.threats import Threat
from mailrisk.publish.webrisk.token import Version
from mailrisk.store.scratch import scratch

CHANGES = 5_000
"""Listings added and others withdrawn after the first load."""


def memory_mb() -> tuple[float, float]:
    """(anonymous, of files) memory of this process, MiB."""
    found = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    anonymous, mapped = (int(found[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile"))
    return anonymous, mapped


def listing_of(number: int) -> Listing:
    """The listing of a generated indicator; one in ten is malware."""
    subject = subject_of(number)
    return Listing(
        kind=subject.kind, value=subject.value, level=Level.MALICIOUS, probability=0.97,
        category=Category.MALWARE_FILE if number % 10 == 3 else Category.CREDENTIAL_PHISHING,
        first_seen=T0, last_seen=T0, valid_until=T0 + timedelta(days=7),
    )  # fmt: skip


def change_of(seq: int, number: int, kind: ChangeKind) -> Change:
    """A change about a generated indicator; ten of them are one commit."""
    subject = subject_of(number)
    return Change(
        seq=seq, epoch="e", at=T0 + timedelta(seconds=seq // 10), kind=kind, indicator_kind=subject.kind,
        indicator=subject.value, listing=listing_of(number) if kind is ChangeKind.LISTED else None,
    )  # fmt: skip


def measured(count: int, folder: Path) -> dict[str, float]:
    """Fills a table, changes it, asks it."""
    hosts = load_hosts()
    anonymous, mapped = memory_mb()
    table = HashTable(hosts, scratch(folder))
    began = time.process_time()
    for number in range(count):
        table.put(subject_of(number), listing_of(number))
    table.settle("e", count, started=True)
    filled = time.process_time()
    for at in range(CHANGES):
        table.apply(change_of(count + 2 * at + 1, count + at, ChangeKind.LISTED))
        table.apply(change_of(count + 2 * at + 2, at * 7 % count, ChangeKind.EXPIRED))
    changed = time.process_time()
    diff = compute(table.lists[Threat.SOCIAL_ENGINEERING], Version(count))
    diffed = time.process_time()
    numbers = range(CHANGES * 7, count, max(1, count // 20_000))
    hits = sum(bool(table.find(full_hash(expression_text(subject_of(number)))[:4])) for number in numbers)
    asked = time.process_time()
    after = memory_mb()
    return {
        "listings": count,
        "anonymous_mb": round(after[0] - anonymous, 1),
        "anonymous_bytes_per_listing": round((after[0] - anonymous) * 2**20 / count, 1),
        "mapped_mb": round(after[1] - mapped, 1),
        "fill_s": round(filled - began, 2),
        "change_us": round((changed - filled) / (2 * CHANGES) * 1e6, 1),
        "diff_s": round(diffed - changed, 3),
        "diff_changes": len(diff.additions) + len(diff.removals),
        "find_us": round((asked - diffed) / len(numbers) * 1e6, 1),
        "hits": hits,
    }


def main() -> None:
    """Measures and prints."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(dir=Path("build") if Path("build").is_dir() else None) as folder:
        print(json.dumps(measured(count, Path(folder))))


if __name__ == "__main__":
    main()
