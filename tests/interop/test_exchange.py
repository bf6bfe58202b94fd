"""taxii2-client, PyMISP and our own clients of feeds read what we exchange."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymisp import MISPEvent
from tests.interop.conftest import GAMBLING, SE_PAGE, Google
from tests.interop.page import block

from mailrisk.config import load_config
from mailrisk.service.fetch_feeds import fetch_feed
from mailrisk.wiring import open_context

IP, NETWORK, GONE = "203.0.113.130", "198.51.100.128/25", "203.0.113.131"


@pytest.fixture(scope="module")
def listed(google: Google) -> Google:
    for indicator in (IP, NETWORK, GONE):
        google.list(indicator, "brute-force")
    assert GONE in google.native.get("/taxii2/api/collections/addresses/objects/?limit=10000").text
    google.withdraw(GONE)
    return google


def fetched(url: str, key: str) -> list[dict[str, Any]]:
    """What the code on the page finds."""
    place = {"http://127.0.0.1:8025": url, "YOUR-KEY": key, "per_request=100": "per_request=2"}
    names: dict[str, Any] = {}
    exec(block("taxii.md", "python", **place), names)
    return list(names["indicators"])


def test_taxii2_client_reads_every_collection_page_by_page(listed: Google) -> None:
    found = fetched(listed.url, listed.new_key("reader"))
    assert len(found) == len({one["id"] for one in found})
    patterns = {one["pattern"]: one for one in found}
    assert patterns[f"[ipv4-addr:value = '{IP}']"]["labels"] == ["brute-force"]
    assert patterns[f"[ipv4-addr:value = '{NETWORK}']"]["confidence"] >= 90
    assert f"[url:value = '{SE_PAGE}']" in patterns
    assert patterns[f"[ipv4-addr:value = '{GONE}']"]["revoked"]


def test_what_was_added_later_is_all_that_a_client_gets(listed: Google) -> None:
    path = "/taxii2/api/collections/addresses/objects/"
    first = listed.native.get(path)
    assert first.headers["content-type"] == "application/taxii+json;version=2.1"
    last = first.headers["x-taxii-date-added-last"]
    assert listed.native.get(path, params={"added_after": last}).json() == {}
    listed.list("203.0.113.132", "brute-force")
    (one,) = listed.native.get(path, params={"added_after": last}).json()["objects"]
    assert "203.0.113.132" in one["pattern"]
    assert listed.native.get(f"{path}{one['id']}/").json()["objects"] == [one]
    (line,) = listed.native.get(path.replace("objects", "manifest"), params={"added_after": last}).json()[
        "objects"
    ]
    assert line["id"] == one["id"]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "next=-1", "next=" + "9" * 30, "added_after=yesterday", "added_after=2026-01-01"],
)
def test_wrong_parameters_are_told(listed: Google, query: str) -> None:
    assert listed.native.get(f"/taxii2/api/collections/urls/objects/?{query}").status_code == 400


def test_other_collections_events_and_keys_are_refused(listed: Google) -> None:
    for path in ("/taxii2/api/collections/x/", "/misp/x.json", "/misp/" + "0" * 36 + ".json", "/misp/etc"):
        assert listed.native.get(path).status_code == 404
    for path in ("/taxii2/", "/misp/manifest.json"):
        answer = httpx.get(f"{listed.url}{path}", auth=("any", "wrong"))
        assert answer.status_code == 401
        assert "Basic" in answer.headers["www-authenticate"]


def test_pymisp_reads_every_event_of_the_feed(listed: Google) -> None:
    values: dict[str, bool] = {}
    manifest = listed.native.get("/misp/manifest.json").json()
    for uuid, summary in manifest.items():
        event = MISPEvent()
        event.from_json(listed.native.get(f"/misp/{uuid}.json").text)
        assert (event.uuid, event.info) == (uuid, summary["info"])
        values |= {attribute.value: bool(attribute.deleted) for attribute in event.attributes}
    assert values[IP] is values[NETWORK] is values[SE_PAGE] is values[GAMBLING] is False
    assert values[GONE] is True
    assert listed.native.get("/misp/hashes.csv").text.count(",") == sum(not gone for gone in values.values())


@pytest.mark.parametrize(("name", "format_", "path"), [
    ("ours-misp", "misp", "misp/manifest.json"),
    ("ours-taxii", "stix", "taxii2/api/collections/urls/objects/"),
])  # fmt: skip
def test_our_own_client_reads_what_we_give(
    listed: Google, tmp_path: Path, name: str, format_: str, path: str
) -> None:
    config = tmp_path / "mailrisk.toml"
    config.write_text(
        f'[feeds]\nfetch = false\nallow_private = ["{name}"]\nkeys = {{ {name} = "{listed.key}" }}\n'
        f'[[feed]]\nname = "{name}"\ntitle = "{name}"\nformat = "{format_}"\nurl = "{listed.url}/{path}"\n'
        'key = "required"\nkey_header = "X-API-Key"\nlicence = "agreement"\nredistribute = true\n'
    )
    with open_context(tmp_path / "data", load_config(config)) as context:
        report = asyncio.run(fetch_feed(context, context.feeds.sources[name]))
        assert not report.error, report
        known = {row.subject.value for row in context.ledger.listings()}
    assert SE_PAGE.removeprefix("http://") in known
    assert GONE not in known
