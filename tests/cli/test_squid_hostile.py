"""What Squid's helper does with lines without end and with answers that are none: it lives, and says BH on the right channel."""

from __future__ import annotations

import asyncio

import httpcore
import pytest

from mailrisk.cli import squid
from mailrisk.cli.squid import Helper


def test_of_a_line_that_is_too_long_the_rest_is_no_question_of_its_own() -> None:
    async def lines() -> list[bytes]:
        reader = asyncio.StreamReader(limit=1_000)
        reader.feed_data(
            b"7 GET http://a.example/" + b"a" * 5_000 + b"9 192.0.2.7 bob\n8 GET http://b.example/ - -\n"
        )
        reader.feed_eof()
        found = []
        while line := await squid._line(reader):
            found.append(line)
        return found

    first, second = asyncio.run(lines())
    assert first.startswith(b"7 GET ") and len(first) < 200 and second.startswith(b"8 GET ")
    helper = Helper("http://127.0.0.1:9", "", 1)
    pool = httpcore.AsyncConnectionPool()
    said = asyncio.run(helper._answer(pool, first.decode().partition(" ")[2]))
    assert said == "BH message=too%20long"


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"[]", b"{}", b'{"results":[]}', b'{"results":[{}]}', b'{"results":[7]}', b"[" * 60_000],
)
def test_an_answer_that_is_none_ends_no_helper(body: bytes) -> None:
    async def ask() -> str:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        backend = httpcore.AsyncMockBackend([head, body])
        async with httpcore.AsyncConnectionPool(network_backend=backend) as pool:
            return await Helper("http://127.0.0.1:9", "", 5)._answer(pool, "GET http://a.example/ - -")

    assert asyncio.run(ask()).startswith("BH ")
