"""Feeds fetched from a real server on loopback: conditional, with back-off, refused when unfit, and reported."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.edge.loopback import answer, serving
from tests.worlds import TestClock, world

from mailrisk.edge.shipped import load_feeds
from mailrisk.model.errors import ConfigError, NotFound, Unavailable
from mailrisk.model.feed import FeedSource
from mailrisk.model.subject import Kind, Subject
from mailrisk.service.context import Context
from mailrisk.service.feed_plan import make_plan
from mailrisk.service.fetch_feeds import FetchReport, due, fetch_feed, find_sources, retry_after_s
from mailrisk.service.status import FeedStatus, feed_status, status

URLS = [f"https://phish{number}.example/login" for number in range(40)]


class Publisher:
    """A web server with one feed that knows its version."""

    def __init__(self, lines: list[str]) -> None:
        self.body = "\n".join(lines).encode()
        self.etag = '"1"'
        self.status = "200 OK"
        self.asked: list[dict[str, str]] = []
        self.paths: list[str] = []

    async def __call__(self, path: str, headers: dict[str, str], writer: Any) -> None:
        self.asked.append(headers)
        self.paths.append(path)
        if headers.get("if-none-match") == self.etag:
            writer.write(answer(b"", status="304 Not Modified"))
        else:
            writer.write(answer(self.body, f"ETag: {self.etag}", status=self.status))

    def publish(self, lines: list[str] | bytes) -> None:
        self.body = lines if isinstance(lines, bytes) else "\n".join(lines).encode()
        self.etag = f'"{hash(self.body)}"'


@pytest.fixture
def online(tmp_path: Path, clock: TestClock) -> Iterator[Context]:
    """A world that may use the network."""
    with world(tmp_path, clock) as opened:
        yield replace(opened, network=True)


def source(url: str = "", **more: Any) -> FeedSource:
    fields = {
        "name": "test-feed",
        "title": "Test",
        "format": "openphish-text",
        "licence": "CC0-1.0",
        "url": url,
    }
    return msgspec.convert({**fields, **more}, FeedSource)


def fetch(context: Context, publisher: Any, **more: Any) -> FetchReport:
    async def run() -> FetchReport:
        async with serving(publisher) as base:
            feed = source(f"{base}/{more.pop('path', 'feed.txt')}", **more)
            plan = make_plan({}, [feed], private=["test-feed"], keys={"test-feed": "k3y"})
            return await fetch_feed(replace(context, feeds=plan), feed)

    return asyncio.run(run())


def only(context: Context) -> FeedStatus:
    [row] = feed_status(context)
    return row


def test_a_feed_is_imported_once_and_then_asked_for_changes_alone(online: Context, clock: TestClock) -> None:
    publisher = Publisher(URLS)
    first = fetch(online, publisher)
    assert first.outcome == "imported" and first.imported is not None and first.imported.new == 40
    clock.forward(hours=2)
    assert fetch(online, publisher).outcome == "unchanged"
    assert publisher.asked[1]["if-none-match"] == '"1"'
    row = only(online)
    assert (row.entries, row.age_s, row.failures, row.last_error) == (40, 0, 0, "")
    publisher.publish(URLS[1:])
    third = fetch(online, publisher)
    assert third.imported is not None and (third.imported.left, third.imported.new) == (1, 0)


def test_a_feed_is_due_after_its_time_with_jitter_and_not_before(online: Context, clock: TestClock) -> None:
    report = fetch(online, Publisher(URLS), refresh_s=3600)
    assert timedelta(seconds=3600) <= report.due_at - clock.now <= timedelta(seconds=3960)
    context = replace(online, feeds=make_plan({}, [source("http://x.example/", refresh_s=3600)]))
    assert due(context) == []
    clock.forward(seconds=3961)
    assert [feed.name for feed in due(context)] == ["test-feed"]
    assert due(replace(context, network=False)) == []
    assert due(replace(context, feeds=make_plan({}, [source("http://x.example/")], scheduled=False))) == []


def test_failures_are_reported_and_each_next_try_comes_later(online: Context, clock: TestClock) -> None:
    publisher = Publisher(URLS)
    publisher.status = "503 Service Unavailable"
    waits = []
    for _ in range(3):
        report = fetch(online, publisher, refresh_s=7200)
        assert report.outcome == "failed" and "HTTP 503" in report.error
        waits.append((report.due_at - clock.now).total_seconds())
        clock.now = report.due_at
    assert waits[0] < waits[1] < waits[2] <= 7200 * 1.1
    row = only(online)
    assert row.failures == 3 and "503" in row.last_error and row.entries == 0
    publisher.status = "200 OK"
    fetch(online, publisher)
    assert only(online).failures == 0


def test_a_publisher_who_wants_few_requests_is_not_asked_often_after_a_failure() -> None:
    assert retry_after_s(0, 86_400) >= 10_800
    assert retry_after_s(0, 900) >= 300
    assert 3600 <= retry_after_s(50, 900) <= 3960


@pytest.mark.parametrize("delivery", [b"<!DOCTYPE html><html>Log in</html>", URLS[:3], b""])
def test_a_feed_that_turned_into_a_page_or_shrank_is_refused_and_what_was_there_stays(
    online: Context, delivery: bytes | list[str]
) -> None:
    publisher = Publisher(URLS)
    fetch(online, publisher)
    publisher.publish(delivery)
    report = fetch(online, publisher)
    assert report.outcome == "refused" and report.error
    row = only(online)
    assert row.entries == 40 and row.failures == 1 and row.last_error
    assert online.ledger.listing(Subject(Kind.URL, "phish7.example/login")) is not None
    assert "if-none-match" in publisher.asked[1]
    fetch(online, publisher)
    assert publisher.asked[2]["if-none-match"] == '"1"', "the version that was refused is not the known one"


def test_a_private_address_is_not_opened_unless_the_feed_is_named(online: Context) -> None:
    async def run() -> FetchReport:
        async with serving(Publisher(URLS)) as base:
            feed = source(f"{base}/feed.txt")
            return await fetch_feed(replace(online, feeds=make_plan({}, [feed])), feed)

    report = asyncio.run(run())
    assert report.outcome == "refused" and "no public address" in report.error


def test_the_key_goes_into_the_header_that_the_feed_names(online: Context) -> None:
    publisher = Publisher(URLS)
    fetch(online, publisher, key="required", key_header="Auth-Key")
    assert publisher.asked[0]["auth-key"] == "k3y"


def test_a_misp_feed_brings_what_is_new_and_nothing_leaves_it_but_it_fades(
    online: Context, clock: TestClock
) -> None:
    uuid = "5f4a1d2c-0000-4000-8000-0000000000{:02d}"
    events = {}
    for number in (1, 2):
        attribute = {
            "type": "url",
            "value": f"http://misp{number}.example/x",
            "to_ids": True,
            "category": "Network activity",
        }
        event = {"uuid": uuid.format(number), "date": "2026-03-09", "info": "x", "Attribute": [attribute]}
        events[f"/{uuid.format(number)}.json"] = msgspec.json.encode({"Event": event})
    known = [1]

    async def misp(path: str, headers: dict[str, str], writer: Any) -> None:
        manifest = {uuid.format(number): {"timestamp": "1770000000"} for number in known}
        writer.write(answer(events.get(path) or msgspec.json.encode(manifest)))

    more = {"format": "misp", "path": "manifest.json", "tau_days": 10}
    assert fetch(online, misp, **more).outcome == "imported"
    known[:] = [2]
    fetch(online, misp, **more)
    assert only(online).entries == 2
    first = Subject(Kind.URL, "misp1.example/x")
    before = online.ledger.listing(first)
    assert before is not None and before.listing is not None
    left = (before.listing.valid_until - clock.now).total_seconds() / 86_400
    assert left < 10, "it fades although nobody says that it left"


def test_without_network_nothing_is_fetched_and_status_says_so(context: Context) -> None:
    plan = make_plan(load_feeds(), [])
    offline = replace(context, feeds=plan)
    with pytest.raises(Unavailable, match="switched off"):
        asyncio.run(fetch_feed(offline, plan.sources["certpl"]))
    found = status(offline)
    assert not found.network and not found.fetching
    assert {row.name for row in found.feeds} == set(plan.enabled) and all(
        row.age_s is None for row in found.feeds
    )


def test_an_interrupted_import_is_finished_by_the_next_delivery(
    online: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailrisk.service.import_feed.STEP", 10)
    monkeypatch.setattr("mailrisk.service.import_feed.BREATH_S", 0.0)
    steps = iter(range(2))
    real = Context.catch_up

    def dies(self: Context, *made: Any) -> int:
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return real(self, *made)

    monkeypatch.setattr(Context, "catch_up", dies)
    with pytest.raises(KeyboardInterrupt):
        fetch(online, Publisher(URLS))
    monkeypatch.setattr(Context, "catch_up", real)
    assert "cut off" in only(online).last_error
    report = fetch(online, Publisher(URLS))
    assert report.imported is not None and report.imported.entries == 40 and report.imported.new == 10
    assert only(online).last_error == ""
    listed = [row for row in online.ledger.listings() if row.listing is not None]
    assert len(listed) == 40 and online.index.count() == 40


def test_an_entry_for_all_hosts_below_is_a_domain_where_the_scope_rules_allow_it(online: Context) -> None:
    rules = ["||evil-shop.example^", "||docs.google.com^", "||login.other.example^"]
    fetch(online, Publisher(rules), format="adblock")
    listed = {(row.subject.kind, row.subject.value) for row in online.ledger.listings()}
    assert listed == {("domain", "evil-shop.example"), ("host", "login.other.example")}


def test_feeds_are_enabled_by_default_by_name_and_by_configuration() -> None:
    shipped = load_feeds()
    assert make_plan(shipped, []).enabled == {name for name, feed in shipped.items() if feed.default}
    plan = make_plan(
        shipped, [source("http://x.example/")], enable=["openphish"], disable=["certpl"],
        environment={"MAILRISK_FEED_KEY_PHISHTANK": "abc"},
    )  # fmt: skip
    assert {"openphish", "test-feed"} <= plan.enabled and "certpl" not in plan.enabled
    assert plan.keys == {"phishtank": "abc"} and "phishtank" not in plan.enabled
    with pytest.raises(ConfigError, match="needs a key"):
        make_plan(shipped, [], enable=["urlhaus"])
    for setting in ("enable", "disable", "private"):
        with pytest.raises(ConfigError, match="no feed is named"):
            make_plan(shipped, [], **{setting: ["nonsense"]})  # type: ignore[arg-type]


def test_an_unknown_name_is_not_found(online: Context) -> None:
    context = replace(online, feeds=make_plan(load_feeds(), []))
    assert {feed.name for feed in find_sources(context, [])} == set(context.feeds.enabled)
    with pytest.raises(NotFound):
        find_sources(context, ["nonsense"])
