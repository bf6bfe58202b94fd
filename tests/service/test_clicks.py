"""Clicks: what cannot be checked is never opened silently; waiting ends; clicks teach nothing; time runs out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.service.test_visits import PHISH, ROWS, Slow, list_it
from tests.worlds import TestClock

from mailrisk.analyse.visits.habits import HabitSettings
from mailrisk.edge.click_log import ClickLog
from mailrisk.edge.link_keys import LinkKeys
from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.model.url.go_links import GoLink, packed, seal_link
from mailrisk.service import clicks
from mailrisk.service.clicks import Click, ClickGate, ClickSettings, Expired
from mailrisk.service.context import Context
from mailrisk.service.visits import VisitGate, VisitSettings

GOOD = "https://quiet.example/a"


class World:
    """A gate with its keys."""

    def __init__(
        self, context: Context, folder: Path, visits: VisitSettings | None = None, **settings: Any
    ) -> None:
        self.keys = LinkKeys(folder)
        self.visits = VisitGate(context, visits or VisitSettings(rows=ROWS, resolve=False))
        self.log = ClickLog(folder)
        said = ClickSettings(base="https://gate.example", **settings)
        self.gate = ClickGate(context, said, self.visits, self.keys, self.log)

    def link(self, url: str, **said: Any) -> str:
        return seal_link(self.keys.make(), GoLink(packed(url), **said))

    def click(self, url: str, *, waited: int = 0, counted: bool = True, **said: Any) -> Click:
        return asyncio.run(self.gate.click(self.link(url, **said), counted=counted, waited=waited))


def test_observe_opens_everything_and_says_what_it_would_have_done(context: Context, tmp_path: Path) -> None:
    world = World(context, tmp_path, enforce=False)
    list_it(context, PHISH)
    assert world.click(PHISH).action == "allow" and world.gate.counts["block:allow"] == 1


@pytest.mark.parametrize("on_failure", ["warn", "block", "allow"])
def test_while_the_lists_are_too_old_it_is_as_configured(
    context: Context, tmp_path: Path, on_failure: str
) -> None:
    world = World(context, tmp_path, on_failure=on_failure)
    assert isinstance(context.clock, TestClock)
    context.clock.forward(hours=1)
    click = world.click(GOOD)
    assert (click.action, click.unchecked) == (on_failure, True)


def test_the_default_never_opens_what_could_not_be_checked() -> None:
    assert ClickSettings(base="x").on_failure == "warn" and ClickSettings(base="x").unknown == "hold"


def test_a_failing_check_is_as_configured(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(context, tmp_path)

    async def fails(*_: object, **__: object) -> None:
        raise Unavailable("gone") if len(world.gate.counts) else RuntimeError("a bug")

    monkeypatch.setattr(world.visits, "weigh", fails)
    assert world.click(GOOD).action == world.click(GOOD).action == "warn"


def test_a_failed_scan_is_no_clearance(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("mailrisk.service.visit_scans.scan_urls", fails)
    assert World(context, tmp_path).click(GOOD).unchecked
    assert World(context, tmp_path, unknown="allow").click(GOOD).action == "allow"


def test_a_page_is_held_while_it_is_scanned_and_not_for_ever(context: Context, tmp_path: Path) -> None:
    slow = replace(context, resolver=Slow(), network=True)
    world = World(slow, tmp_path, VisitSettings(rows=ROWS, resolve=False, hold_s=0.0))
    click = world.click(GOOD, waited=3)
    assert (
        click.action == "hold"
        and click.again.startswith("https://gate.example/go/1.")
        and click.again.endswith("?wait=4")
    )
    assert not list(world.log.read()), "nobody has come anywhere yet"
    assert world.click(GOOD, waited=clicks.MAX_WAITS).action == "warn"


def test_a_link_whose_time_is_over_leads_nowhere(context: Context, tmp_path: Path) -> None:
    world = World(context, tmp_path)
    now = int(context.clock().timestamp())
    assert world.click(GOOD, until=now + 60).action == "allow"
    with pytest.raises(Expired):
        world.click(GOOD, until=now - 1)
    for nowhere in ("ftp://files.example/", "javascript:alert(1)", "", "http://"):
        with pytest.raises(BadInput):
            world.click(nowhere)


def test_no_number_of_clicks_makes_a_domain_common(context: Context, tmp_path: Path) -> None:
    habits = HabitSettings(visits=4, users=3, days=1)
    world = World(context, tmp_path, VisitSettings(rows=ROWS, resolve=False, habits=habits))
    now = context.clock().timestamp()
    for n in range(50):
        world.click("https://leaked.example/", message=b"mail%04d" % n, recipient=b"reader%02d" % n)
        world.visits.habits.observe(0, "partner.example", n, now)
    assert not world.visits.habits.is_common(0, "leaked.example", now)
    assert world.visits.habits.is_common(0, "partner.example", now), "others teach, with a key"
    assert world.click("https://partner.example/").action == "allow"


def test_one_link_does_not_write_the_log_over(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailrisk.service.clicks.MAX_NOTED", 5)
    world = World(context, tmp_path)
    world.click(GOOD, message=b"victim00")
    for _ in range(20):
        assert world.click(GOOD, message=b"mail0001").action == "allow"
    assert len(list(world.log.read())) == 6 and world.gate.counts["not-noted"] == 15
    assert isinstance(context.clock, TestClock)
    context.clock.forward(minutes=61)
    world.click(GOOD, message=b"mail0001")
    assert len(list(world.log.read())) == 7


def test_a_full_disk_stops_no_click(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object, __: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ClickLog, "append", full)
    assert World(context, tmp_path).click(GOOD).action == "allow"


def test_the_log_is_turned_over_and_read_over_cut_lines(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailrisk.edge.click_log.MAX_BYTES", 1_000)
    world = World(context, tmp_path)
    for _ in range(20):
        world.click(GOOD, message=b"mail0001")
    assert sum(path.stat().st_size for path in tmp_path.glob("clicks.jsonl*")) < 3_000
    with (tmp_path / "clicks.jsonl").open("ab") as file:
        file.write(b'{"at": 1, "ten')
    assert 0 < len(list(world.log.read())) < 20


def test_keys_are_made_once_and_a_broken_file_is_no_key(tmp_path: Path) -> None:
    first, second = LinkKeys(tmp_path), LinkKeys(tmp_path)
    assert first.read() == () and first.make() == second.make() == first.read()[0]
    assert second.rotate() == 2 and first.read()[1] == first.read()[-1] != first.make()
    (tmp_path / "links.key").write_text("xyz\n")
    with pytest.raises(Unavailable):
        LinkKeys(tmp_path).read()
