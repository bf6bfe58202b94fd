"""The client of Microsoft Graph: what it asks, what it believes, where its secrets go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from tests.edge.graph import SECRET, GraphServer, graph_server, sign_in

from mailrisk.edge.graph import LONGEST_WAIT_S, Busy, GraphAccess
from mailrisk.model.errors import ConfigError, Unavailable

UNTIL = datetime(2026, 11, 23, 12, tzinfo=UTC)
SINCE = UNTIL - timedelta(hours=1)


def run(test: Callable[[GraphServer], Awaitable[None]]) -> None:
    async def within() -> None:
        async with graph_server() as server:
            await test(server)

    asyncio.run(within())


def test_pages_follow_one_another_with_one_token() -> None:
    async def test(server: GraphServer) -> None:
        server.records = [sign_in(number, SINCE + timedelta(minutes=number)) for number in range(3)]
        source = server.source()
        first = await source.page(SINCE, UNTIL)
        second = await source.page(SINCE, UNTIL, first.following)
        ids = [msgspec.json.decode(raw)["id"][-1] for raw in (*first.records, *second.records)]
        assert ids == ["2", "1", "0"] and not second.following
        assert server.tokens == 1
        assert "createdDateTime%20ge%202026-11-23T11%3A00%3A00Z" in server.asked[0]

    run(test)


def test_a_token_that_is_refused_or_over_is_replaced_once() -> None:
    async def test(server: GraphServer) -> None:
        source = server.source()
        await source.page(SINCE, UNTIL)
        server.revoked = True
        await source.page(SINCE, UNTIL)
        assert server.tokens == 2
        server.expires_in = 60
        for _ in range(2):
            source._token = ""
            await source.page(SINCE, UNTIL)
        await source.page(SINCE, UNTIL)
        assert server.tokens == 5

    run(test)


@pytest.mark.parametrize(
    ("said", "wait_s"), [("17", 17.0), ("", 0.0), ("soon", 0.0), ("99999", LONGEST_WAIT_S), ("²", 0.0)]
)
def test_a_throttled_answer_says_how_long_to_wait(said: str, wait_s: float) -> None:
    async def test(server: GraphServer) -> None:
        server.busy = [(429, said)]
        with pytest.raises(Busy) as caught:
            await server.source().page(SINCE, UNTIL)
        assert caught.value.wait_s == wait_s

    run(test)


def test_the_token_goes_to_no_other_server() -> None:
    async def test(server: GraphServer) -> None:
        server.records = [sign_in(number, SINCE) for number in range(3)]
        server.elsewhere = True
        source = server.source()
        page = await source.page(SINCE, UNTIL)
        with pytest.raises(Unavailable, match="at another server"):
            await source.page(SINCE, UNTIL, page.following)

    run(test)


def test_a_wrong_secret_is_told_without_the_secret() -> None:
    async def test(server: GraphServer) -> None:
        with pytest.raises(Unavailable) as caught:
            await server.source(secret="wrong one").page(SINCE, UNTIL)
        said = str(caught.value)
        assert "AADSTS7000215: Invalid client secret" in said and "Trace ID" not in said
        assert "wrong one" not in said and SECRET not in said

    run(test)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"value": 1}', b"\xff" * 99, b"[" * 100_000])
def test_an_answer_that_is_no_page_is_an_error(body: bytes) -> None:
    async def test(server: GraphServer) -> None:
        server.body = body
        with pytest.raises(Unavailable, match="no page of sign-ins"):
            await server.source().page(SINCE, UNTIL)

    run(test)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tenant", "a/../b"),
        ("tenant", ""),
        ("client_id", ""),
        ("secret", ""),
        ("url", "http://graph.example"),
        ("authority", "ftp://login.example"),
    ],
)
def test_a_setting_that_cannot_be_is_named(field: str, value: str) -> None:
    given = {"tenant": "example.org", "client_id": "app", "secret": "x", field: value}
    with pytest.raises(ConfigError) as caught:
        GraphAccess(**given)
    assert caught.value.field == f"config.login.graph.{field}"
