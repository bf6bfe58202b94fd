"""The core process: the HTTP service and the loops that keep the index and the listings current."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable

import uvicorn

from mailrisk.listen.http.app import make_service
from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.service.context import Context
from mailrisk.service.record import sweep

logger = logging.getLogger(__name__)

FOLLOW_EVERY_S = 0.2
"""How often the index looks for changes that other processes wrote: well under the 2 s promised."""

SWEEP_EVERY_S = 15.0


def bind(listen: str) -> socket.socket:
    """A listening socket on HOST:PORT (port 0: any). BadInput: no address. Unavailable: taken."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise BadInput("listen", f"{listen!r} is not HOST:PORT")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), int(port)))
    except OSError as error:
        listener.close()
        raise Unavailable(f"cannot listen on {listen}: {error.strerror}") from None
    return listener


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
    context: Context, listener: socket.socket, *, max_body_bytes: int, ready: Callable[[str], None]
) -> None:
    """Serves until SIGINT or SIGTERM. ``ready`` is called with the URL once requests are answered."""
    asyncio.run(_serve(context, listener, max_body_bytes, ready))


async def _serve(
    context: Context, listener: socket.socket, max_body_bytes: int, ready: Callable[[str], None]
) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    config = uvicorn.Config(
        make_service(context, max_body_bytes=max_body_bytes),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_keep_alive=30,
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    async with _background(context):
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.02)
        if server.started:
            ready(f"http://{shown}:{port}")
        await serving


@contextlib.asynccontextmanager
async def _background(context: Context) -> AsyncIterator[None]:
    """Runs the loops while the server runs."""
    loops = [
        asyncio.ensure_future(_repeat("follow", FOLLOW_EVERY_S, context.catch_up)),
        asyncio.ensure_future(_repeat("sweep", SWEEP_EVERY_S, lambda: sweep(context))),
    ]
    try:
        yield
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)


async def _repeat(name: str, every_s: float, action: Callable[[], int]) -> None:
    """Calls ``action`` for ever; a failure is logged and tried again, the service goes on."""
    while True:
        try:
            await asyncio.to_thread(action)
        except Exception:
            logger.exception("the loop %s failed; it tries again", name)
        await asyncio.sleep(every_s)
