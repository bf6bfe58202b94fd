"""What one process of ``make bench-message`` does: checks mails one after the other, and takes the time."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import io
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import NamedTuple

import msgspec
from PIL import Image
from tools.evaluate.profile import SLOW

from mailrisk.config import Config
from mailrisk.model.errors import BadInput
from mailrisk.model.message import Envelope
from mailrisk.service.analysis_threads import AnalysisThreads
from mailrisk.service.check_message import check_message
from mailrisk.service.context import Context
from mailrisk.wiring import open_context

WARM = 40
"""Mails before the measurement, for what is loaded once."""

_together: Barrier | None = None


def begin_together(barrier: Barrier) -> None:
    """Tells a process what it waits for: it measures only while all of them work."""
    global _together
    _together = barrier


class Checked(NamedTuple):
    """What one process measured. Times in seconds, of the clock that all processes share."""

    began: float
    ended: float
    took: list[float]  # one a mail
    cpu: float  # of the process itself
    children_cpu: float  # of the processes that open files and read pictures
    in_band: int  # mails that the quick stages left uncertain
    slow: dict[str, int]  # slow stages that were done
    levels: dict[str, int]


def check_all(mails: Sequence[bytes], deep: bool) -> Checked:
    """Checks every mail, in one process; without ``deep`` no slow stage is done."""
    with _context(deep) as context, asyncio.Runner() as runner:
        return runner.run(_check_all(context, mails))


@contextmanager
def _context(deep: bool) -> Iterator[Context]:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_context(Path(folder), Config(), network=False) as context,
    ):
        depth = msgspec.structs.replace(context.depth, off=frozenset[str]() if deep else SLOW)
        gc.collect()
        gc.freeze()  # As a check worker of the service does (``mailrisk/checks.py``), which has no threads either.
        yield dataclasses.replace(context, depth=depth, analysis=AnalysisThreads(0))


async def _check_all(context: Context, mails: Sequence[bytes]) -> Checked:
    for raw in (with_files(), *mails[:WARM]):
        with suppress(BadInput):
            await check_message(context, raw, Envelope(), network=False)
    before = context.deep_count.status()
    if _together is not None:
        await asyncio.to_thread(_together.wait)
    took: list[float] = []
    levels: dict[str, int] = {}
    own, children = time.process_time(), children_cpu()
    began = time.perf_counter()
    for raw in mails:
        at = time.perf_counter()
        level = "refused"  # Such a mail was dealt with too.
        with suppress(BadInput):
            level = (await check_message(context, raw, Envelope(), network=False)).level.value
        took.append(time.perf_counter() - at)
        levels[level] = levels.get(level, 0) + 1
    ended = time.perf_counter()
    after = context.deep_count.status()
    return Checked(
        began=began,
        ended=ended,
        took=took,
        cpu=time.process_time() - own,
        children_cpu=children_cpu() - children,
        in_band=after.in_band - before.in_band,
        slow={name: count - before.done.get(name, 0) for name, count in after.done.items()},
        levels=levels,
    )


def with_files() -> bytes:
    """A mail with a picture and a file that only the model of kinds can tell: its process loads what it needs."""
    picture = io.BytesIO()
    Image.linear_gradient("L").save(picture, "PNG")
    message = EmailMessage()
    message["From"] = "a@news.example"
    message.set_content("Two files.")
    message.add_attachment(picture.getvalue(), maintype="image", subtype="png", filename="a.png")
    message.add_attachment(
        bytes(range(1, 200)) * 3, maintype="application", subtype="octet-stream", filename="a.bin"
    )
    return message.as_bytes()


def children_cpu() -> float:
    """Seconds of CPU that the living children of this process have used; 0 where ``/proc`` does not tell."""
    tick, own, spent = os.sysconf("SC_CLK_TCK"), os.getpid(), 0.0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = entry.read_text().rpartition(")")[2].split()  # proc(5): 4 ppid, 14 utime, 15 stime
            if int(fields[1]) == own:
                spent += (int(fields[11]) + int(fields[12])) / tick
    return spent
