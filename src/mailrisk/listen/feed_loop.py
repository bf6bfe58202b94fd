"""Keeps feeds fresh while the server runs.

Fetching and importing are done by a child process, ``mailrisk feed fetch --due``: half a million entries cost
a minute of one processor and some hundred megabytes, and neither may be taken from requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys

import msgspec

from mailrisk.service.context import Context
from mailrisk.service.fetch_feeds import FetchReport, due, fetch_feeds

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 10.0
LONGEST_S = 3600.0
"""A child that has not ended after this is stopped; its feeds are due again."""


async def feed_loop(context: Context) -> None:
    """Fetches feeds when they are due, for ever. Ends at once when nothing may be fetched on schedule."""
    if not (context.network and context.feeds.scheduled and context.feeds.enabled):
        logger.info("feeds are not fetched here: %s", _why_not(context))
        return
    while True:
        try:
            waiting = await asyncio.to_thread(due, context)
            if waiting and context.command_options:
                await _child(context)
            elif waiting:
                await fetch_feeds(context, waiting)
        except Exception:
            logger.exception("the feed loop failed; it tries again")
        await asyncio.sleep(LOOK_EVERY_S)


def _why_not(context: Context) -> str:
    if not context.network:
        return "the network is switched off (network.enabled)"
    return "feeds.fetch is false" if not context.feeds.scheduled else "no feed is enabled"


def _tell(line: bytes) -> None:
    """One line of the log for one feed; the child says nothing about it itself."""
    try:
        report = msgspec.json.decode(line, type=FetchReport)
    except msgspec.MsgspecError:
        logger.warning("feeds: %s", line.decode("utf-8", "replace").rstrip()[:500])
        return
    if report.error:
        again = f"{report.due_at:%Y-%m-%d %H:%MZ}"
        logger.warning("feed %s %s: %s; next try %s", report.feed, report.outcome, report.error, again)
        return
    done = report.imported
    changed = "" if done is None else f", {done.entries} entries, {done.changes} changes"
    logger.info("feed %s %s%s", report.feed, report.outcome, changed)


async def _child(context: Context) -> None:
    """Fetches what is due in a process of its own, which ends with the server."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mailrisk", "feed", "fetch", "--due", "--format", "jsonl", *context.command_options,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(LONGEST_S):
            async for line in process.stdout:
                _tell(line)
            await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
