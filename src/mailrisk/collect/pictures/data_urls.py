"""Pictures that stand in a body itself, as ``data:image/...`` addresses (RFC 2397)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final
from urllib.parse import unquote_to_bytes

DATA: Final = re.compile(r"data:image/[a-z0-9.+-]{1,30}(?:;[a-z0-9=.-]{1,40}){0,4},", re.IGNORECASE)
"""Where the address of a picture begins, up to its content."""

_WHITE: Final = re.compile(r"\s+")


def data_bytes(address: str) -> bytes:
    """What a ``data:image/...`` address holds (RFC 2397); nothing for another address."""
    match = DATA.match(address)
    if match is None:
        return b""
    content = address[match.end() :]
    if ";base64" not in match[0].lower():
        return unquote_to_bytes(content)
    content = _WHITE.sub("", content)
    if "%" in content:
        content = unquote_to_bytes(content).decode("latin-1")
    try:
        return base64.b64decode(content + "=" * (-len(content) % 4))
    except (binascii.Error, ValueError):
        return b""
