"""What answers at the root: a page for people, JSON for programs, and never "fresh" when the lists are old."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from tests.interop.chromium import chromium
from tests.listen.conftest import Service
from tests.worlds import TestClock, world

from mailrisk import __version__
from mailrisk.listen.http.start import ROUTES
from mailrisk.service.context import Context

HTML = {"Accept": "text/html,*/*;q=0.8"}


def test_a_program_reads_where_to_go_on_and_all_of_it_is_there(service: Service) -> None:
    answer = service.client.get("/", headers={"Accept": "*/*", "X-API-Key": ""})
    said = answer.json()
    assert (said["name"], said["version"], said["status"]) == ("mailrisk", __version__, "ready")
    for link in said["links"].values():
        assert service.client.get(link, headers={"X-API-Key": ""}).status_code == 200, link
    assert "Accept" in answer.headers["Vary"]


def test_the_command_on_the_page_works_as_it_stands(service: Service) -> None:
    page = service.client.get("/", headers=HTML).text
    shown = re.search(r"<pre>(.*?)</pre>", page, re.DOTALL)
    assert shown, page
    command = shown[1].replace('"X-API-Key: $KEY"', f"'X-API-Key: {service.key}'").replace("\\\n", " ")
    done = subprocess.run([*shlex.split(command), "-s"], capture_output=True, text=True, check=True)
    assert '"input":"https://example.org/"' in done.stdout, done.stdout


def test_a_made_up_host_is_text_and_no_markup(service: Service) -> None:
    page = service.client.get("/", headers={**HTML, "Host": 'a"><script>alert(1)</script>'})
    assert "<script" not in page.text


@pytest.mark.parametrize(("lang", "words"), [("en", "its lists are fresh"), ("zh-CN", "名单为最新")])
def test_whoever_opens_it_in_chromium_reads_it_and_its_links_open(
    service: Service, lang: str, words: str
) -> None:
    with chromium({}, lang) as browser:
        browser.open(service.url + "/")
        assert words in browser.text and f"{service.url}/api/v1/urls:check" in browser.text
        for link in ("/readyz", "/api/v1/openapi.json"):
            browser.open(service.url + "/")
            browser.click(f"a[href='{link}']")
            assert browser.url == service.url + link and browser.text.strip()


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    with world(tmp_path, TestClock()) as opened:
        yield opened


@pytest.fixture
def alone(context: Context) -> Iterator[TestClient[Litestar]]:
    app = Litestar(route_handlers=ROUTES)
    app.state.context = context
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize(
    ("language", "fresh", "old"),
    [("en", "its lists are fresh", "its lists are too old"), ("zh-CN,zh;q=0.9", "名单为最新", "名单已过旧")],
)
def test_old_lists_are_said_to_be_old(
    alone: TestClient[Litestar], context: Context, language: str, fresh: str, old: str
) -> None:
    wanted = {**HTML, "Accept-Language": language}
    assert fresh in alone.get("/", headers=wanted).text
    assert isinstance(context.clock, TestClock)
    context.clock.forward(hours=1)
    page = alone.get("/", headers=wanted).text
    assert old in page and fresh not in page
    assert alone.get("/").json()["status"] == "stale"
