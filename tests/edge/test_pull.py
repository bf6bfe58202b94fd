"""Pulling feeds: single files, MISP feeds and TAXII collections, from a server on loopback."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest
from tests.edge.loopback import answer, serving

from mailrisk.collect.feeds.registry import read_feed
from mailrisk.edge import pull as module
from mailrisk.edge.fetch import Egress, Limits, Validators
from mailrisk.edge.pull import Pulled, PullState, pull
from mailrisk.model.errors import ConfigError, FeedRefused, TooLarge, Unavailable
from mailrisk.model.feed import FeedSource
from mailrisk.model.sighting import Sighting

OLD, NEW = "5f1a2b3c-0001-4e5f-8a9b-0123456789ab", "5f1a2b3c-0002-4e5f-8a9b-0123456789ab"
FIRST = PullState()


class Site:
    """Answers by path (with query), and remembers what it was asked."""

    def __init__(self, pages: dict[str, bytes]) -> None:
        self.pages = pages
        self.asked: list[str] = []
        self.headers: dict[str, str] = {}

    async def __call__(self, path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        self.asked.append(path)
        self.headers = headers
        writer.write(self.pages.get(path) or answer(b"", status="404 Not Found"))

    def pull(self, into: Path, path: str, state: PullState = FIRST, key: str = "", **feed: object) -> Pulled:
        async def run() -> Pulled:
            async with serving(self) as base:
                fields = {"name": "test", "title": "t", "format": "hosts", "licence": "MIT", **feed}
                source = msgspec.convert(fields | {"url": base + path}, FeedSource)
                return await pull(source, into, state=state, key=key, egress=Egress(allow_private=True))

        return asyncio.run(run())


def test_a_file_is_the_whole_feed_and_its_validators_are_kept(tmp_path: Path) -> None:
    found = Site({"/f": answer(b"0.0.0.0 evil.example\n", 'ETag: "1"')}).pull(tmp_path, "/f")
    assert found.complete and found.changed and found.state == PullState(validators=Validators('"1"'))
    unchanged = Site({"/f": answer(b"", status="304 Not Modified")}).pull(tmp_path, "/f", found.state)
    assert not unchanged.changed and unchanged.files == () and unchanged.state == found.state


def test_a_key_goes_into_the_path_or_a_header_and_is_required(tmp_path: Path) -> None:
    site = Site({"/exports/a%2Fb/recent.csv": answer(b"x"), "/list": answer(b"x")})
    site.pull(tmp_path, "/exports/{key}/recent.csv", key="a/b")
    assert site.asked == ["/exports/a%2Fb/recent.csv"]
    site.pull(tmp_path, "/list", key="secret", key_header="Auth-Key")
    assert site.headers["auth-key"] == "secret"


def test_a_feed_without_the_key_it_needs_is_not_asked() -> None:
    feed = FeedSource(
        name="test", title="t", format="hosts", licence="x", url="https://a.example/{key}", key="required"
    )
    with pytest.raises(ConfigError, match="needs a key"):
        asyncio.run(pull(feed, Path(), state=PullState()))


def _event(uuid: str, host: str) -> bytes:
    attribute = {"type": "domain", "value": host, "to_ids": True, "timestamp": "1"}
    return answer(json.dumps({"Event": {"uuid": uuid, "Attribute": [attribute]}}).encode())


def _misp(**stamps: int) -> Site:
    names = {"old": OLD, "new": NEW}
    manifest = json.dumps({names[n]: {"timestamp": str(t)} for n, t in stamps.items()}).encode()
    return Site(
        {
            "/osint/manifest.json": answer(manifest, 'ETag: "m"'),
            f"/osint/{OLD}.json": _event(OLD, "old.example"),
            f"/osint/{NEW}.json": _event(NEW, "new.example"),
        }
    )


def test_only_the_changed_events_of_a_misp_feed_are_pulled(tmp_path: Path) -> None:
    first = _misp(old=1, new=2).pull(tmp_path, "/osint/manifest.json", format="misp")
    assert not first.complete and len(first.files) == 2 and first.state.events == {OLD: 1, NEW: 2}
    site = _misp(old=5, new=2)
    second = site.pull(tmp_path, "/osint/manifest.json", first.state, format="misp")
    assert site.asked == ["/osint/manifest.json", f"/osint/{OLD}.json"]
    (entry,) = read_feed("misp", [second.files[0].read_bytes()])
    assert isinstance(entry, Sighting) and entry.subject.value == "old.example"
    assert second.state.events == {OLD: 5, NEW: 2}


def test_events_beyond_the_limit_come_with_the_next_pull(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_EVENTS", 1)
    first = _misp(old=1, new=2).pull(tmp_path, "/osint/manifest.json", format="misp")
    assert first.state.events == {NEW: 2} and first.state.validators == Validators()
    second = _misp(old=1, new=2).pull(tmp_path, "/osint/manifest.json", first.state, format="misp")
    assert second.state.events == {OLD: 1, NEW: 2} and second.state.validators == Validators('"m"')


def test_an_event_that_is_missing_leaves_no_file(tmp_path: Path) -> None:
    site = _misp(old=1, new=2)
    del site.pages[f"/osint/{OLD}.json"]
    with pytest.raises(Unavailable, match="404"):
        site.pull(tmp_path, "/osint/manifest.json", format="misp")
    assert not list(tmp_path.iterdir())


def test_a_manifest_that_is_none_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    site = Site({"/osint/manifest.json": answer(b"<html>")})
    with pytest.raises(FeedRefused, match="HTML"):
        site.pull(tmp_path, "/osint/manifest.json", format="misp")
    assert not list(tmp_path.iterdir())


def _page(*hosts: str, **more: object) -> bytes:
    objects = [
        {"type": "indicator", "id": f"indicator--{host}", "pattern": f"[domain-name:value = '{host}']"}
        for host in hosts
    ]
    last = f"X-TAXII-Date-Added-Last: 2025-03-04T10:00:0{len(hosts)}.000Z"
    return answer(json.dumps({"objects": objects, **more}).encode(), last, f"Content-Type: {module.TAXII}")


OBJECTS = "/api/collections/91a7b528/objects/"


def test_a_taxii_collection_is_read_page_by_page_from_where_it_ended(tmp_path: Path) -> None:
    pages = {
        f"{OBJECTS}?limit=2": _page("a.example", "b.example", more=True, next="c 1"),
        f"{OBJECTS}?limit=2&next=c+1": _page("c.example"),
        f"{OBJECTS}?limit=2&added_after=2025-03-04T10%3A00%3A01.000Z": _page(),
    }
    site = Site(pages)
    first = site.pull(tmp_path, f"{OBJECTS}?limit=2", format="stix")
    assert site.headers["accept"] == "application/taxii+json;version=2.1"
    found = [entry for path in first.files for entry in read_feed("stix", [path.read_bytes()])]
    assert [e.subject.value for e in found if isinstance(e, Sighting)] == [
        "a.example",
        "b.example",
        "c.example",
    ]
    assert not first.complete and first.state.added_after == "2025-03-04T10:00:01.000Z"
    site.pull(tmp_path, f"{OBJECTS}?limit=2", first.state, format="stix")
    assert site.asked[-1].endswith("added_after=2025-03-04T10%3A00%3A01.000Z")


@pytest.mark.parametrize(
    "first,second",
    [
        (_page("a.example", more=True), _page()),
        (_page("a.example", more=True, next="x"), _page("b.example", more=True, next="x")),
        (answer(b"[]"), _page()),
        (answer(b"<html>"), _page()),
    ],
)
def test_a_taxii_server_that_makes_no_sense_leaves_no_file(
    tmp_path: Path, first: bytes, second: bytes
) -> None:
    site = Site({OBJECTS: first, f"{OBJECTS}?next=x": second})
    with pytest.raises(Unavailable):
        site.pull(tmp_path, OBJECTS, format="stix")
    assert not list(tmp_path.iterdir())


def test_the_pages_share_one_limit_of_size(tmp_path: Path) -> None:
    page = _page("a.example", more=True, next="x")
    site = Site({OBJECTS: page, f"{OBJECTS}?next=x": page})
    with pytest.raises(TooLarge):
        site.pull(tmp_path, OBJECTS, format="stix", max_bytes=len(page))
    assert not list(tmp_path.iterdir())


def test_the_state_survives_json() -> None:
    state = PullState(validators=Validators('"1"', "x"), events={OLD: 1}, added_after="2025-03-04T10:00:00Z")
    assert msgspec.json.decode(msgspec.json.encode(state), type=PullState) == state


def test_limits_are_checked_when_they_are_configured() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"max_byte": 1}, Limits)
