"""The stream as ASGI: a bouncer that vanishes in mid-stream, and one that asks while we are stale."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.worlds import TestClock, world

from mailrisk.listen.http.crowdsec import CrowdSecApp
from mailrisk.listen.http.crowdsec_body import wanted_of
from mailrisk.publish.crowdsec import SCENARIOS
from mailrisk.service.context import Context
from mailrisk.service.keys import Role, issue
from mailrisk.service.surfaces import Surfaces
from mailrisk.service.withdraw import list_by_hand


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    with world(tmp_path) as opened:
        yield opened


def ask(
    app: CrowdSecApp, key: str, *, leaves_after: int | None = None, startup: str = "false"
) -> tuple[int, bytes]:
    """(status, body) of one request; the client may leave after so many messages to it."""
    sent: list[dict[str, Any]] = []
    left = asyncio.Event()
    first = [True]

    async def receive() -> dict[str, Any]:
        if first:
            first.clear()
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if leaves_after is not None and len(sent) >= leaves_after:
            left.set()
            await asyncio.sleep(0)

    scope = {
        "type": "http", "method": "GET", "path": "/v1/decisions/stream", "client": ("192.0.2.1", 1),
        "query_string": f"startup={startup}".encode(),
        "headers": [(b"x-api-key", key.encode()), (b"accept-encoding", b"gzip")],
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def values(body: bytes) -> set[str]:
    told = json.loads(zlib.decompress(body, 31))
    return {item["value"] for item in told["new"] or ()}


def test_what_a_bouncer_missed_by_vanishing_is_told_when_it_comes_back(context: Context) -> None:
    app, key = CrowdSecApp(context, Surfaces(context)), issue(context, Role.READER).key
    assert ask(app, key, startup="true")[0] == 200
    for number in range(3):
        list_by_hand(context, f"203.0.113.{number}", comment="t", category="brute-force", analyst="a")
    for _ in range(4):
        ask(app, key, leaves_after=2)
    _, body = ask(app, key)
    assert values(body) == {f"203.0.113.{number}" for number in range(3)}


def test_what_a_bouncer_asks_for_is_one_of_few_things() -> None:
    wanted = wanted_of({"types": ["ban,captcha"], "scopes": ["Ip,range,country"]}, 0)
    assert (wanted.types, wanted.scopes) == (("ban", "captcha"), ("ip", "range"))
    assert wanted_of({"types": ["x" * 60_000]}, 0).types == ("none",)
    names = {SCENARIOS[one] for one in wanted_of({"scenarios_containing": ["spam"]}, 0).scenarios}
    assert names == {"mailrisk/spam-source", "mailrisk/gambling-porn-spam"}
    assert wanted_of({"scenarios_containing": ["x" * 60_000]}, 0).scenarios == (-1,)
    assert wanted_of({"limit": ["²"]}, 0).scopes == ("ip", "range")


def test_while_we_are_stale_the_answer_is_503(context: Context) -> None:
    app, key = CrowdSecApp(context, Surfaces(context)), issue(context, Role.READER).key
    assert isinstance(context.clock, TestClock)
    context.clock.forward(hours=1)
    status, body = ask(app, key)
    assert status == 503
    assert "too old" in json.loads(body)["message"]
