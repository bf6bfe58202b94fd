"""Name servers of a small mailrisk, in the test's own process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.interop.dns_servers import free_port
from tests.worlds import TestClock, world

from mailrisk.listen.dns.lists import ListServer
from mailrisk.listen.dns.policy_zone import PolicyZoneServer
from mailrisk.listen.dns.signed import keyring_of
from mailrisk.listen.dns.sockets import bind_pairs
from mailrisk.publish.dnsbl.answer import Answers
from mailrisk.publish.dnsbl.zones import Zone
from mailrisk.publish.rpz.transfer import policy_zone
from mailrisk.service.context import Context
from mailrisk.service.withdraw import list_by_hand, withdraw
from mailrisk.service.zones import ZoneKeeper, ZoneReader
from mailrisk.store.zones import ZoneStore

KEY = "bWFpbHJpc2stZXhhbXBsZS1rZXktMzItYnl0ZXMtb2s="
OTHER_KEY = "YW5vdGhlci1rZXktb2YtdGhpcnR5LXR3by1ieXRlcyEh"
ZONES = (Zone("ip.bl.example", "ip"), Zone("domain.bl.example", "domain"))
RPZ = "rpz.example"


@dataclass
class Place:
    """A world with its zones."""

    context: Context
    clock: TestClock
    store: ZoneStore
    keeper: ZoneKeeper
    reader: ZoneReader

    def list(self, indicator: str, category: str = "credential-phishing") -> None:
        """Lists an indicator, and lets the zones follow."""
        self.clock.forward(seconds=1)
        list_by_hand(self.context, indicator, comment="a test", category=category, analyst="anna")
        self.follow()

    def withdraw(self, indicator: str) -> None:
        """Withdraws one."""
        self.clock.forward(seconds=1)
        withdraw(self.context, indicator, comment="a test", analyst="anna")
        self.follow()

    def follow(self) -> bool:
        """What the core does all the time."""
        self.context.catch_up()
        return self.keeper.step()


@contextmanager
def place(folder: Path, *, ip_triggers: bool = False) -> Iterator[Place]:
    """Opening the same folder again finds what was stored."""
    clock = TestClock()
    folder.mkdir(exist_ok=True)
    with world(folder, clock) as context:
        store = ZoneStore(folder)
        keeper = ZoneKeeper(context, store, ip_triggers=ip_triggers)
        made = Place(context, clock, store, keeper, ZoneReader(store, context))
        made.follow()
        try:
            yield made
        finally:
            store.close()


def with_lists(at: Place, test: Callable[[int], Coroutine[Any, Any, None]]) -> Answers:
    """Runs a test beside the lists; it gets their port. Returns what counted."""
    answers = Answers(ZONES, "ns.bl.example", "host.bl.example")
    server = ListServer(answers, at.reader)
    _beside(lambda pair: server.serve(*pair), test)
    return answers


def with_policy_zone(
    at: Place, test: Callable[[int], Coroutine[Any, Any, None]], free: tuple[str, ...] = ()
) -> PolicyZoneServer:
    """Runs a test beside the response policy zone, likewise."""
    zone = policy_zone(RPZ, "ns.example", "host.example")
    server = PolicyZoneServer(zone, at.reader, keyring_of({"mailrisk": KEY}), free)
    _beside(server.serve, test)
    return server


def _beside(
    serve: Callable[[Any], Coroutine[Any, Any, None]], test: Callable[[int], Coroutine[Any, Any, None]]
) -> None:
    async def both() -> None:
        port = free_port()
        (pair,) = bind_pairs(f"127.0.0.1:{port}")
        serving = asyncio.ensure_future(serve(pair))
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(30):
                await test(port)
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving
            for one in pair:
                one.close()

    asyncio.run(both())
