"""What a client must do to its list to be up to date, within the limits that it sets.

A client without a version, or with one that is no longer kept, gets a reset: everything from the start
of the order on. With a limit on the size of a diff it gets the part that fits and a token that says
so; the next diff goes on from there. Whatever it got, the checksum is that of exactly what it has then.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left

import msgspec

from mailrisk.publish.webrisk.prefix_list import Net, PrefixList, checksum
from mailrisk.publish.webrisk.token import ALL, Version


class Diff(msgspec.Struct, frozen=True):
    """Drop everything if ``reset``; remove ``removals`` (positions in the sorted list), then add ``additions``.

    ``version`` is what the client has then, ``sha256`` the checksum of it. ``complete``: there is no more.
    """

    reset: bool
    additions: array[int]
    removals: list[int]
    sha256: bytes
    version: Version
    complete: bool


def compute(
    prefixes: PrefixList, client: Version | None, *, max_changes: int = 0, max_entries: int = 0
) -> Diff:
    """The diff for a client with the version ``client``.

    ``max_changes``: additions and removals in one diff; ``max_entries``: size of the client's list. 0: no
    limit.
    """
    if client is None or not prefixes.horizon <= client.seq <= prefixes.seq:
        return _reset(prefixes, max_changes, max_entries)
    net, reached = prefixes.between(client.seq, client.bound, max_changes)
    state = prefixes.as_of(reached)
    have = bisect_left(state, client.bound)
    if max_entries and have > max_entries:
        return _reset(prefixes, max_changes, max_entries)
    last = have
    if reached == prefixes.seq and client.bound < ALL:
        limits = [len(state)]
        if max_changes:
            limits.append(have + max_changes - len(net))
        if max_entries:
            limits.append(max_entries)
        last = max(have, min(limits))
    bound = client.bound if reached != prefixes.seq else _bound(state, last)
    added = sorted(prefix for prefix, sign in net.items() if sign > 0)
    additions = array("I", added) + state[have:last]
    return Diff(
        reset=False,
        additions=additions,
        removals=_positions(net, state),
        sha256=_checksum(prefixes, state, last),
        version=Version(reached, bound),
        complete=reached == prefixes.seq and last in (len(state), max_entries),
    )


def _reset(prefixes: PrefixList, max_changes: int, max_entries: int) -> Diff:
    state = prefixes.current()
    last = min(len(state), max_changes or len(state), max_entries or len(state))
    return Diff(
        reset=True,
        additions=state[:last],
        removals=[],
        sha256=_checksum(prefixes, state, last),
        version=Version(prefixes.seq, _bound(state, last)),
        complete=last in (len(state), max_entries),
    )


def _positions(net: Net, state: array[int]) -> list[int]:
    """Where in the client's sorted list the removed prefixes stand, from what is there afterwards."""
    positions = []
    added = removed = 0
    for prefix in sorted(net):
        if net[prefix] > 0:
            added += 1
        else:
            positions.append(bisect_left(state, prefix) - added + removed)
            removed += 1
    return positions


def _checksum(prefixes: PrefixList, state: array[int], last: int) -> bytes:
    if last == len(state) and state is prefixes.current():
        return prefixes.checksum()
    return checksum(state[:last])


def _bound(state: array[int], last: int) -> int:
    return ALL if last == len(state) else state[last]
