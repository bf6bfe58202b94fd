"""The pool of worker processes: every answer reaches who asked, and a deadly frame harms nobody else."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from mailrisk.edge.worker_pool import WorkerPool
from mailrisk.model.errors import Unavailable

PROGRAM = """
import asyncio, os, socket, sys
from mailrisk.edge.worker_pool import work

async def handle(frame):
    if frame == b"die":
        os._exit(1)
    if frame == b"hang":
        await asyncio.sleep(60)
    await asyncio.sleep(0.001 * (len(frame) % 7))
    return frame[::-1] + str(os.getpid()).encode()

asyncio.run(work(socket.socket(fileno=int(sys.argv[-1])), handle, 4))
"""


@asynccontextmanager
async def running(count: int, wall_s: float = 30.0) -> AsyncIterator[WorkerPool]:
    pool = WorkerPool([sys.executable, "-c", PROGRAM], count, wall_s=wall_s)
    pool.wanted.set()
    task = asyncio.ensure_future(pool.run())
    try:
        async with asyncio.timeout(30):
            while len(pool.pids) < count:
                await asyncio.sleep(0.02)
        yield pool
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def test_every_answer_reaches_who_asked_and_all_processes_work() -> None:
    async def act() -> set[bytes]:
        async with running(2) as pool:
            frames = [b"x" * number + b"end" for number in range(40)] + [b"y" * 1_000_000]
            answers = await asyncio.gather(*map(pool.ask, frames))
            pids = set()
            for frame, answer in zip(frames, answers, strict=True):
                assert answer is not None
                assert answer.startswith(frame[::-1])
                pids.add(answer[len(frame) :])
            return pids

    assert len(asyncio.run(act())) == 2


def test_where_no_process_is_up_nobody_waits() -> None:
    assert asyncio.run(WorkerPool(["unused"], 2).ask(b"x")) is None


def test_a_frame_that_ends_two_processes_is_refused_and_the_others_are_answered() -> None:
    async def act() -> None:
        async with running(3) as pool:
            before = pool.pids
            with pytest.raises(Unavailable):
                await pool.ask(b"die")
            assert await pool.ask(b"abc") is not None
            assert len(set(pool.pids) & set(before)) == 1

    asyncio.run(act())


def test_a_frame_that_takes_too_long_is_refused() -> None:
    async def act() -> None:
        async with running(2, wall_s=0.3) as pool:
            with pytest.raises(Unavailable):
                await pool.ask(b"hang")

    asyncio.run(act())


def test_its_processes_end_with_it() -> None:
    async def act() -> list[int]:
        async with running(2) as pool:
            return pool.pids

    for pid in asyncio.run(act()):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_nothing_is_started_before_the_first_question_and_that_one_is_not_held_up() -> None:
    async def trial() -> tuple[int, bytes | None, int]:
        pool = WorkerPool([sys.executable, "-c", "import time; time.sleep(60)"], 2)
        others = len(children())
        task = asyncio.ensure_future(pool.run())
        await asyncio.sleep(0.2)
        before = len(children()) - others
        answer = await pool.ask(b"x")
        await asyncio.sleep(0.5)
        after = len(children()) - others
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return before, answer, after

    assert asyncio.run(trial()) == (0, None, 2)


def children() -> list[str]:
    """The child processes of this one."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
