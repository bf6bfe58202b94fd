"""``squid-helper``: the program that Squid's ``external_acl_type`` starts and asks about visits.

A question is a line ``[channel] METHOD URL CLIENT USER``, each part escaped as in a URL and ``-`` where nothing is known; the answer
is ``[channel] OK|ERR|BH key=value``. OK lets the visit go on, ERR does not, with the token of
the page that says why, BH says that
nobody could decide. Many questions are under way at once; answers come in any order.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import click
import httpcore
import msgspec

from mailrisk.cli.remote import api_key, service_options

MAX_LINE: Final = 70_000
MAX_AT_ONCE: Final = 200
TOO_LONG: Final = " \x00"
"""Ends the beginning of a line that was too long; no line of Squid's holds it."""

NO_ANSWER: Final = (
    httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, TimeoutError, OSError,
)  # fmt: skip


@click.command("squid-helper")
@service_options("File with an API key; else MAILRISK_KEY.")
@click.option(
    "--timeout", type=float, default=10.0, show_default=True, help="Seconds for one answer, then BH."
)
@click.option("--fail-open", is_flag=True, help="Let visits through that nobody could decide, instead of BH.")
def squid_helper_command(url: str, key_file: Path | None, timeout: float, fail_open: bool) -> None:
    """Answer Squid's questions about visits; Squid starts it by itself.

    \b
    external_acl_type mailrisk concurrency=100 children-max=1 ttl=60 negative_ttl=0 \\
      %>rm %>ru %>a %un /usr/bin/mailrisk squid-helper --key-file /etc/squid/mailrisk.key
    """
    asyncio.run(Helper(url, api_key(key_file), timeout, "OK log=unknown/failed" if fail_open else "").run())


class Helper:
    """Reads questions from standard input and writes answers to standard output until the first ends."""

    def __init__(self, url: str, key: str, timeout_s: float, on_failure: str = "") -> None:
        """``on_failure``: said in place of BH; '' says BH and why."""
        self._url = f"{url.rstrip('/')}/api/v1/visits:decide"
        self._headers: dict[bytes | str, bytes | str] = {"X-API-Key": key, "Content-Type": "application/json"}
        self._timeout = dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)
        self._timeout_s = timeout_s
        self._on_failure = on_failure
        self._free = asyncio.Semaphore(MAX_AT_ONCE)

    async def run(self) -> None:
        """Answers until Squid closes its end."""
        reader = asyncio.StreamReader(limit=MAX_LINE)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        connections = httpcore.AsyncConnectionPool(max_connections=20, keepalive_expiry=60)
        async with connections as pool, asyncio.TaskGroup() as tasks:
            while line := await _line(reader):
                await self._free.acquire()
                tasks.create_task(self._one(pool, line))

    async def _one(self, pool: httpcore.AsyncConnectionPool, line: bytes) -> None:
        try:
            text = line.decode("utf-8", "replace").strip(" \r\n")
            channel, _, rest = text.partition(" ")
            if not channel.isdigit():
                channel, rest = "", text
            said = await self._answer(pool, rest)
            if said.startswith("BH") and self._on_failure:
                said = self._on_failure
            sys.stdout.write(f"{channel} {said}\n".lstrip(" "))
            sys.stdout.flush()
        finally:
            self._free.release()

    async def _answer(self, pool: httpcore.AsyncConnectionPool, text: str) -> str:
        visit = parse_question(text)
        if visit is None:
            return "BH message=no%20question"
        if text.endswith(TOO_LONG):
            return "BH message=too%20long"
        body = msgspec.json.encode({"visits": [visit]})
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await pool.request(
                    "POST",
                    self._url,
                    headers=self._headers,
                    content=body,
                    extensions={"timeout": self._timeout},
                )
        except (*NO_ANSWER, httpcore.UnsupportedProtocol, httpcore.ProxyError):
            return "BH message=mailrisk%20does%20not%20answer"
        if answer.status != 200:  # 503 while the lists are too old: nobody knows, and nothing is clean.
            return f"BH message=HTTP%20{answer.status}"
        try:
            return said_of(msgspec.json.decode(answer.content)["results"][0])
        except (msgspec.MsgspecError, LookupError, TypeError, AttributeError, RecursionError):
            return "BH message=an%20answer%20that%20is%20none"


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line; of one that is too long the beginning and TOO_LONG, as its channel waits for an answer. b'' at the end."""
    begun = b""
    while True:
        try:
            rest = await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            rest = error.partial
        except asyncio.LimitOverrunError as error:
            skipped = await reader.readexactly(error.consumed)
            begun = begun or skipped[:100]
            continue
        return rest if not begun else begun + b" -" + TOO_LONG.encode()


def parse_question(text: str) -> dict[str, str] | None:
    """The visit that a line asks about; None: it asks about none."""
    parts = [unquote(part) for part in text.split(" ") if part]
    if len(parts) < 2:
        return None
    names = ("method", "url", "client", "user", "ip")
    return {name: part for name, part in zip(names, parts, strict=False) if part != "-"}


def said_of(result: dict[str, Any]) -> str:
    """The answer in Squid's words. A URL that nobody can read is not let through unseen: BH."""
    if "error" in result:
        return "BH message=no%20URL"
    log = f"{result['level']}/{result['wanted']}"
    if result["action"] == "allow":
        return f"OK log={log} tag=mailrisk-{result['level']}"
    return f"ERR message={result['page'].partition('?t=')[2]} log={log}"
