"""Two real servers exchange their change feeds, and never keep a listing alive by quoting one another.

Followers too: a request for changes that waits is answered as soon as there is one.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.listen.conftest import start, stop

from mailrisk.config import load_config
from mailrisk.service.context import Context
from mailrisk.service.fetch_feeds import FetchReport, fetch_feed
from mailrisk.service.keys import Role, issue
from mailrisk.wiring import open_context

URL = "https://login.evil.example/verify"


@dataclass
class Partner:
    """One of two servers."""

    name: str
    url: str
    folder: Path
    client: httpx.Client

    @contextmanager
    def opened(self) -> Iterator[Context]:
        """The stores of the running server, from another process: this one."""
        with open_context(self.folder / "data", load_config(self.folder / "mailrisk.toml")) as context:
            yield context

    def knows(self, other: Partner, key: str) -> None:
        """Configures the other server as a feed of this one."""
        config = self.folder / "mailrisk.toml"
        config.write_text(
            f'[feeds]\nfetch = false\nallow_private = ["{other.name}"]\nkeys = {{ {other.name} = "{key}" }}\n'
            f'[[feed]]\nname = "{other.name}"\ntitle = "{other.name}"\nformat = "mailrisk-changes"\n'
            f'url = "{other.url}/api/v1/changes"\nkey = "required"\nlicence = "agreement"\n'
            "redistribute = true\nweight = 0.9\n"
        )

    def pull(self, other: Partner) -> FetchReport:
        with self.opened() as context:
            return asyncio.run(fetch_feed(context, context.feeds.sources[other.name]))

    def evidence(self, url: str = URL) -> list[tuple[str, str]]:
        """(code, source) of everything known about a URL."""
        lines = self.client.get("/api/v1/explain", params={"indicator": url}).json()["evidence"]
        return [(line["code"], line["source"]) for line in lines]

    def level(self, url: str = URL) -> str:
        answer = self.client.post("/api/v1/urls:check", json={"urls": [url], "analyse": "none"})
        return str(answer.json()["results"][0]["level"])

    def becomes(self, level: str) -> None:
        """Waits until the running server says so: another process wrote its ledger."""
        ends = time.monotonic() + 20
        while self.level() != level and time.monotonic() < ends:
            time.sleep(0.1)
        assert self.level() == level

    def changes(self, **asked: Any) -> list[tuple[str, str]]:
        page = self.client.get("/api/v1/changes", params=asked).json()
        return [(change["kind"], change["indicator"]) for change in page["changes"]]


@pytest.fixture(scope="module")
def partners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Partner, Partner]]:
    folders = [tmp_path_factory.mktemp(name) for name in ("alpha", "beta")]
    with ThreadPoolExecutor() as pool:
        started = list(pool.map(lambda folder: start(folder / "data", "--workers", "0"), folders))
    found = []
    for name, folder, (_, url, _) in zip(("alpha", "beta"), folders, started, strict=True):
        key = (folder / "data" / "admin.key").read_text().strip()
        client = httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=60)
        found.append(Partner(name, url, folder, client))
        (folder / "mailrisk.toml").write_text("")
    alpha, beta = found
    for one, other in ((alpha, beta), (beta, alpha)):
        with other.opened() as context:
            one.knows(other, issue(context, Role.READER, note=f"partner {one.name}").key)
    yield alpha, beta
    for process, _, _ in started:
        stop(process)


def test_a_listing_and_its_withdrawal_reach_the_partner_and_do_not_come_back(
    partners: tuple[Partner, Partner],
) -> None:
    alpha, beta = partners
    alpha.client.post("/api/v1/listings", json={"indicator": URL, "reason": "seen"}).raise_for_status()
    first = beta.pull(alpha)
    assert first.imported is not None and first.imported.entries == 1
    beta.becomes("malicious")
    assert beta.evidence() == [("feed-listed", "feed:alpha")]
    assert beta.pull(alpha).outcome == "unchanged"

    assert ("listed", URL) in beta.changes(), "its own followers are told"
    assert beta.changes(own=True) == [("expired", URL)], "its partners are not"
    assert not alpha.pull(beta).error
    assert [code for code, _ in alpha.evidence()] == ["analyst-malicious"]

    alpha.client.post("/api/v1/withdrawals", json={"indicator": URL, "reason": "cleaned"}).raise_for_status()
    report = beta.pull(alpha)
    assert report.imported is not None and report.imported.left == 1
    assert [code for code, _ in beta.evidence()] == ["feed-listed", "feed-left"]
    assert not alpha.pull(beta).error and alpha.level() == "clean"


def test_what_both_know_is_told_to_the_partner_without_the_partners_own_part(
    partners: tuple[Partner, Partner],
) -> None:
    alpha, beta = partners
    both = "https://both.example/x"
    alpha.client.post("/api/v1/listings", json={"indicator": both, "reason": "seen"}).raise_for_status()
    beta.pull(alpha)
    beta.client.post(
        "/api/v1/listings", json={"indicator": both, "reason": "seen here too"}
    ).raise_for_status()
    assert [kind for kind, indicator in beta.changes(own=True) if indicator == both] == ["expired", "updated"]


def test_a_wrong_key_is_reported_without_it_and_changes_nothing(partners: tuple[Partner, Partner]) -> None:
    alpha, beta = partners
    beta.knows(alpha, "mr_wrong")
    report = beta.pull(alpha)
    assert report.outcome == "failed" and "HTTP 401" in report.error and "mr_wrong" not in report.error


def test_a_request_that_waits_is_answered_when_something_changes(partners: tuple[Partner, Partner]) -> None:
    service = partners[0]
    last = service.client.get("/api/v1/changes").json()["last"]
    began = time.monotonic()
    empty = service.client.get("/api/v1/changes", params={"after": last, "wait_s": 0.3}).json()
    assert empty["changes"] == [] and time.monotonic() - began >= 0.3
    body = {"indicator": "http://long-poll.example/x", "reason": "x"}
    later = threading.Timer(0.5, lambda: service.client.post("/api/v1/listings", json=body))
    later.start()
    page = service.client.get("/api/v1/changes", params={"after": last, "wait_s": 30}).json()
    later.join()
    assert [change["indicator"] for change in page["changes"]] == ["http://long-poll.example/x"]


@pytest.mark.parametrize("wait_s", [-1, 31, "soon"])
def test_a_wait_that_is_no_time_or_too_long_is_an_error(
    partners: tuple[Partner, Partner], wait_s: object
) -> None:
    answer = partners[0].client.get("/api/v1/changes", params={"wait_s": str(wait_s)})
    assert answer.status_code == 400 and answer.headers["content-type"].startswith("application/problem+json")
