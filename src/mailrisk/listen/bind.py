"""The TCP port that mailrisk listens on."""

from __future__ import annotations

import errno
import socket
import time

from mailrisk.model.errors import BadInput, Unavailable


def bind(listen: str, patience_s: float = 0.0) -> socket.socket:
    """A listening socket on HOST:PORT (port 0: any). BadInput: no address. Unavailable: taken.

    ``patience_s``: how long to try again, when workers of a core that was killed may still hold the port.
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise BadInput("listen", f"{listen!r} is not HOST:PORT")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    deadline = time.monotonic() + patience_s
    while True:
        try:
            listener.bind((host.strip("[]"), int(port)))
            return listener
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            listener.close()
            raise Unavailable(f"cannot listen on {listen}: {error.strerror}") from None
