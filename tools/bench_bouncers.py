"""A million decisions to a hundred bouncers: how much more memory the service takes, and how long it lasts.

    python -m tools.bench_bouncers [DECISIONS] [BOUNCERS]

The service is a process of its own: the real application with the real table of listings, which is filled
directly (bringing a million listings into a ledger is another benchmark). All bouncers start at the same time, one in
ten of them reads no gzip; then each asks for what changed. Prints one line of JSON; ``bouncers_extra_mb`` is the
peak of the resident memory above that of the same service before it held a listing, in MiB.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

IDENTITY_EVERY = 10


async def serve(folder: Path, decisions: int) -> None:
    """The service: writes ``key url`` and its own memory, before and after the table is filled."""
    import uvicorn

    from mailrisk.config import Config
    from mailrisk.listen.http.crowdsec import CrowdSecApp
    from mailrisk.service.keys import Role, issue
    from mailrisk.service.surfaces import Surfaces
    from mailrisk.wiring import open_context

    with open_context(folder, Config(), network=False) as context:
        surfaces = Surfaces(context)
        surfaces.follower.follow()
        key = issue(context, Role.READER).key
        app = CrowdSecApp(context, surfaces)
        before = resident("VmRSS")
        fill(surfaces.table, decisions, context.clock())
        server = uvicorn.Server(
            uvicorn.Config(app, port=0, log_level="error", lifespan="off", access_log=False)
        )
        serving = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        filled = resident("VmRSS")
        print(json.dumps({"key": key, "port": port, "before": before, "filled": filled}), flush=True)
        while not serving.done():
            await asyncio.to_thread(context.catch_up)
            await asyncio.sleep(1)


def fill(table: Any, count: int, now: Any) -> None:
    """Puts addresses into the table as a follower does."""
    from datetime import timedelta

    from mailrisk.model.change import Listing
    from mailrisk.model.subject import Kind, Subject
    from mailrisk.model.verdict import Category, Level

    first, until = now - timedelta(days=30), now + timedelta(days=7)
    for number in range(count):
        value = f"{1 + number % 9}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        listing = Listing(
            kind=Kind.IP, value=value, level=Level.HIGH, probability=0.95, category=Category.BRUTE_FORCE,
            first_seen=first, last_seen=now, valid_until=until, local=True,
        )  # fmt: skip
        table.put(Subject(Kind.IP, value), listing)


def resident(name: str, process: int | str = "self") -> int:
    """Memory of a process in KiB: ``VmRSS`` now, ``VmHWM`` the most that it ever was."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1])


async def bouncer(port: int, key: str, number: int, *, startup: bool) -> tuple[int, float]:
    """(decisions heard, seconds) of one request."""
    began, plain = time.monotonic(), number % IDENTITY_EVERY == 0
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    coding = "identity" if plain else "gzip"
    writer.write(
        f"GET /v1/decisions/stream?startup={str(startup).lower()} HTTP/1.1\r\nHost: a\r\nX-Api-Key: {key}\r\n"
        f"User-Agent: bench-{number}\r\nAccept-Encoding: {coding}\r\nConnection: close\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head, head
    unpacker = None if plain else zlib.decompressobj(31)
    count, end = 0, b""
    async for piece in chunks(reader):
        text = end + (piece if unpacker is None else unpacker.decompress(piece))
        count += text.count(b'"type":"ban"')
        end = text[-11:] if not text.endswith(b'"type":"ban"') else b""
    writer.close()
    return count, time.monotonic() - began


async def chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The chunks of a body."""
    while size := int(await reader.readline(), 16):
        yield await reader.readexactly(size)
        await reader.readline()


async def ask(port: int, key: str, bouncers: int, *, startup: bool) -> list[tuple[int, float]]:
    """All bouncers at once."""
    return await asyncio.gather(*(bouncer(port, key, one, startup=startup) for one in range(bouncers)))


def measure(decisions: int = 1_000_000, bouncers: int = 100) -> dict[str, Any]:
    """The figures."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tools.bench_bouncers", "--serve", folder, str(decisions)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
            assert service.stdout is not None
            told = json.loads(service.stdout.readline())
            port, key = told["port"], told["key"]
            began = time.monotonic()
            starts = asyncio.run(ask(port, key, bouncers, startup=True))
            took = time.monotonic() - began
            assert {count for count, _ in starts} == {decisions}, {count for count, _ in starts}
            deltas = sorted(seconds for _, seconds in asyncio.run(ask(port, key, bouncers, startup=False)))
            peak = resident("VmHWM", service.pid)
            service.terminate()
    return {
        "decisions": decisions,
        "bouncers": bouncers,
        "bouncers_extra_mb": round((peak - told["before"]) / 1024),
        "table_mb": round((told["filled"] - told["before"]) / 1024),
        "all_started_s": round(took, 1),
        "delta_p50_s": round(deltas[len(deltas) // 2], 3),
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
            asyncio.run(serve(Path(sys.argv[2]), int(sys.argv[3])))
        os._exit(0)
    print(json.dumps(measure(*map(int, sys.argv[1:3]))))
