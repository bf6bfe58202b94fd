"""Answers of one turn are sent together, in order, and never behind what follows them."""

from __future__ import annotations

import asyncio
from typing import cast

from mailrisk.listen.fast.outbox import Outbox


class _Transport:
    def __init__(self, sent: list[tuple[str, bytes]], name: str) -> None:
        self.closing = False
        self._sent, self._name = sent, name

    def is_closing(self) -> bool:
        return self.closing

    def write(self, data: bytes) -> None:
        self._sent.append((self._name, data))


def test_answers_wait_for_the_end_of_the_turn_and_are_sent_in_order_but_not_to_who_is_gone() -> None:
    async def turns() -> None:
        sent: list[tuple[str, bytes]] = []
        one, two, gone = (_Transport(sent, name) for name in ("one", "two", "gone"))
        outbox, loop = Outbox(), asyncio.get_running_loop()
        for transport, data in ((one, b"1"), (gone, b"2"), (two, b"3"), (one, b"4")):
            outbox.add(loop, cast(asyncio.Transport, transport), data)
        gone.closing = True
        assert not sent
        await asyncio.sleep(0)
        assert sent == [("one", b"1"), ("two", b"3"), ("one", b"4")]
        outbox.add(loop, cast(asyncio.Transport, two), b"5")
        outbox.flush()
        assert sent[3:] == [("two", b"5")]
        await asyncio.sleep(0)
        assert len(sent) == 4

    asyncio.run(turns())
