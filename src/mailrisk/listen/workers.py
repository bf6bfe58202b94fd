"""The core's side of the look-up workers: starts them, starts a dead one again, stops them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mailrisk.listen.bind import join
from mailrisk.listen.dns.sockets import Pair
from mailrisk.listen.fast.core_socket import CoreSocket
from mailrisk.model.errors import Unavailable

logger = logging.getLogger(__name__)

START_S: Final = 60.0
STOP_S: Final = 30.0
WATCH_EVERY_S: Final = 0.1
CALM_S: Final = 5.0
"""A worker that was started again and dies within this time waits for its end before the next start."""


class Workers:
    """The look-up workers of one core. They are spawned, never forked: LMDB and threads forbid it."""

    def __init__(
        self,
        count: int,
        listener: socket.socket,
        core: CoreSocket,
        options: Sequence[str],
        dns: Sequence[Pair] = (),
    ) -> None:
        """Starts ``count`` processes; they load what they need and wait for ``open``.

        ``dns``: sockets of the lists over DNS, a pair for each process, or none.

        ``options`` go to ``python -m mailrisk.lookups`` as they are.
        """
        # Each worker has a socket of its own, which the core keeps: a worker that is started again finds
        # the connections that waited for the dead one.
        self._listeners = [listener, *(join(listener) for _ in range(count - 1))]
        for one in self._listeners:
            one.listen(2048)  # From now on clients wait instead of being refused.
        self._dns = dns
        self._command = [sys.executable, "-m", "mailrisk.lookups", "--core", str(core.path), *options]
        self._stopping = False
        self._running = [self._spawn(place) for place in range(count)]

    def _spawn(self, place: int) -> subprocess.Popen[bytes]:
        fds = [self._listeners[place].fileno()]
        command = [*self._command, "--fd", str(fds[0])]
        if self._dns:
            pair = [one.fileno() for one in self._dns[place]]
            command += ["--dns", *map(str, pair)]
            fds += pair
        return subprocess.Popen(  # noqa: S603  our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=fds
        )

    async def open(self) -> None:
        """Lets all workers open the index and accept connections. Unavailable when one does not come up."""
        for process in self._running:
            _say_open(process)
        try:
            async with asyncio.timeout(START_S):
                said = await asyncio.gather(*(asyncio.to_thread(_first_line, one) for one in self._running))
        except TimeoutError:
            said = [b""]
        if not all(said):
            raise Unavailable("a look-up worker did not start; its error stands above")

    async def watch(self) -> None:
        """Starts workers again that died, for ever."""
        born: dict[subprocess.Popen[bytes], float] = {}
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            for place, process in enumerate(self._running):
                if self._stopping or process.poll() is None:
                    continue
                if time.monotonic() - born.get(process, -CALM_S) < CALM_S:
                    continue
                logger.error("a look-up worker died (%s); it is started again", process.returncode)
                _forget(process)
                born.pop(process, None)
                self._running[place] = again = self._spawn(place)
                _say_open(again)
                born[again] = time.monotonic()

    async def stop(self) -> None:
        """Lets the workers finish their requests and end; who does not in time is killed."""
        self._stopping = True
        self.signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        while any(process.poll() is None for process in self._running):
            await asyncio.sleep(0.02)
            if time.monotonic() > deadline:
                self.signal(signal.SIGKILL)
        for process in self._running:
            _forget(process)

    def kill(self) -> None:
        """Ends all of them at once, when the core gives up."""
        self._stopping = True
        self.signal(signal.SIGKILL)
        for process in self._running:
            process.wait()
            _forget(process)

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to every worker that lives."""
        for process in self._running:
            if process.poll() is None:
                process.send_signal(number)

    @property
    def pids(self) -> list[int]:
        """The process ids."""
        return [process.pid for process in self._running]


def _say_open(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError):  # It died already; whoever watches it will see.
        process.stdin.write(b"open\n")
        process.stdin.flush()


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def _forget(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def worker_options(data_dir: Path, config: Path | None) -> list[str]:
    """The options of a worker for the same data and configuration."""
    return ["--data-dir", str(data_dir), *(["--config", str(config)] if config is not None else [])]
