"""The Unix socket of the core in the data directory, ``core.<process id>.sock``, readable by its owner alone.

A file that nobody listens on any more was left by a core that was killed: its workers may still hold the
TCP port, and give it up as soon as they see that another core listens here.
"""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import Final

_LONGEST: Final = 100
"""Bytes of a path that a socket address takes for certain (sun_path has 108)."""


def reachable(path: Path) -> Path:
    """The path in a form that a socket address can hold. A long one goes through an open folder."""
    if len(os.fsencode(path)) <= _LONGEST:
        return path
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)  # Stays open as long as the process.
    return Path(f"/proc/self/fd/{folder}") / path.name


def answers(path: Path) -> bool:
    """Whether somebody listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def another_core(own: Path) -> bool:
    """Whether a core other than ``own`` has taken over the data directory."""
    return any(path.name != own.name and answers(path) for path in own.parent.glob("core.*.sock"))


class CoreSocket:
    """The listening socket of this core."""

    def __init__(self, data_dir: Path) -> None:
        """Listens at once. ``after_crash`` says whether a former core was killed here."""
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = data_dir.resolve() / f"core.{os.getpid()}.sock"
        self._folder = reachable(self.path)
        left = [path for path in self._folder.parent.glob("core.*.sock") if not answers(path)]
        self.after_crash = bool(left)
        for path in left:
            path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)  # The socket is never there with other rights than 0600.
        try:
            self.listener.bind(str(self._folder))
        finally:
            os.umask(before)
        self.listener.listen(1024)

    def close(self) -> None:
        """Stops listening and takes the file away."""
        self.listener.close()
        with contextlib.suppress(OSError):
            self._folder.unlink()
