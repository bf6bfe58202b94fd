"""The TCP port that mailrisk listens on."""

from __future__ import annotations

import errno
import socket
import time

from mailrisk.model.errors import BadInput, Unavailable


def bind(listen: str, patience_s: float = 0.0, *, shared: bool = False) -> socket.socket:
    """A listening socket on HOST:PORT (port 0: any). BadInput: no address. Unavailable: taken.

    ``patience_s``: how long to try again, when workers of a core that was killed may still hold the port.
    ``shared``: whether ``join`` may bind further sockets to the port. The kernel then spreads connections
    evenly over them, which processes that accept from one socket do not.
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise BadInput("listen", f"{listen!r} is not HOST:PORT")
    address = (host.strip("[]"), int(port))
    deadline = time.monotonic() + patience_s
    while True:
        try:
            # A port that another program shares must be refused all the same: the first try shares nothing.
            listener = _bound(address, shared=False)
            if shared:
                address = listener.getsockname()[:2]
                listener.close()
                listener = _bound(address, shared=True)
            return listener
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            if error.errno == errno.EADDRINUSE:
                raise Unavailable(_taken(listen, host, int(port))) from None
            raise Unavailable(f"cannot listen on {listen}: {error.strerror}") from None


def _taken(listen: str, host: str, port: int) -> str:
    """What to do where another program has the port."""
    free = f"{host}:{port + 1 if port < 65535 else port - 1}"
    return (
        f"another program listens on {listen}; choose another port: "
        f"mailrisk serve --listen {free}, or make run LISTEN={free}"
    )


def join(listener: socket.socket) -> socket.socket:
    """One more socket on the port of a socket that is shared."""
    return _bound(listener.getsockname()[:2], shared=True)


def _bound(address: tuple[str, int], *, shared: bool) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener
