"""One surface in ``make bench-publish``."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx

Figure = Callable[[Path], dict[str, Any]]


class Probe:
    """One surface. It is made before the service starts, in a folder of its own."""

    name = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def settings(self) -> str:
        """What the configuration of the service needs for it: tables of TOML."""
        return ""

    def running(self, url: str, key: str) -> AbstractContextManager[object]:
        """Runs the client beside the service at ``url``, whose administrator's key it gets."""
        return nullcontext()

    def indicator(self, number: int) -> tuple[str, str]:
        """(indicator, category) that is listed and withdrawn in one round."""
        raise NotImplementedError

    def blocked(self, number: int) -> bool:
        """Whether the client sees the indicator of a round as listed at this moment."""
        raise NotImplementedError


class HttpProbe(Probe):
    """A surface that is asked over HTTP with a key, again and again over one connection."""

    @contextmanager
    def running(self, url: str, key: str) -> Iterator[None]:
        """Keeps the connection."""
        with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=60) as self._client:
            yield


def free_port() -> int:
    """A port on loopback that is free for TCP and UDP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = int(tcp.getsockname()[1])
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
