"""Web Risk answers over a real small mailrisk."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from tests.worlds import TestClock, world

from mailrisk.listen.http.google.app import GoogleApp
from mailrisk.model.errors import Unavailable
from mailrisk.model.feed import FeedSource
from mailrisk.model.subject import Subject
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.expressions import full_hash
from mailrisk.publish.webrisk.threats import Threat
from mailrisk.service.context import Context
from mailrisk.service.import_feed import import_feed
from mailrisk.service.keys import Role, issue
from mailrisk.service.webrisk import CACHE, HashLists, search_uri
from mailrisk.service.withdraw import list_by_hand, withdraw

BOTH = (Threat.MALWARE, Threat.SOCIAL_ENGINEERING)
PAGE = "http://evil.example/a/login"


def put(context: Context, url: str) -> None:
    list_by_hand(context, url, comment="a test", category="credential-phishing", analyst="t")


def test_any_process_reads_the_tokens_of_the_others(tmp_path: Path) -> None:
    with world(tmp_path) as context:
        one, other = HashLists(context), HashLists(context)
        put(context, PAGE)
        first = one.diff(Threat.SOCIAL_ENGINEERING, b"")
        assert other.diff(Threat.SOCIAL_ENGINEERING, first.token).diff.reset is False
        put(context, "http://evil.example/b/login")
        second = other.diff(Threat.SOCIAL_ENGINEERING, first.token).diff
        assert not second.reset and len(second.additions) == 1
        assert second.sha256 == one.diff(Threat.SOCIAL_ENGINEERING, b"").diff.sha256


def test_a_token_of_another_ledger_starts_again(tmp_path: Path) -> None:
    tokens = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with world(tmp_path / name) as context:
            put(context, PAGE)
            lists = HashLists(context)
            tokens.append(lists.diff(Threat.SOCIAL_ENGINEERING, b"").token)
            assert lists.diff(Threat.SOCIAL_ENGINEERING, tokens[0]).diff.reset is (name == "two")


def test_a_withdrawn_page_is_gone_from_every_answer_at_once(tmp_path: Path) -> None:
    clock = TestClock()
    with world(tmp_path, clock) as context:
        lists = HashLists(context)
        put(context, PAGE)
        assert search_uri(context, PAGE, BOTH) and lists.search([full_hash(PAGE[7:])], BOTH).hashes
        clock.forward(seconds=1)
        withdraw(context, PAGE, comment="a mistake", analyst="t")
        assert search_uri(context, PAGE, BOTH) is None
        assert not lists.search([full_hash(PAGE[7:])], BOTH).hashes
        assert not lists.diff(Threat.SOCIAL_ENGINEERING, b"").diff.additions


def test_no_answer_may_be_kept_longer_than_the_listing_is_valid(tmp_path: Path) -> None:
    clock = TestClock()
    with world(tmp_path, clock) as context:
        put(context, PAGE)
        found = search_uri(context, PAGE, BOTH)
        assert found is not None and found.expires == clock() + CACHE
        row = context.index.subject(_subject(PAGE))
        assert row is not None and row.listing is not None
        clock.now = row.listing.valid_until - timedelta(seconds=20)
        context.catch_up()
        soon = search_uri(context, PAGE, BOTH)
        assert soon is not None and soon.expires == row.listing.valid_until


def test_what_may_not_be_passed_on_answers_look_ups_alone(tmp_path: Path) -> None:
    source = FeedSource(
        name="private", title="Private", format="openphish-text", licence="none", weight=1.0, tau_days=30.0, redistribute=False
    )  # fmt: skip
    with world(tmp_path) as context:
        import_feed(context, source, [f"{PAGE}\n".encode()])
        assert search_uri(context, PAGE, BOTH)
        lists = HashLists(context)
        assert not lists.search([full_hash(PAGE[7:])], BOTH).hashes
        assert lists.status().left_out["not-redistributable"] >= 1


def test_when_the_index_is_too_old_every_route_says_unavailable(tmp_path: Path) -> None:
    clock = TestClock()
    with world(tmp_path, clock) as context:
        lists = HashLists(context)
        key = issue(context, Role.READER).key
        clock.forward(hours=1)
        with pytest.raises(Unavailable):
            lists.diff(Threat.MALWARE, b"")

        async def ask(path: str) -> httpx.Response:
            transport = httpx.ASGITransport(GoogleApp(context, lists))
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.get(path, headers={"x-goog-api-key": key})

        for path in (
            f"/v1/uris:search?uri={PAGE}&threatTypes=1",
            "/v1/hashes:search?hashPrefix=AAAAAA==&threatTypes=1",
            "/v1/threatLists:computeDiff?threatType=1",
        ):
            answer = asyncio.run(ask(path))
            assert answer.status_code == 503 and answer.json()["error"]["status"] == "UNAVAILABLE"


def _subject(url: str) -> Subject:
    return parse_url(url).subject
