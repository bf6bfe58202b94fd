"""Asking registries: servers on loopback that are slow, huge, wrong, or send us elsewhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.edge.loopback import PRIVATE, Handler, replying, serving
from tests.edge.loopback import answer as http

from mailrisk.edge.fetch import Egress
from mailrisk.edge.rdap import Rdap, load_bootstrap
from mailrisk.model.domain import Registration
from mailrisk.model.facts import Fact, FactKey

KEY = FactKey("rdap", "evil.example")
BEGAN = datetime(2026, 3, 1, 10, tzinfo=UTC)
JSON = "Content-Type: application/rdap+json"


def domain(name: str = "evil.example", **more: Any) -> bytes:
    events = [{"eventAction": "registration", "eventDate": BEGAN.isoformat()}]
    return json.dumps({"objectClassName": "domain", "ldhName": name, "events": events, **more}).encode()


def counting(reply: bytes, asked: list[str]) -> Handler:
    async def handler(path: str, headers: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
        asked.append(path)
        writer.write(reply)

    return handler


def run(
    handler: Handler,
    work: Callable[[Rdap], Coroutine[Any, Any, Fact]],
    egress: Egress = PRIVATE,
    **options: Any,
) -> Fact:
    """Runs ``work`` on a client whose ``.example`` registry is the server that ``handler`` makes."""

    async def whole() -> Fact:
        async with serving(handler) as base:
            return await work(Rdap({"example": f"{base}/rdap/"}, egress=egress, **options))

    return asyncio.run(whole())


def ask(handler: Handler, key: FactKey = KEY, **options: Any) -> Fact:
    return run(handler, lambda rdap: rdap.lookup(key), **options)


def test_the_registry_is_asked_for_the_domain_and_its_dates_come_back() -> None:
    asked: list[str] = []
    found = ask(counting(http(domain(), JSON), asked))
    assert found == Fact("found", Registration(registered_at=BEGAN))
    assert asked == ["/rdap/domain/evil.example"]


def test_an_answer_is_kept_and_one_question_asked_once_at_a_time() -> None:
    asked: list[str] = []

    async def work(rdap: Rdap) -> Fact:
        await asyncio.gather(*(rdap.lookup(KEY) for _ in range(5)))
        return await rdap.lookup(KEY)

    assert run(counting(http(domain()), asked), work).status == "found"
    assert len(asked) == 1


def test_a_kept_answer_runs_out_and_the_cache_is_bounded() -> None:
    asked: list[str] = []
    now = 0.0

    async def work(rdap: Rdap) -> Fact:
        nonlocal now
        for name in ("a", "b", "c", "c", "a"):  # a was pushed out by c
            await rdap.lookup(FactKey("rdap", f"{name}.example"))
        now = 1e6
        return await rdap.lookup(FactKey("rdap", "a.example"))

    run(counting(http(b"", status="404 Not Found"), asked), work, cache_size=2, now=lambda: now)
    assert [path[-9] for path in asked] == ["a", "b", "c", "a", "a"]


@pytest.mark.parametrize(
    "key", [FactKey("rdap", "evil.test"), FactKey("rdap", "example.com"), FactKey("rdap", "")]
)
def test_a_top_level_domain_without_a_server_is_absent_and_nobody_is_asked(key: FactKey) -> None:
    asked: list[str] = []
    assert ask(counting(http(domain()), asked), key) == Fact("absent", "no-server") and asked == []


def test_a_domain_that_the_registry_does_not_know_is_absent() -> None:
    assert ask(replying(http(b"{}", status="404 Not Found"))) == Fact("absent", "not-found")


@pytest.mark.parametrize(
    "reply",
    [
        http(b"", status="500 Oops"),
        http(b"", status="429 Slow Down"),
        http(b"", status="400 Bad Request"),
        http(b"<html>", "Content-Type: text/html"),
        http(domain("other.example")),
        http(domain()[:-5]),
        http(b"[" * 200_000),
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b" " * 5_000_000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 5_000_000,
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"",
    ],
    ids=[
        "500", "429", "400", "html", "another-domain", "cut-off", "deep", "5-MB-announced", "5-MB", "no-http",
        "hangs-up",
    ],
)  # fmt: skip
def test_a_bad_answer_is_a_temporary_error(reply: bytes) -> None:
    assert ask(replying(reply)).status == "temperror"


def test_a_silent_registry_costs_the_time_limit_and_no_more() -> None:
    async def silent(path: str, headers: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    assert ask(silent, timeout_s=0.2).status == "temperror"


def test_a_registry_that_fails_again_and_again_is_left_alone_for_a_while() -> None:
    asked: list[str] = []
    now = 0.0

    async def work(rdap: Rdap) -> Fact:
        nonlocal now
        for number in range(6):
            await rdap.lookup(FactKey("rdap", f"d{number}.example"))
        assert len(asked) == 3
        now = 61.0
        return await rdap.lookup(KEY)

    assert run(counting(http(b"", status="503 Busy"), asked), work, now=lambda: now).status == "temperror"
    assert len(asked) == 4


def test_questions_that_a_registry_refuses_do_not_silence_it_for_others() -> None:
    asked: list[str] = []

    async def work(rdap: Rdap) -> Fact:
        for number in range(5):
            await rdap.lookup(FactKey("rdap", f"xn--{number}.example"))
        return await rdap.lookup(KEY)

    run(counting(http(b"", status="400 Bad Request"), asked), work)
    assert len(asked) == 6


def test_a_private_registry_is_refused_unless_a_test_exempts_it() -> None:
    found = ask(replying(http(domain())), egress=Egress())
    assert found.status == "temperror" and "no public address" in found.value


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:1/x", "http://[::1]:1/x", "http://169.254.169.254/", "file:///etc/passwd"]
)
def test_a_redirect_to_a_private_address_is_refused(location: str) -> None:
    found = ask(replying(http(b"", f"Location: {location}", status="302 Found")))
    assert found.status == "temperror" and "HTTP" not in found.value


def test_redirects_are_followed_twice_and_not_for_ever() -> None:
    asked: list[str] = []

    def hopping(last: int) -> Handler:
        async def handler(path: str, headers: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
            asked.append(path)
            hop = f"/{len(asked)}"
            done = len(asked) > last
            writer.write(http(domain()) if done else http(b"", f"Location: {hop}", status="302 Found"))

        return handler

    assert ask(hopping(2)).status == "found"
    asked.clear()
    assert ask(hopping(99)).status == "temperror" and len(asked) == 3


def test_other_topics_are_not_its_own() -> None:
    assert ask(replying(b""), FactKey("dns", "evil.example", "NS")).status == "not-checked"


def test_the_shipped_bootstrap_knows_the_registries_of_most_names() -> None:
    publication, servers = load_bootstrap()
    assert publication >= "2026" and len(servers) > 1_000
    assert all(url.startswith("https://") and url.endswith("/") for url in servers.values())
    assert {"com", "net", "org", "info", "top", "xyz", "shop", "uk", "fr", "app", "xn--p1acf"} <= set(servers)
    assert "cn" not in servers and "de" not in servers


def test_a_client_serves_one_event_loop_after_another() -> None:
    async def once(rdap: Rdap, key: FactKey) -> Fact:
        return await rdap.lookup(key)

    rdap = Rdap({"example": "http://127.0.0.1:1/"}, egress=PRIVATE, timeout_s=1)
    for name in ("a", "b", "a"):
        assert asyncio.run(once(rdap, FactKey("rdap", f"{name}.example"))).status == "temperror"
