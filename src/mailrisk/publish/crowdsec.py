"""Decisions as CrowdSec's local API gives them to its bouncers: a reading of the table of listings.

A bouncer (a firewall, a proxy) asks ``GET /v1/decisions/stream?startup=true`` once and then, every few
seconds, without: it gets ``{"new": [...] | null, "deleted": [...] | null}``, where a decision is

    {"id":1,"origin":"mailrisk","type":"ban","scope":"Ip","value":"192.0.2.1","duration":"3h59m58s","scenario":"..."}

Source: CrowdSec's swagger ``localapi_swagger.yaml`` and what its clients send. A decision is in force while
its listing is listed and the response to it lasts. Both ends are told: a listing that goes, and a response
that has run out.

The firewall bouncer's nftables mode puts a range into its set as one address. For such a bouncer a small
network can be *expanded* into its addresses; a larger one is left out, and counted.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from mailrisk.model.subject import Kind
from mailrisk.publish.listing_keys import NUMBER
from mailrisk.publish.listing_table import ACTIONS, CATEGORIES, ListingTable, Mask, Rows, Snapshot

ORIGIN: Final = "mailrisk"
SCENARIOS: Final = (*(f"mailrisk/{category}" for category in CATEGORIES), "mailrisk/listed")
PIECE: Final = 5_000
"""Decisions that are written at a time."""

_IP, _NETWORK = NUMBER[Kind.IP], NUMBER[Kind.NETWORK]


class Wanted(NamedTuple):
    """What a bouncer asks for. ``expand``: the most addresses that a network is told as; 0: as a range."""

    scopes: tuple[str, ...] = ("ip", "range")
    scenarios: tuple[int, ...] = ()  # numbers of SCENARIOS; () for all
    types: tuple[str, ...] = ()  # () for all
    expand: int = 0


class Position(NamedTuple):
    """How far a bouncer has heard: all changes up to ``seq``, and all ends up to a time (Unix seconds)."""

    epoch: str
    seq: int
    at: int


class Delta(NamedTuple):
    """Rows of what came into force and of what no longer is."""

    new: list[int]
    gone: list[int]


def in_force(table: ListingTable, rows: Rows, now: int) -> Mask:
    """Which rows are decisions now."""
    mask: Mask = table.out(rows) & (rows["action"] > 0) & (rows["until"] > now) & (rows["kind"] <= _NETWORK)
    return mask


def since(table: ListingTable, position: Position, now: int) -> Delta:
    """What changed since ``position``, as far as the table remembers (``horizon``)."""
    rows = table.rows
    changed = rows["touched"] > max(position.seq, table.horizon)
    active = in_force(table, rows, now)
    known = rows["held"] > max(0, position.at - 2)
    ended = (rows["until"] > max(0, position.at - 2)) & (rows["until"] <= now)
    gone = ~active & (rows["kind"] <= _NETWORK) & ((changed & known) | ended)
    return Delta(np.flatnonzero(changed & active).tolist(), np.flatnonzero(gone).tolist())


class Writer:
    """Writes decisions of a snapshot as JSON, at one time, for one kind of bouncer."""

    def __init__(
        self, snapshot: Snapshot, wanted: Wanted, now: int, still: Callable[[str], bool] | None = None
    ) -> None:
        """``still``: addresses that are left out, since something else keeps them in force."""
        self._snapshot = snapshot
        self._wanted = wanted
        self._now = now
        self._still = still
        self.left_out = 0  # networks that are too large to be expanded

    def pieces(self, numbers: Sequence[int] | None = None) -> Iterator[bytes]:
        """The JSON objects of the snapshot's rows (all of them, or those numbers), PIECE of them at a time."""
        rows, first = self._snapshot.rows, True
        numbers = range(len(rows)) if numbers is None else numbers
        for start in range(0, len(numbers), PIECE):
            part = list(numbers[start : start + PIECE])
            chosen = rows[part]
            columns = zip(
                part, chosen["kind"].tolist(), chosen["category"].tolist(), chosen["action"].tolist(),
                chosen["until"].tolist(), strict=True,
            )  # fmt: skip
            lines = [line for row in columns for line in self._row(*row)]
            if lines:
                yield ("" if first else ",").encode() + ",".join(lines).encode()
                first = False

    def _row(self, number: int, kind: int, category: int, action: int, until: int) -> list[str]:
        wanted = self._wanted
        type_ = ACTIONS[action] or "ban"
        if wanted.scenarios and category not in wanted.scenarios:
            return []
        if wanted.types and type_ not in wanted.types:
            return []
        text = self._snapshot.texts[number][1:]
        texts, scope = [text], "Ip" if kind == _IP else "Range"
        if kind == _NETWORK and wanted.expand:
            texts, scope = self._expanded(text), "Ip"
        if scope.lower() not in wanted.scopes:
            return []
        if self._still is not None and scope == "Ip":
            texts = [one for one in texts if not self._still(one)]
        left = duration(max(0, until - self._now))
        head = f'{{"duration":"{left}","id":{self._id(number)},"origin":"{ORIGIN}","scenario":"{SCENARIOS[category]}","scope":"{scope}","type":"{type_}","value":"'
        return [f'{head}{one}"}}' for one in texts]

    def _id(self, number: int) -> int:
        known = self._snapshot.numbers
        return 1 + (number if known is None else known[number])

    def _expanded(self, network: str) -> list[str]:
        found = addresses(network, self._wanted.expand)
        self.left_out += not found
        return found


def address_in_force(table: ListingTable, address: str, now: int, expand: int) -> bool:
    """Whether a bouncer to which networks of up to ``expand`` addresses are told as such must keep an address."""
    for slot in table.holding(address):
        rows = table.rows[slot : slot + 1]
        whole = rows["kind"][0] == _IP or addresses(table.text(slot), expand)
        if whole and in_force(table, rows, now)[0]:
            return True
    return False


def addresses(network: str, most: int) -> list[str]:
    """The addresses of a network; none when there are more than ``most``."""
    block = ipaddress.ip_network(network)
    return [str(one) for one in block] if block.num_addresses <= most else []


def duration(seconds: int) -> str:
    """A time as Go writes it: ``3h59m58s``."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
