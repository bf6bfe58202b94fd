"""While the core is away, Google's clients get an error that they can read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from mailrisk.listen.fast.pass_through import PassThrough


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/hashes:search", "application/json; charset=UTF-8"),
        ("/v4/threatLists", "application/json; charset=UTF-8"),
        ("/v5/hashLists", "application/json; charset=UTF-8"),
        ("/api/v1/status", "application/problem+json"),
    ],
)
def test_a_core_that_is_away_is_unavailable_in_the_form_of_the_route(
    tmp_path: Path, path: str, kind: str
) -> None:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(PassThrough(tmp_path / "nobody.sock"))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path)

    answer = asyncio.run(ask())
    assert answer.status_code == 503 and answer.headers["content-type"] == kind
    if kind.startswith("application/json"):
        error = answer.json()["error"]
        assert (error["code"], error["status"]) == (503, "UNAVAILABLE") and set(answer.json()) == {"error"}


def test_the_worker_tells_it_in_chinese_where_that_is_asked_for(tmp_path: Path) -> None:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(PassThrough(tmp_path / "nobody.sock"))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get("/api/v1/status", headers={"Accept-Language": "zh-CN"})

    answer = asyncio.run(ask()).json()
    assert (answer["title"], answer["detail"]) == ("暂时不可用", "核心进程暂不可用；请稍后重试")
