"""A guard for hostile input: generous processor time, which quadratic work overspends by far.

The time is the processor's and not the clock's, so that a busy machine fails no test. Regular expressions
look for signals while they work; a parser in C is interrupted at its end.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stalled(AssertionError):
    """The guarded code took more than its processor time."""


@contextmanager
def at_most(cpu_s: float) -> Iterator[None]:
    """Stalled: what runs inside takes more processor time than that."""

    def stop(_: int, __: FrameType | None) -> None:
        raise Stalled(f"more than {cpu_s} s of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
