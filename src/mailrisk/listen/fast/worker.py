"""One look-up worker: a process that serves the TCP port from the index.

It starts before the core's stores are open, and accepts nobody before the core says ``open`` on its
standard input; then it prints ``ready``. When its standard input ends, the core has died. The worker
goes on answering from the index, whose age grows in every answer until a miss is ``list-too-old``; it
stops when a new core has taken over the data directory, or after ORPHAN_S.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import uvicorn
import uvloop

from mailrisk.listen.fast.app import WorkerApp
from mailrisk.listen.fast.core_socket import another_core
from mailrisk.listen.fast.pass_through import PassThrough
from mailrisk.listen.fast.protocol import FastProtocol
from mailrisk.listen.fast.routes import FastRoutes
from mailrisk.listen.patient import tidy_connections
from mailrisk.service.context import LookupContext

logger = logging.getLogger(__name__)

ORPHAN_S: Final = 600.0
GRACE_S: Final = 25
"""How long a stopping worker waits for requests under way."""


class _Server(uvicorn.Server):
    def stop(self) -> None:
        """Finishes the requests under way and stops."""
        self.should_exit = True

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Leaves the signals to us."""
        return contextlib.nullcontext()


Also = Callable[[LookupContext], Callable[[], Awaitable[None]]]
"""Makes one more server of the same process, from what it answers with."""


def run(
    listener: socket.socket, core: Path, open_index: Callable[[], LookupContext], also: Also | None = None
) -> None:
    """Runs until it is asked to stop. ``open_index`` is called once the core's stores are open."""
    uvloop.run(_run(listener, core, open_index, also))


async def _run(
    listener: socket.socket, core: Path, open_index: Callable[[], LookupContext], also: Also | None
) -> None:
    loop = asyncio.get_running_loop()
    stdin = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    if not await stdin.readline():  # The core gave up before it had begun.
        return
    context = open_index()
    gc.collect()
    gc.freeze()  # What was loaded lives to the end: a collection that looks through it holds requests up for 0.1 s.
    app = WorkerApp(FastRoutes(context, loop.call_soon), PassThrough(core))
    config = uvicorn.Config(
        app, http=FastProtocol, interface="asgi3", ws="none", lifespan="off", proxy_headers=False, log_config=None,
        access_log=False, server_header=False, timeout_keep_alive=3600, timeout_graceful_shutdown=GRACE_S,
    )  # fmt: skip
    server = _Server(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    others: list[asyncio.Future[Any]] = [
        asyncio.ensure_future(_announce(server, context)),
        asyncio.ensure_future(_outlive(stdin, core, server)),
        asyncio.ensure_future(tidy_connections(server.server_state.connections)),
    ]
    if also is not None:
        others.append(asyncio.ensure_future(also(context)()))
    await serving
    for other in others:
        other.cancel()


async def _announce(server: uvicorn.Server, context: LookupContext) -> None:
    """Says that requests are answered, and then takes the waiting for pages away from them."""
    while not server.started:
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    threading.Thread(target=context.index.warm, daemon=True).start()  # A stop does not wait for it.


async def _outlive(stdin: asyncio.StreamReader, core: Path, server: _Server) -> None:
    """Waits for the end of the core, and then for a new core or the end of patience."""
    while await stdin.readline():
        pass
    logger.error("the core process is gone: answering from the index as it is")
    deadline = asyncio.get_running_loop().time() + ORPHAN_S
    while asyncio.get_running_loop().time() < deadline and not another_core(core):
        await asyncio.sleep(0.2)
    server.stop()
