"""The feed loop of a running server: what is due is fetched by a process of its own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tests.edge.loopback import FEED, answer, replying, serving

from mailrisk.config import load_config
from mailrisk.listen.feed_loop import feed_loop
from mailrisk.service.fetch_feeds import due
from mailrisk.service.status import feed_status
from mailrisk.wiring import open_context

CONFIG = """
[feeds]
disable = [{disable}]
allow_private = ["local"]
[[feed]]
name = "local"
title = "Local"
format = "openphish-text"
licence = "CC0-1.0"
url = "{url}/feed.txt"
"""


def test_what_is_due_is_fetched_by_a_process_of_its_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="mailrisk.listen.feed_loop")
    config = tmp_path / "mailrisk.toml"
    with open_context(tmp_path / "data", load_config(None), network=False) as context:
        disable = ", ".join(f'"{name}"' for name in context.feeds.enabled)
    options = ("--data-dir", str(tmp_path / "data"), "--config", str(config))

    async def run() -> None:
        async with serving(replying(answer(FEED))) as url:
            config.write_text(CONFIG.format(disable=disable, url=url))
            with open_context(tmp_path / "data", load_config(config)) as opened:
                context = replace(opened, command_options=options)
                assert [source.name for source in due(context)] == ["local"]
                loop = asyncio.ensure_future(feed_loop(context))
                async with asyncio.timeout(60):
                    while due(context):
                        await asyncio.sleep(0.1)
                loop.cancel()
                with suppress(asyncio.CancelledError):
                    await loop
                [row] = feed_status(context)
                assert (row.name, row.entries, row.last_error) == ("local", 1, "")
                assert "feed local imported, 1 entries, 1 changes" in caplog.text

    asyncio.run(run())


@pytest.mark.parametrize("network", [True, False])
def test_the_loop_ends_at_once_where_nothing_may_be_fetched(
    tmp_path: Path, network: bool, caplog: pytest.LogCaptureFixture
) -> None:
    config = tmp_path / "mailrisk.toml"
    config.write_text("[feeds]\nfetch = false\n" if network else "")
    with (
        open_context(tmp_path / "data", load_config(config), network=network) as context,
        caplog.at_level("INFO"),
    ):
        asyncio.run(asyncio.wait_for(feed_loop(context), 5))
    assert "feeds are not fetched here" in caplog.text
