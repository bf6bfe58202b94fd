"""The failed-login sweep: what to do at the firewall with the addresses that failed to log in."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from mailrisk.model.block import Block, Deed, Judged, Step

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST: Final = timedelta(days=366)
"""A block without an end lasts this long: a lasting block is looked at once a year."""

OTHERS: Final = ("feed:", "partner:")
"""Sources of evidence that are not ours."""


def is_local(sources: Iterable[tuple[str, float]]) -> bool:
    """Whether any evidence with weight comes from our own logs, reports or analysis; (source, weight) pairs."""
    return any(weight > 0 and not source.startswith(OTHERS) for source, weight in sources)


def plan(
    judged: Iterable[Judged],
    blocks: Mapping[str, Block],
    allowed: Sequence[Network],
    now: datetime,
    *,
    block_feeds: bool = False,
) -> list[Step]:
    """The steps of one sweep, in the order of the addresses.

    A block stays until its end as long as the server would block the address; it is not made longer by
    being seen again, since a blocked address cannot fail. It ends early where the server has taken its
    word back, or the address is allowed now. ``block_feeds``: addresses known from feeds alone are
    blocked too; else they are only told. What the server could not answer is not in ``judged``: nothing
    changes for it.
    """
    steps = []
    for one in judged:
        known = blocks.get(one.ip)
        step = _unblocked(one, known, allowed) if known is not None else _new(one, allowed, now, block_feeds)
        if step is not None:
            steps.append(step)
    return steps


def expired(blocks: Mapping[str, Block], now: datetime) -> list[Step]:
    """The blocks whose time is over."""
    return [
        Step(deed=Deed.UNBLOCK, ip=block.ip, why="expired") for block in blocks.values() if block.until <= now
    ]


def is_allowed(ip: str, allowed: Sequence[Network]) -> bool:
    """Whether the address is in one of the networks that are never blocked."""
    address = ipaddress.ip_address(ip)
    return any(address in network for network in allowed)


def _unblocked(one: Judged, block: Block, allowed: Sequence[Network]) -> Step | None:
    if is_allowed(one.ip, allowed):
        return Step(deed=Deed.UNBLOCK, ip=one.ip, why="allowed")
    if one.response != "block":
        return Step(deed=Deed.UNBLOCK, ip=one.ip, why=f"level is {one.level} now")
    return None


def _new(one: Judged, allowed: Sequence[Network], now: datetime, block_feeds: bool) -> Step | None:
    if one.response != "block":
        return None
    longest = int(LONGEST.total_seconds())
    lasting = timedelta(seconds=longest if one.for_s is None else max(0, min(one.for_s, longest)))
    block = Block(ip=one.ip, since=now, until=now + lasting, level=one.level, why=one.why)
    if is_allowed(one.ip, allowed):
        return Step(deed=Deed.SPARE, ip=one.ip, why=one.why, block=block)
    deed = Deed.BLOCK if one.local or block_feeds else Deed.OBSERVE
    return Step(deed=deed, ip=one.ip, why=one.why, block=block)
