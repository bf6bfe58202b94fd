"""The program of a check worker, as the core starts it."""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import suppress
from pathlib import Path

from tests.analyse.message.letters import letter

from mailrisk.checks import make_pool
from mailrisk.config import Config
from mailrisk.model.message import Envelope
from mailrisk.service.answers import MessageAnswer
from mailrisk.service.check_message import check_message
from mailrisk.wiring import open_context

MAIL = letter("Bob", "bob@friend.example", "lunch", "See you at noon: https://friend.example/menu")


def test_a_message_is_checked_in_a_process_of_its_own(tmp_path: Path) -> None:
    pool = make_pool(1, ["--data-dir", str(tmp_path)], network=False)
    assert pool is not None

    async def act() -> MessageAnswer:
        pool.wanted.set()
        keeping = asyncio.ensure_future(pool.run())
        try:
            async with asyncio.timeout(60):
                while not pool.pids:
                    await asyncio.sleep(0.05)
            answer = await check_message(with_pool, MAIL, Envelope(), network=False)
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
        return answer

    with open_context(tmp_path, Config(), network=False) as context:
        with_pool = dataclasses.replace(context, checkers=pool)
        elsewhere = asyncio.run(act())
        here = asyncio.run(check_message(context, MAIL, Envelope(), network=False))
    assert (elsewhere.sample, elsewhere.level, elsewhere.reasons) == (here.sample, here.level, here.reasons)


def test_no_workers_are_no_pool(tmp_path: Path) -> None:
    assert make_pool(0, ["--data-dir", str(tmp_path)]) is None
