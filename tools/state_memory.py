"""What the login analysis needs for very many addresses: memory, and the time to write and read its state.

``python -m tools.state_memory 10000000`` (about two minutes) prints one JSON line.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from mailrisk.analyse.login.light import LightTable
from mailrisk.analyse.login.settings import DEFAULT
from mailrisk.analyse.login.sources import MAX_LIGHT, Source, pack
from mailrisk.analyse.login.tally import Tally

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)


def resident_mb() -> float:
    """Memory of this process, MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def typical() -> list[bytes]:
    """Packed: an address that somebody logs in from, one that failed once, one that failed twice on two accounts."""
    windows = DEFAULT.windows
    home = Source(at_home={"somebody@example.org": None}, tallies=[None for _ in windows])
    found = [pack("192.0.2.1", home)]
    for failures in (1, 2):
        tries = {f"user{number}@example.org": 1 for number in range(failures)}
        tallies: list[Tally | None] = [Tally(AT, AT, failures, tries=dict(tries)) for _ in windows]
        source = Source(tallies=tallies, first_failure_at=AT, failures=failures, last_ip="192.0.2.1")
        found.append(pack("192.0.2.1", source))
    return found


def filled(count: int) -> LightTable:
    """A table with that many addresses, a third of each kind."""
    table, payloads = LightTable(max(count, MAX_LIGHT), b"seed"), typical()
    for number in range(1, count + 1):
        table.put(0xFFFFFFFF << 32 | number, payloads[number % len(payloads)])
    return table


def state_mb(count: int) -> float:
    """MiB that ``count`` addresses take."""
    before = resident_mb()
    table = filled(count)
    assert len(table) == count
    return resident_mb() - before


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    before = resident_mb()
    table = filled(count)
    memory = resident_mb() - before
    with tempfile.TemporaryFile() as file:
        began = time.perf_counter()
        lengths = [file.write(part) for part in table.parts()]
        written = time.perf_counter() - began
        file.seek(0)
        began = time.perf_counter()
        LightTable(max(count, MAX_LIGHT)).restore(_parts(file, lengths))
        read = time.perf_counter() - began
    said = {
        "addresses": count,
        "state_mb": round(memory),
        "bytes_per_address": round(memory * 2**20 / count),
        "write_s": round(written, 2),
        "restore_s": round(read, 2),
    }
    print(json.dumps(said))


def _parts(file: BinaryIO, lengths: list[int]) -> Iterator[bytes]:
    for length in lengths:
        yield file.read(length)


if __name__ == "__main__":
    main()
