"""What an agent does at a firewall: blocks, and the steps that make and end them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What the server says about an address, as far as a firewall wants to know it.

    ``response`` and ``for_s`` are the server's response policy; ``local``: somebody on our side saw it do
    harm, it is not known from others' lists alone. ``known_for_s``: since it was first detected.
    """

    ip: str
    level: str
    score: int
    response: str
    for_s: int | None
    known_for_s: int | None
    local: bool
    why: str = ""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """An address that is blocked until a time."""

    ip: str
    since: datetime
    until: datetime
    level: str
    why: str = ""


class Deed(StrEnum):
    """What becomes of an address in one sweep."""

    BLOCK = "block"
    UNBLOCK = "unblock"
    OBSERVE = "observe"  # would be blocked, were it not known from feeds alone
    SPARE = "spare"  # would be blocked, were it not one of ours


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do, and why. ``block`` is set for ``block``, ``observe`` and ``spare``."""

    deed: Deed
    ip: str
    why: str
    block: Block | None = None
