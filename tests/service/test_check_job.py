"""Messages that other processes check: the same answers, the same refusals, and the core does what goes deeper."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from msgspec.structs import replace
from tests.analyse.message.letters import letter

from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.model.message import Envelope
from mailrisk.service.answers import MessageAnswer
from mailrisk.service.check_job import check_here
from mailrisk.service.check_message import check_message
from mailrisk.service.context import Context
from mailrisk.service.readers import Depth, Readers

PLAIN = letter("Bob", "bob@friend.example", "lunch", "See you at noon: https://friend.example/menu")


class Worker:
    """A worker without a process."""

    def __init__(self, context: Context, band: tuple[float, float] = (0.04, 0.90)) -> None:
        depth = Depth(band=band, quick_only=True)
        self._context = dataclasses.replace(context, readers=Readers(), depth=depth, checkers=None)
        self.asked = 0

    async def ask(self, frame: bytes) -> bytes | None:
        self.asked += 1
        return await check_here(self._context, frame)


class Nobody:
    """Workers that are not up, or that died over the message."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    async def ask(self, frame: bytes) -> bytes | None:
        if self.error is not None:
            raise self.error
        return None


class Meanings:
    async def intents(self, text: str) -> dict[str, float]:
        return {"asks-credential": 2.0}


def check(context: Context, raw: bytes) -> MessageAnswer:
    return asyncio.run(
        check_message(context, raw, Envelope(rcpt_to=("a@home.example",)), name="x.eml", network=False)
    )


def test_a_worker_answers_as_the_core_does_and_the_core_counts_it(context: Context) -> None:
    worker = Worker(context)
    alone = check(context, PLAIN)
    assert check(dataclasses.replace(context, checkers=worker), PLAIN) == alone
    assert worker.asked == 1
    assert context.deep_count.status().messages == 3  # alone, in the worker of this test, and for the worker


def test_a_message_that_is_refused_is_refused_likewise(context: Context) -> None:
    with pytest.raises(BadInput) as alone:
        check(context, b"")
    with pytest.raises(BadInput) as elsewhere:
        check(dataclasses.replace(context, checkers=Worker(context)), b"")
    assert (elsewhere.value.field, elsewhere.value.reason) == (alone.value.field, alone.value.reason)


def test_what_a_slow_stage_could_change_is_checked_by_the_core(context: Context) -> None:
    lure = letter(
        "IT", "it@lianhe-info.example", "邮箱升级", "您的邮箱需要升级，请登录验证账号：http://youxiang.top/a"
    )
    depth = replace(context.depth, band=(0.0, 0.9))
    core = dataclasses.replace(context, depth=depth, readers=Readers(embedder=Meanings()))
    worker = Worker(context, band=(0.0, 0.9))
    assert check(dataclasses.replace(core, checkers=worker), lure) == check(core, lure)
    assert worker.asked == 1


def test_without_a_worker_the_core_does_the_work_itself(context: Context) -> None:
    assert check(dataclasses.replace(context, checkers=Nobody()), PLAIN) == check(context, PLAIN)


def test_the_core_does_not_touch_what_workers_died_of(context: Context) -> None:
    deadly = Nobody(Unavailable("the work took more time or memory than it may"))
    with pytest.raises(Unavailable):
        check(dataclasses.replace(context, checkers=deadly), PLAIN)
