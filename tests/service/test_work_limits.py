"""What one message or request may cost, and that a slow message holds up other messages only."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from tests.worlds import world

from mailrisk.collect.message.parse import parse_message
from mailrisk.model.message import Envelope, Message
from mailrisk.model.verdict import Category, Level
from mailrisk.service import assess as assessing
from mailrisk.service.analysis_threads import THREADS
from mailrisk.service.answers import MessageAnswer, UrlAnswer
from mailrisk.service.check_message import check_message
from mailrisk.service.check_url import MAX_BATCH_CHARS, check_urls
from mailrisk.service.context import Context
from mailrisk.service.link_budget import MOST_ANALYSED, LinkBudget
from mailrisk.service.withdraw import list_by_hand

HEAD = "From: a@b.example\nContent-Type: text/html\n\n"


def checked(context: Context, body: str) -> MessageAnswer:
    return asyncio.run(check_message(context, (HEAD + body).encode(), Envelope(), network=False))


def anchors(count: int, tail: str = "") -> str:
    return "".join(f"<a href=https://h{number}.example/{tail}>x</a>" for number in range(count))


def test_links_beyond_the_limit_are_looked_up_and_not_analysed(tmp_path: Path) -> None:
    with world(tmp_path) as context:
        last = f"https://h{MOST_ANALYSED + 99}.example/login/verify.php"
        list_by_hand(context, last, comment="x", category=Category.CREDENTIAL_PHISHING, analyst="a")
        found = checked(context, anchors(MOST_ANALYSED + 100, "login/verify.php"))
    assert "links: 99 were looked up, but their text was not analysed" in found.cut
    assert found.urls[-1].level is Level.MALICIOUS
    assert found.urls[0].reasons and not found.urls[-2].reasons


def test_pictures_take_nothing_from_the_links_that_a_reader_may_follow(tmp_path: Path) -> None:
    pictures = "".join(
        f"<img src=https://p{number}.example/{'x' * 3_000}>" for number in range(MOST_ANALYSED)
    )
    with world(tmp_path) as context:
        found = checked(context, pictures + "<a href=https://user:pw@lure.example/>x</a>")
    lure = next(url for url in found.urls if url.how == "a")
    assert lure.reasons and {url.how for url in found.urls} == {"a", "img"}
    assert any("were not looked up" in told for told in found.cut)


def test_the_budget_counts_links_and_characters() -> None:
    budget = LinkBudget(links=2, chars=10, looked_up_chars=12)
    assert [budget.look_up(link) for link in ("x" * 8, "x" * 5, "x" * 4)] == [True, False, True]
    assert [budget.analyse(link) for link in ("x" * 8, "x" * 5, "xx", "")] == [True, False, True, False]
    assert budget.cuts == (
        "links: 1 were not looked up",
        "links: 2 were looked up, but their text was not analysed",
    )


def test_a_batch_beyond_its_characters_says_what_was_not_analysed(tmp_path: Path) -> None:
    long = "https://user:pw@lure.example/" + "x" * 16_000
    with world(tmp_path) as context:
        answers = check_urls(context, [long] * (MAX_BATCH_CHARS // len(long) + 1))
    assert all(isinstance(answer, UrlAnswer) for answer in answers)
    missing = [answer.missing_stages for answer in answers if isinstance(answer, UrlAnswer)]
    assert missing[0] == () and missing[-1] == ("url",)


def test_slow_messages_hold_up_neither_stores_nor_loops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    running = threading.Semaphore(0)

    def slow(raw: bytes) -> Message:
        running.release()
        go_on.wait(60)
        return parse_message(raw)

    monkeypatch.setattr(assessing, "parse_message", slow)

    async def scene(context: Context) -> list[MessageAnswer]:
        raw = (HEAD + "x").encode()
        checks = [
            asyncio.ensure_future(check_message(context, raw, Envelope(), network=False)) for _ in range(40)
        ]
        try:
            for _ in range(THREADS):
                assert await asyncio.to_thread(running.acquire, timeout=30)
            assert await asyncio.wait_for(asyncio.to_thread(context.catch_up), 30) == 0
            assert not running.acquire(blocking=False), "no more run at a time than there are threads"
        finally:
            go_on.set()
        return await asyncio.gather(*checks)

    with world(tmp_path) as context:
        assert len(asyncio.run(scene(context))) == 40
        context.analysis.close()
