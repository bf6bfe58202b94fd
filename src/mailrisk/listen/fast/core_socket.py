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

from mailrisk.model.errors import Unavailable

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
        """Listens at once. ``after_crash`` says whether a former core was killed here.

        Unavailable: the folder cannot be written, or another core runs here: two would fetch, send and count
        everything twice.
        """
        try:
            data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path = data_dir.resolve() / f"core.{os.getpid()}.sock"
            self._folder = reachable(self.path)
            self.after_crash = self._take_over(data_dir)
            self.listener = _listening(self._folder)
        except OSError as error:
            reason = error.strerror or str(error)
            raise Unavailable(f"mailrisk cannot run in the data directory {data_dir}: {reason}") from None

    def _take_over(self, data_dir: Path) -> bool:
        """Removes the sockets of cores that were killed, and says whether there were any. Unavailable: one lives."""
        left = list(self._folder.parent.glob("core.*.sock"))
        for path in left:
            if answers(path):
                raise Unavailable(
                    f"mailrisk runs in the data directory {data_dir} already, as process {path.name.split('.')[1]}: "
                    "stop that one first, or name another folder with --data-dir"
                )
        for path in left:
            path.unlink(missing_ok=True)
        return bool(left)

    def close(self) -> None:
        """Stops listening and takes the file away."""
        self.listener.close()
        with contextlib.suppress(OSError):
            self._folder.unlink()


def _listening(path: Path) -> socket.socket:
    """A socket that listens there. OSError: it cannot."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # The socket is never there with other rights than 0600.
    try:
        listener.bind(str(path))
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    listener.listen(1024)
    return listener
