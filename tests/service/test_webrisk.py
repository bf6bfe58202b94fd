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
from mailrisk.model.verdict import Level
from mailrisk.publish.webrisk.threats import Threat
from mailrisk.service.answers import UrlAnswer
from mailrisk.service.check_url import check_urls
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


def ask(context: Context, lists: HashLists, path: str, key: str) -> httpx.Response:
    """One request to the application, without a server."""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(GoogleApp(context, lists))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path, headers={"x-goog-api-key": key})

    return asyncio.run(asked())


def test_when_the_index_is_too_old_every_route_says_unavailable(tmp_path: Path) -> None:
    clock = TestClock()
    with world(tmp_path, clock) as context:
        lists = HashLists(context)
        key = issue(context, Role.READER).key
        clock.forward(hours=1)
        with pytest.raises(Unavailable):
            lists.diff(Threat.MALWARE, b"")
        for path in (
            f"/v1/uris:search?uri={PAGE}&threatTypes=1",
            "/v1/hashes:search?hashPrefix=AAAAAA==&threatTypes=1",
            "/v1/threatLists:computeDiff?threatType=1",
            "/v5/hashes:search?hashPrefixes=AAAAAA==",
            "/v5/hashList/se-4b",
        ):
            answer = ask(context, lists, path, key)
            assert answer.status_code == 503 and answer.json()["error"]["status"] == "UNAVAILABLE"


def test_an_expired_key_is_refused_in_googles_words(tmp_path: Path) -> None:
    clock = TestClock()
    with world(tmp_path, clock) as context:
        key = issue(context, Role.READER, expires_at=clock() + timedelta(seconds=5)).key
        lists = HashLists(context)
        for path in (f"/v1/uris:search?uri={PAGE}&threatTypes=1", "/v5/hashLists"):
            assert ask(context, lists, path, key).status_code == 200
        clock.forward(seconds=6)
        for path in (f"/v1/uris:search?uri={PAGE}&threatTypes=1", "/v5/hashLists"):
            answer = ask(context, lists, path, key)
            assert answer.status_code == 400 and "API key expired" in answer.json()["error"]["message"]


def test_the_look_up_by_url_says_what_the_native_check_says(tmp_path: Path) -> None:
    clock = TestClock()
    with world(tmp_path, clock) as context:
        put(context, PAGE)
        put(context, "host:www.other.example")
        clock.forward(seconds=1)
        withdraw(context, "http://www.other.example/fine", comment="clean", analyst="t")
        wrapped = (
            "https://eur01.safelinks.protection.outlook.com/?url=http%3A%2F%2Fevil.example%2Fa%2Flogin&data=x"
        )
        for url in (
            PAGE, PAGE + "?x=1", PAGE + "/more", "http://EVIL.example:8080/a/./login#x", wrapped,
            "http://www.other.example/any", "http://www.other.example/fine", "http://other.example/",
        ):  # fmt: skip
            [native] = check_urls(context, [url])
            assert isinstance(native, UrlAnswer)
            assert (native.level is Level.MALICIOUS) == (search_uri(context, url, BOTH) is not None), url


def _subject(url: str) -> Subject:
    return parse_url(url).subject
