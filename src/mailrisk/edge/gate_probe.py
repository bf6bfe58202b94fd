"""Asks the gates from the outside, as a mail server, a proxy and a reader would: does somebody answer there who speaks the protocol?"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import httpcore

WAIT_S: Final = 5.0
_OPTIONS: Final = (
    b"OPTIONS icap://127.0.0.1/visits ICAP/1.0\r\nHost: 127.0.0.1\r\nEncapsulated: null-body=0\r\n\r\n"
)
_OFFER: Final = struct.pack(">IcIII", 13, b"O", 6, 0x1FF, 0x1FFFFF)


def milter_error(listen: str) -> str:
    """Why a mail server could not speak milter with what listens there; '' when it could."""
    return _said(listen, _OFFER, lambda said: len(said) >= 17 and said[4:5] == b"O", "milter")


def icap_error(listen: str) -> str:
    """Why a proxy could not speak ICAP with what listens there; '' when it could."""
    return _said(
        listen, _OPTIONS, lambda said: said.startswith(b"ICAP/1.0 200 ") and b"REQMOD" in said, "ICAP"
    )


def page_error(base: str) -> str:
    """Why visitors could not see the page that says why; '' when they could, as far as this machine can tell."""
    try:
        answer = httpcore.request(
            "GET",
            f"{base.rstrip('/')}/visit",
            extensions={"timeout": dict.fromkeys(("connect", "read"), WAIT_S)},
        )
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        return f"{urlsplit(base).netloc}: {type(error).__name__}"
    ours = answer.status == 400 and b"mailrisk" in answer.content  # There is no page without a token.
    return "" if ours else f"HTTP {answer.status}"


def links_error(base: str, link: str) -> str:
    """Why readers could not open rewritten links at ``base``; '' when they could. ``link``: the path of one of ours.

    A forged one has to be refused there: else something answers that is not this service, or leads anybody anywhere.
    """
    for path, status in ((link, 200), (link.rpartition(".")[0] + "." + "A" * 22, 400)):
        try:
            answer = httpcore.request(
                "HEAD",
                base + path,
                extensions={"timeout": dict.fromkeys(("connect", "read"), WAIT_S)},
            )
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            return f"{urlsplit(base).netloc}: {type(error).__name__}"
        if answer.status != status:
            which = "a link of ours" if status == 200 else "a forged link"
            return f"HTTP {answer.status} in place of {status} for {which}"
    return ""


def _said(listen: str, question: bytes, good: Callable[[bytes], bool], name: str) -> str:
    host, _, port = listen.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=WAIT_S) as line:
            line.sendall(question)
            said = line.recv(4096)
    except (OSError, ValueError) as error:
        return str(error)
    return "" if good(said) else f"what answers there does not speak {name}"
