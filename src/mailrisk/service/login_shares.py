"""Which addresses carry most logins, told by the watch to other processes through a small file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from mailrisk.analyse.login.busiest import Busiest, Share

FILE: Final = "logins.json"
"""In the folder of events; it holds addresses and shares, and no account."""

MAX_BYTES: Final = 65_536


class LoginShares(msgspec.Struct, frozen=True, kw_only=True):
    """The busiest addresses, and of about how many logins of the last days."""

    at: datetime
    logins: int
    shares: tuple[Share, ...]


_shares = msgspec.json.Decoder(LoginShares)


def write_shares(folder: Path, busiest: Busiest, at: datetime) -> None:
    """Replaces the file. OSError: it cannot be written."""
    known = LoginShares(at=at, logins=round(busiest.total), shares=busiest.shares())
    new = folder / f"{FILE}.new"
    new.write_bytes(msgspec.json.encode(known))
    new.replace(folder / FILE)


def read_shares(folder: Path) -> LoginShares | None:
    """What the watch told last; None when it told nothing, or nothing that can be read."""
    try:
        with (folder / FILE).open("rb") as file:
            return _shares.decode(file.read(MAX_BYTES))
    except (OSError, msgspec.MsgspecError):
        return None
