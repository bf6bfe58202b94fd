"""The ceiling of the policy rate in ``make bench-login``: the policy port's own server, which answers with a constant.

    python -m tools.bench_login_static --fd N

It reads the same requests and does nothing with them: what Python and the network cost.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from typing import Any

import uvloop

from mailrisk.listen.fast.routes import HeaderLines, Reply
from mailrisk.listen.policy.server import serve_login_policy

CONSTANT = Reply(200, b'{"status":0,"msg":"","r_attrs":{}}')


class StaticRoutes:
    """The routes of the policy port, all of them constant."""

    def __init__(self) -> None:
        self.header_lines = HeaderLines()
        self.table = {(b"POST", b"/?command=allow"): True, (b"POST", b"/?command=report"): True}

    def reply(self, route: Any, key: bytes, authorization: bytes, body: bytes) -> Reply:
        """See the module."""
        return CONSTANT

    def ready(self) -> Reply:
        """``GET /readyz``."""
        return CONSTANT

    def share_turns(self, soon: Any) -> None:
        """Nothing is shared."""


async def _run(listener: socket.socket) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    serving = asyncio.ensure_future(serve_login_policy(StaticRoutes(), None, listener))  # type: ignore[arg-type]
    await stop.wait()
    serving.cancel()


if __name__ == "__main__":
    uvloop.run(_run(socket.socket(fileno=int(sys.argv[2]))))
