"""Child processes of ours that do one kind of work each, over a socket: opening files, reading pictures, embedding.

What is in them may read hostile bytes, load hundreds of megabytes or take seconds, and the service goes on.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from mailrisk.edge.opening.job import Gone, receive, send


class Child:
    """One process and the connection to it. It comes up by itself, while its maker does something else.

    The module is run with the number of its end of the connection, and gets ``setting`` as the first frame.
    """

    def __init__(self, module: str, setting: bytes, start_s: float) -> None:
        """Gone, OSError: it could not be started within ``start_s`` seconds."""
        self.jobs = 0
        self._start_s = start_s
        self._connection, theirs = socket.socketpair()
        try:
            self._process = start_child(module, theirs)
        finally:
            theirs.close()
        send(self._connection, setting, time.monotonic() + start_s)

    def ask(self, job: bytes, wall_s: float) -> bytes:
        """The answer to one job. Gone: none came in time, or the process has ended. The first may wait for the start."""
        deadline = time.monotonic() + wall_s + (0.0 if self.jobs else self._start_s)
        self.jobs += 1
        send(self._connection, job, deadline)
        return receive(self._connection, deadline)

    def kill(self) -> None:
        """Kills the process; who waits for its answer learns that it is gone. For another thread than that one."""
        self._process.kill()

    def end(self) -> None:
        """Kills the process and waits for it."""
        self._connection.close()
        self._process.kill()
        self._process.wait()


def start_child(module: str, connection: socket.socket) -> subprocess.Popen[bytes]:
    """Starts a module of ours as a child with nothing of ours but its connection, and libraries that use one thread."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key in ("PATH", "PYTHONPATH", "LANG", "LD_LIBRARY_PATH")
    }
    command = [sys.executable, "-P", "-m", module, str(connection.fileno())]
    return subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter.
        command,
        pass_fds=(connection.fileno(),),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={**kept, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
    )


def serve_parent(serve: Callable[[socket.socket], None]) -> None:
    """The ``main`` of such a module: serves the connection whose number is the first argument, until it ends."""
    try:
        serve(socket.socket(fileno=int(sys.argv[1])))
    except Gone:
        return
