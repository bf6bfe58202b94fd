"""The core process: the HTTP service and the loops that keep the index and the listings current.

With look-up workers the core serves its Unix socket, and the workers own the TCP port; without any
(``--workers 0``) it serves both by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import uvicorn
import uvloop
from litestar.types import ASGIApp

from mailrisk.listen.fast.core_socket import CoreSocket
from mailrisk.listen.feed_loop import feed_loop
from mailrisk.listen.http.app import make_service
from mailrisk.listen.patient import PatientProtocol, tidy_connections
from mailrisk.listen.webhook_loop import webhook_loop
from mailrisk.listen.workers import Workers
from mailrisk.service.context import Context
from mailrisk.service.policy_pass import PolicyPass
from mailrisk.service.record import sweep
from mailrisk.service.surfaces import Surfaces
from mailrisk.service.watch import Watch

logger = logging.getLogger(__name__)

FOLLOW_EVERY_S = 0.2
"""How often the index looks for changes that other processes wrote: well under the 2 s promised."""

SWEEP_EVERY_S = 15.0
POLICY_EVERY_S = 5.0
READERS_EVERY_S = 60.0


class _Server(uvicorn.Server):
    """A server whose signals are ours: asked to stop, the program ends with 0."""

    def stop(self) -> None:
        """Finishes the requests under way and stops; a second call does not wait for them."""
        self.force_exit = self.should_exit
        self.should_exit = True

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Leaves the signals alone."""
        return contextlib.nullcontext()


def serve(
    context: Context,
    listener: socket.socket,
    core: CoreSocket,
    *,
    watch: Watch,
    workers: Workers | None,
    max_body_bytes: int,
    ready: Callable[[str], None],
    also: Sequence[Callable[[], Awaitable[None]]] = (),
    surfaces: Surfaces | None = None,
) -> None:
    """Serves until SIGINT or SIGTERM. ``ready`` is called with the URL once requests are answered.

    ``also``: further servers that run as long. ``surfaces``: lists and decisions, if they are not as by default.
    """
    service = make_service(context, max_body_bytes=max_body_bytes, watch=watch, surfaces=surfaces)
    uvloop.run(_serve(context, listener, core, watch, workers, service, ready, also))


async def _serve(
    context: Context,
    listener: socket.socket,
    core: CoreSocket,
    watch: Watch,
    workers: Workers | None,
    service: ASGIApp,
    ready: Callable[[str], None],
    also: Sequence[Callable[[], Awaitable[None]]],
) -> None:
    config = uvicorn.Config(
        service,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        http=PatientProtocol,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=15,  # A follower that waits for changes must not hold up the end.
        # Our own workers are the only ones who can open the Unix socket: what they say of a client is true.
        forwarded_allow_ips="127.0.0.1" if workers is None else "*",
    )
    server = _Server(config)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _on_signal, stop, server)
    sockets = [core.listener] if workers else [core.listener, listener]
    connections = server.server_state.connections
    async with _background(context, watch, workers, connections, also):
        gc.collect()
        gc.freeze()  # What is loaded now lives to the end; a checkpoint's state may be a gigabyte to look through.
        serving = asyncio.ensure_future(server.serve(sockets=sockets))
        while not server.started and not serving.done():
            await asyncio.sleep(0.02)
        if server.started:
            await _while_ready(listener, workers, ready, stop, serving)
            server.stop()
        await serving


def _on_signal(stop: asyncio.Event, server: _Server) -> None:
    """The first signal lets every request end, the second one does not wait for them."""
    if stop.is_set():
        server.stop()
    stop.set()


async def _while_ready(
    listener: socket.socket,
    workers: Workers | None,
    ready: Callable[[str], None],
    stop: asyncio.Event,
    serving: asyncio.Future[None],
) -> None:
    """From the moment that everybody answers until we are asked to stop and the workers have."""
    host, port = listener.getsockname()[:2]
    if workers is not None:
        await workers.open()
    ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
    stopped = asyncio.ensure_future(stop.wait())
    ends: list[asyncio.Future[Any]] = [stopped, serving]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if workers is not None:
        await workers.stop()  # Before the core, which answers what they pass on.


@contextlib.asynccontextmanager
async def _background(
    context: Context,
    watch: Watch,
    workers: Workers | None,
    connections: set[Any],
    also: Sequence[Callable[[], Awaitable[None]]],
) -> AsyncIterator[None]:
    """Runs the loops while the server runs."""
    loops = [
        asyncio.ensure_future(_repeat("follow", FOLLOW_EVERY_S, context.catch_up)),
        asyncio.ensure_future(_repeat("sweep", SWEEP_EVERY_S, lambda: sweep(context))),
        asyncio.ensure_future(_repeat("policy", POLICY_EVERY_S, PolicyPass(context).step)),
        asyncio.ensure_future(_repeat("dead readers", READERS_EVERY_S, context.index.forget_dead_readers)),
        asyncio.ensure_future(watch.run()),
        asyncio.ensure_future(feed_loop(context)),
        asyncio.ensure_future(webhook_loop(context)),
        asyncio.ensure_future(tidy_connections(connections)),
    ]
    loops.extend(asyncio.ensure_future(one()) for one in also)
    if workers is not None:
        loops.append(asyncio.ensure_future(workers.watch()))
    try:
        yield
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await watch.checkpoint()


async def _repeat(name: str, every_s: float, action: Callable[[], int]) -> None:
    """Calls ``action`` for ever; a failure is logged and tried again, the service goes on."""
    while True:
        try:
            await asyncio.to_thread(action)
        except Exception:
            logger.exception("the loop %s failed; it tries again", name)
        await asyncio.sleep(every_s)
