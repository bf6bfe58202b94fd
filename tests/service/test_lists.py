"""Lists made on demand: once for all who ask for the same, and one after the other."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from mailrisk.service import lists as lists_module
from mailrisk.service.context import Context
from mailrisk.service.lists import list_named
from mailrisk.service.surfaces import Surfaces
from mailrisk.service.withdraw import list_by_hand


def test_who_asks_for_many_lengths_of_a_list_takes_one_processor_and_each_is_made_once(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    list_by_hand(context, "203.0.113.7", comment="a test", category="brute-force", analyst="a")
    lists, under_way, most, made = Surfaces(context).lists, threading.Semaphore(0), [0], [0]

    class Counted:
        """Stands for the compression, which is most of the work."""

        @staticmethod
        def compress(body: bytes, *_: Any, **__: Any) -> bytes:
            under_way.release()
            most[0], made[0] = max(most[0], under_way._value), made[0] + 1
            time.sleep(0.01)
            assert under_way.acquire(blocking=False)
            return body

    monkeypatch.setattr(lists_module, "gzip", Counted)
    wanted = lists.default(list_named("ip.txt"))
    asked = [msgspec.structs.replace(wanted, limit=1 + number % 5) for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda one: lists.get("ip.txt", one), asked))
    assert {one.body for one in found} == {b"203.0.113.7\n"}
    assert (most[0], made[0]) == (1, 5)
