"""NOTIFY (RFC 1996): tells resolvers that the response policy zone has a new version, until they have heard it.

It is a hint without a signature: unbound understands none, and BIND needs none from its primary's address, since both
ask for the serial themselves before they believe anything.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode

from mailrisk.publish.rpz.journal import read_state
from mailrisk.service.zones import ZoneReader

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.1
WAIT_S: Final = (0.5, 1.0, 2.0, 4.0)
"""How long an answer is waited for, the first time, the second, ...; then the resolver's own refresh has to do."""


class Notifier:
    """Tells ``targets`` (address, port) of each new serial."""

    def __init__(self, zone: dns.name.Name, zones: ZoneReader, targets: list[tuple[str, int]]) -> None:
        self._zone, self._zones, self._targets = zone, zones, targets
        self._under_way: dict[tuple[str, int], asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Looks for new serials until it is cancelled."""
        told, last_write = -1, -1
        try:
            while True:
                written = self._zones.store.last_write()
                if written != last_write:
                    last_write = written
                    with self._zones.store.reading() as rows:
                        state = read_state(rows)
                    if state.version and state.serial != told:
                        told = state.serial
                        self._tell_all(told)
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for task in self._under_way.values():
                task.cancel()

    def _tell_all(self, serial: int) -> None:
        for target in self._targets:
            before = self._under_way.pop(target, None)
            if before is not None:
                before.cancel()  # What it wanted to say is out of date.
            self._under_way[target] = asyncio.ensure_future(self._tell(target, serial))

    async def _tell(self, target: tuple[str, int], serial: int) -> None:
        why = ""
        for wait_s in WAIT_S:
            try:
                answer = await dns.asyncquery.udp(self._message(), target[0], wait_s, target[1])
                if answer.rcode() == dns.rcode.NOERROR:
                    return
                why = dns.rcode.to_text(answer.rcode())
                await asyncio.sleep(wait_s)
            except (dns.exception.DNSException, OSError) as error:
                why = str(error) or type(error).__name__
                await asyncio.sleep(wait_s / 2)
        logger.warning("%s:%d did not take the NOTIFY of serial %d: %s", *target, serial, why[:200])

    def _message(self) -> dns.message.Message:
        message: Any = dns.message.make_query(self._zone, "SOA")
        message.set_opcode(dns.opcode.NOTIFY)
        message.flags |= dns.flags.AA
        return message  # type: ignore[no-any-return]
