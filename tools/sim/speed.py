"""How fast log lines are read."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime

from tools.sim.lines import lines_of
from tools.sim.model import TraceSettings
from tools.sim.trace import Trace

from mailrisk.collect.logs.read import read_events
from mailrisk.model.events import LoginEvent

LINES = 120_000
LATER = datetime(2027, 1, 1, tzinfo=UTC)


def parse_lines_per_s(settings: TraceSettings) -> int:
    """Lines of Dovecot and Postfix turned into events, a second of processor time; the median of five readings."""
    lines: list[bytes] = []
    for number, (event, _) in enumerate(Trace(settings).events()):
        lines += [line.encode() for line in lines_of(event, number)]
        if len(lines) >= LINES:
            break
    rates = []
    for _ in range(5):
        before = time.process_time()
        found = sum(isinstance(item, LoginEvent) for item in read_events(lines, timezone=UTC, now=LATER))
        rates.append(len(lines) / (time.process_time() - before))
        assert found > len(lines) / 2, found
    return round(statistics.median(rates))
