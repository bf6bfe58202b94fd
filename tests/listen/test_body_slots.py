"""Large bodies: so many at a time, the others wait or are told to come again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mailrisk.listen.http.body_slots import BodySlots
from mailrisk.model.errors import Unavailable


class Readers:
    """An application that reads bodies and holds them until it is let go."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.reading = 0
        self.most = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        self.reading += 1
        self.most = max(self.most, self.reading)
        await self.go_on.wait()
        self.reading -= 1


async def ask(app: BodySlots, chunks: list[bytes], *, declared: bool) -> None:
    size = str(sum(map(len, chunks))).encode()
    left = list(chunks)

    async def receive() -> Any:
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    headers = [(b"content-length", size)] if declared else []
    await app({"type": "http", "headers": headers}, receive, None)


@pytest.mark.parametrize("declared", [True, False])
def test_of_many_large_bodies_only_so_many_are_held_and_all_are_read_in_the_end(declared: bool) -> None:
    async def scene() -> int:
        readers = Readers()
        app = BodySlots(readers, most=2, large=10)
        asked = [asyncio.ensure_future(ask(app, [b"x" * 8] * 3, declared=declared)) for _ in range(6)]
        await asyncio.sleep(0.05)
        readers.go_on.set()
        await asyncio.gather(*asked)
        return readers.most

    assert asyncio.run(scene()) == 2


def test_small_bodies_need_no_slot() -> None:
    async def scene() -> int:
        readers = Readers()
        app = BodySlots(readers, most=1, large=10)
        asked = [asyncio.ensure_future(ask(app, [b"x" * 5, b"x" * 5], declared=True)) for _ in range(5)]
        await asyncio.sleep(0.05)
        readers.go_on.set()
        await asyncio.gather(*asked)
        return readers.most

    assert asyncio.run(scene()) == 5


def test_who_gets_no_slot_in_time_is_told_to_come_again() -> None:
    async def scene() -> None:
        readers = Readers()
        app = BodySlots(readers, most=1, large=10, wait_s=0.01)
        first = asyncio.ensure_future(ask(app, [b"x" * 20], declared=True))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await ask(app, [b"x" * 20], declared=True)
        readers.go_on.set()
        await first
        await ask(app, [b"x" * 20], declared=True)

    asyncio.run(scene())
