"""Asks our own service from the outside for a list, as a firewall does."""

from __future__ import annotations

import base64
from typing import Final

import httpcore

from mailrisk.model.ip import split_port

TIMEOUT_S: Final = 10.0

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is listened on


def list_error(listen: str, key: str, name: str = "ip4.txt") -> str:
    """Why a firewall that shows the key as its password gets no list at HOST:PORT; '' when it gets one.

    A service that does not run is told by what it leaves behind (the age of the index), and not here.
    """
    host, port = split_port(listen)
    host = _EVERYWHERE.get(host, host)
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    credentials = base64.b64encode(f"doctor:{key}".encode()).decode()
    headers = [("Authorization", f"Basic {credentials}"), ("Accept-Encoding", "gzip")]
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT_S)
    try:
        answer = httpcore.request(
            "GET", f"http://{place}/lists/{name}?limit=1", headers=headers, extensions={"timeout": timeouts}
        )
    except httpcore.ConnectError:
        return ""
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
        return f"{type(error).__name__} {error}".strip()
    if answer.status == 200:
        return ""
    return f"{answer.status} {answer.content[:200].decode(errors='replace')}"
