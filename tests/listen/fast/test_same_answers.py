"""What a look-up worker answers is, byte for byte, what the core answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.worlds import TestClock, world

from mailrisk.listen.fast.app import WorkerApp
from mailrisk.listen.fast.routes import SLICE, FastRoutes, Found, results
from mailrisk.model.verdict import Category
from mailrisk.service.check_ip import Order, check_ips
from mailrisk.service.check_url import Analyse, check_urls
from mailrisk.service.context import Context
from mailrisk.service.keys import Role, issue, revoke
from mailrisk.service.withdraw import list_by_hand, withdraw

PHISHING = Category.CREDENTIAL_PHISHING
LISTED = (
    "http://evil.example/login?id=1", "https://evil.example/page", "path:evil.example/folder/deep/",
    "host:bad.example", "domain:worse.example", "http://203.0.113.9/x", "ftp://files.example/setup.exe",
)  # fmt: skip
PIECES = st.sampled_from(
    [
        "http://", "https://", "ftp://", "hxxp://", "//", "evil.example", "bad.example", "a.b.worse.example", "worse.example",
        "203.0.113.9", "0xcb007109", "[::ffff:203.0.113.9]", "files.example", "good.example", "co.uk", "bücher.example",
        "/login", "/verify/account", "paypal-login.example", "secure-wallet7.top", "metamask.pages.dev", "/invoice.pdf.exe", "/page", "/folder/deep/", "x", "/", "//", "/../", "?id=1", "?q=ü", "#f", "%2e", "%zz", "\t", " ", "@", ":8080",
        "https://urldefense.com/v3/__https://evil.example/page__;!!x$", "?url=https://evil.example/page",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fbad.example%2F", "\u0000", "😀", "\"", "\\", "<", "withdrawn.example",
    ]
)  # fmt: skip
URLS = st.lists(st.lists(PIECES, max_size=6).map("".join), min_size=1, max_size=20)


class Listed(NamedTuple):
    """A world, its clock and a key for it."""

    context: Context
    clock: TestClock
    key: str

    def __repr__(self) -> str:
        return "Listed"  # Hypothesis prints it beside every failing example.


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listed]:
    """A world in which something of every scope is listed and something is withdrawn, and a key."""
    clock = TestClock()
    with world(tmp_path_factory.mktemp("world"), clock) as context:
        for indicator in (
            *LISTED,
            "host:withdrawn.example",
            "198.51.100.0/24",
            "198.51.100.7",
            "2001:db8::/32",
            "203.0.113.0/28",
            "203.0.113.9",
        ):
            list_by_hand(context, indicator, comment='a "test" of ours, 测试', analyst="t", category=PHISHING)
        clock.forward(seconds=1)
        withdraw(context, "host:withdrawn.example", comment="a mistake", analyst="t")
        withdraw(context, "198.51.100.7", comment="ours", analyst="t")
        yield Listed(context, clock, issue(context, Role.READER).key)


def fast(context: Context, key: str, path: bytes, body: object) -> bytes | None:
    routes = FastRoutes(context)
    found = routes.found(routes.table[b"POST", path], key.encode(), b"", msgspec.json.encode(body))
    return None if found is None else whole(found)


def whole(found: Found) -> bytes:
    return results(found if isinstance(found, list) else [one for part in found for one in part])


@settings(max_examples=150)
@given(urls=URLS, analyse=st.sampled_from(list(SLICE)), age_s=st.sampled_from([0, 5, 59, 61, 4000]))
def test_url_answers_are_the_same_bytes(
    listed: Listed, urls: list[str], analyse: Analyse, age_s: int
) -> None:
    context, clock, key = listed
    context.catch_up()
    clock.forward(seconds=age_s)
    try:
        expected = msgspec.json.encode({"results": check_urls(context, urls, analyse)})
        body = {"urls": urls, "analyse": analyse}
        assert fast(context, key, b"/api/v1/urls:check", body) == expected
    finally:
        clock.forward(seconds=-age_s)


@settings(max_examples=40)
@given(
    ips=st.lists(
        st.ip_addresses().map(str)
        | st.sampled_from(["198.51.100.1", "198.51.100.7", "::ffff:198.51.100.1", "10.0.0.1", " 198.51.100.1", "", "x", "1.2.3", "2001:db8:1::1", "203.0.113.9", "203.0.113.10"]),
        min_size=1, max_size=120,
    ),
    order=st.sampled_from(Order),
    age_s=st.sampled_from([0, 5, 59, 61, 4000, 100_000]),
)  # fmt: skip
def test_address_answers_are_the_same_bytes(listed: Listed, ips: list[str], order: Order, age_s: int) -> None:
    context, clock, key = listed
    context.catch_up()
    clock.forward(seconds=age_s)
    try:
        expected = msgspec.json.encode({"results": check_ips(context, ips, order=order)})
        assert fast(context, key, b"/api/v1/ips:check", {"ips": ips, "order": order}) == expected
    finally:
        clock.forward(seconds=-age_s)


def test_ranked_answers_begin_with_the_most_dangerous(listed: Listed) -> None:
    context, _, key = listed
    asked = ["x", "192.0.2.1", "198.51.100.7", "198.51.100.1"]
    raw = fast(context, key, b"/api/v1/ips:check", {"ips": asked, "order": "risk"})
    assert raw is not None
    answers = msgspec.json.decode(raw)["results"]
    assert [one["input"] for one in answers] == ["198.51.100.1", "198.51.100.7", "192.0.2.1", "x"]


def test_one_renderer_answers_many_requests_in_any_order_as_the_core_does(
    listed: Listed,
) -> None:
    context, clock, key = listed
    routes = FastRoutes(context)
    route = routes.table[b"POST", b"/api/v1/urls:check"]
    urls = [
        "http://evil.example/page?x",
        "http://nothing.example/",
        "http://www.worse.example/",
        "http://bad.example/a",
    ]
    for step_s in (0, 1, 70, -70, 3, -4):
        clock.forward(seconds=step_s)
        for analyse in SLICE:
            body = msgspec.json.encode({"urls": urls, "analyse": analyse})
            found = routes.found(route, b"", b"Bearer " + key.encode(), body)
            assert found is not None
            assert whole(found) == msgspec.json.encode({"results": check_urls(context, urls, analyse)})


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b'{"urls":[]}', b'{"urls":["x"],"analize":"none"}', b'{"urls":["\xff"]}', b'{"urls":"x"}',
        b'{"urls":["http://a.example/"],"analyse":"scan"}', msgspec.json.encode({"urls": ["x"] * 1001}),
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_the_core(listed: Listed, body: bytes) -> None:
    context, _, key = listed
    routes = FastRoutes(context)
    route = routes.table[b"POST", b"/api/v1/urls:check"]
    assert routes.found(route, key.encode(), b"", body) is None


def test_a_key_that_is_missing_wrong_revoked_or_expired_is_left_to_the_core(
    listed: Listed,
) -> None:
    context, clock, key = listed
    routes = FastRoutes(context)
    route = routes.table[b"POST", b"/api/v1/urls:check"]
    body = b'{"urls":["http://a.example/"],"analyse":"none"}'
    revoked, expiring = issue(context, Role.READER), issue(context, Role.READER, expires_at=clock())
    assert routes.found(route, revoked.key.encode(), b"", body) is not None
    revoke(context, revoked.public_id)
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    for shown, authorization in (
        (b"", b""),
        (wrong.encode(), b""),
        (revoked.key.encode(), b""),
        (expiring.key.encode(), b""),
        (b"", b"Basic ???"),
    ):
        assert routes.found(route, shown, authorization, body) is None, (shown, authorization)
        assert not routes.admits(shown, authorization)
    assert routes.admits(key.encode(), b"")


def test_of_a_stranger_a_worker_reads_no_body_itself(listed: Listed) -> None:
    read: list[str] = []

    async def core(*_: object) -> None:
        read.append("core")

    async def receive() -> dict[str, object]:
        read.append("worker")
        return {"type": "http.request", "body": b"{"}

    async def send(_: object) -> None: ...

    app = WorkerApp(FastRoutes(listed.context), core)  # type: ignore[arg-type]
    scope = {"type": "http", "method": "POST", "raw_path": b"/api/v1/ips:check", "headers": []}
    asyncio.run(app(scope, receive, send))
    assert read == ["core"]


def test_a_listing_seen_by_a_worker_changes_with_the_index(tmp_path: Path) -> None:
    clock = TestClock()
    with world(tmp_path, clock) as context:
        key = issue(context, Role.READER).key
        routes = FastRoutes(context)
        route = routes.table[b"POST", b"/api/v1/urls:check"]
        body = b'{"urls":["http://soon.example/x"],"analyse":"none"}'

        def level() -> str:
            found = routes.found(route, key.encode(), b"", body)
            assert found is not None
            return str(msgspec.json.decode(whole(found))["results"][0]["level"])

        assert level() == "unknown"
        list_by_hand(context, "http://soon.example/x", comment="t", analyst="t", category=PHISHING)
        assert level() == "malicious"
        clock.forward(seconds=1)
        withdraw(context, "http://soon.example/x", comment="t", analyst="t")
        assert level() == "clean", "an analyst said so"


def test_requests_of_one_turn_see_one_state_and_the_next_turn_sees_the_next(tmp_path: Path) -> None:
    with world(tmp_path, TestClock()) as context:
        grant = issue(context, Role.READER)
        ends: list[Callable[[], None]] = []
        routes = FastRoutes(context, ends.append)
        route = routes.table[b"POST", b"/api/v1/urls:check"]

        def level() -> str | None:
            found = routes.found(
                route, grant.key.encode(), b"", b'{"urls":["http://soon.example/x"],"analyse":"none"}'
            )
            return None if found is None else str(msgspec.json.decode(whole(found))["results"][0]["level"])

        assert level() == "unknown"
        list_by_hand(context, "http://soon.example/x", comment="t", analyst="t", category=PHISHING)
        assert level() == "unknown" and len(ends) == 1, "the same turn"
        ends.pop()()
        assert level() == "malicious"
        revoke(context, grant.public_id)
        ends.pop()()
        assert level() is None, "the key was revoked, so the core answers"
        ends.pop()()
