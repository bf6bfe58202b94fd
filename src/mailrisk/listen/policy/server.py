"""Serves the policies on their own ports, in the core process, beside the HTTP service."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn

from mailrisk.listen.fast.protocol import FastProtocol
from mailrisk.listen.patient import tidy_connections
from mailrisk.listen.policy.commands import Commands
from mailrisk.listen.policy.dovecot import PolicyApp, PolicyRoutes
from mailrisk.listen.policy.postfix import MAX_REQUEST, PostfixPolicy


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals to the core."""
        yield


async def serve_login_policy(
    routes: PolicyRoutes, commands: Commands | None, listener: socket.socket
) -> None:
    """Serves until it is cancelled."""
    routes.share_turns(asyncio.get_running_loop().call_soon)
    config = uvicorn.Config(
        PolicyApp(routes, commands), http=FastProtocol, interface="asgi3", ws="none", lifespan="off", proxy_headers=False,
        log_config=None, access_log=False, server_header=False, timeout_keep_alive=3600,
    )  # fmt: skip
    server = _Server(config)
    tidy = asyncio.ensure_future(tidy_connections(server.server_state.connections))
    try:
        await server.serve(sockets=[listener])
    finally:
        tidy.cancel()


async def serve_send_policy(policy: PostfixPolicy, listener: socket.socket) -> None:
    """Serves until it is cancelled."""
    server = await asyncio.start_server(policy.connected, sock=listener, limit=MAX_REQUEST)
    async with server:
        await server.serve_forever()
