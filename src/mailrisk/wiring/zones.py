"""Lists over DNS and the response policy zone: who writes the rows, who answers from them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mailrisk.config import Config
from mailrisk.listen.dns.sockets import Pair, bind_pairs
from mailrisk.model.errors import ConfigError
from mailrisk.model.ip import split_port
from mailrisk.service.context import LookupContext

if TYPE_CHECKING:
    from mailrisk.wiring.listeners import Parts

logger = logging.getLogger(__name__)

FOLLOW_EVERY_S: Final = 0.2
FILES_EVERY_S: Final = 1.0

Server = Callable[[], Awaitable[None]]


def list_sockets(config: Config, count: int, patience_s: float = 0.0) -> list[Pair]:
    """Sockets for the lists over DNS, a pair for each process that answers; none when they are not asked for."""
    return bind_pairs(config.dns.listen, max(1, count), patience_s) if config.dns.listen else []


def list_server(data_dir: Path, config: Config, context: LookupContext, pair: Pair) -> Server:
    """One process's share of the lists. The rows must be there already."""
    from mailrisk.listen.dns.lists import ListServer
    from mailrisk.service.zones import ZoneReader
    from mailrisk.store.zones import ZoneStore

    reader = ZoneReader(ZoneStore(data_dir, readonly=True), context)
    server = ListServer(_answers(config), reader)
    return lambda: _said("the lists over DNS", lambda: server.serve(*pair))


def _answers(config: Config) -> Any:
    from mailrisk.publish.dnsbl.answer import Answers
    from mailrisk.publish.dnsbl.zones import Zone

    dns = config.dns
    named = ((dns.ip_zone, "ip"), (dns.domain_zone, "domain"), (dns.url_zone, "url"))
    zones = tuple(Zone(name.strip(".").lower(), kind) for name, kind in named if name)
    if not zones:
        raise ConfigError("config.dns", "no zone has a name")
    return Answers(zones, dns.nameserver, dns.contact)


def zones(parts: Parts) -> Server | None:
    """All that the core does for them: the rows, rbldnsd's files, transfers, and answers where it has no workers."""
    config = parts.settings
    if not (config.dns.listen or config.dns.rbldnsd or config.rpz.listen):
        return None
    from mailrisk.listen.dns.lists import ListServer
    from mailrisk.service.zone_files import ZoneFiles
    from mailrisk.service.zones import ZoneKeeper, ZoneReader
    from mailrisk.store.zones import ZoneStore

    store = ZoneStore(parts.data_dir)
    reader = ZoneReader(store, parts.context)
    keeper = ZoneKeeper(parts.context, store, ip_triggers=config.rpz.ip_triggers)
    answers = _answers(config) if config.dns.listen else None
    run: list[Server] = [lambda: _repeat("zones", FOLLOW_EVERY_S, keeper.step)]
    if config.dns.rbldnsd:
        names = (config.dns.nameserver, config.dns.contact)
        files = ZoneFiles(parts.context, reader, Path(config.dns.rbldnsd), names)
        run.append(lambda: _repeat("rbldnsd files", FILES_EVERY_S, files.step))
    if answers is not None and len(parts.dns) == 1:
        lists, pair = ListServer(answers, reader), parts.dns[0]
        run.append(lambda: lists.serve(*pair))
    if config.rpz.listen:
        run.extend(_policy_zone(config, reader))
    return lambda: _together(run)


def _policy_zone(config: Config, reader: Any) -> Sequence[Server]:
    import dns.name

    from mailrisk.listen.dns.notify import Notifier
    from mailrisk.listen.dns.policy_zone import PolicyZoneServer
    from mailrisk.listen.dns.signed import keyring_of
    from mailrisk.publish.rpz.transfer import policy_zone

    rpz = config.rpz
    keys = keyring_of(rpz.keys)
    if not keys and not rpz.without_key:
        raise ConfigError(
            "config.rpz.keys", "without a key, and without an address that needs none, nobody may transfer"
        )
    if rpz.listen == config.dns.listen:
        raise ConfigError("config.rpz.listen", "the lists and the response policy zone need a port each")
    targets = [(ip, port or 53) for ip, port in map(split_port, rpz.notify)]
    zone = policy_zone(rpz.zone, config.dns.nameserver, config.dns.contact)
    server = PolicyZoneServer(zone, reader, keys, rpz.without_key)
    notifier = Notifier(dns.name.from_text(rpz.zone), reader, targets)
    pair = bind_pairs(rpz.listen, setting="rpz.listen")[0]
    return [lambda: server.serve(pair), notifier.run]


async def _together(run: Sequence[Server]) -> None:
    """Runs all of them; one that ends by an error does not take the others with it."""
    await asyncio.gather(*(_said("a server of DNS", one) for one in run), return_exceptions=True)


async def _said(name: str, server: Server) -> None:
    """Nobody waits for these tasks: what ends one is said here."""
    try:
        await server()
    except Exception:
        logger.exception("%s ended by an error", name)
        raise


async def _repeat(name: str, every_s: float, action: Callable[[], object]) -> None:
    """Calls ``action`` for ever; a failure is logged once until it changes, and tried again."""
    said = ""
    while True:
        try:
            await asyncio.to_thread(action)
            said = ""
        except Exception as error:
            if str(error) != said:
                said = str(error)
                logger.exception("the loop %s failed; it tries again", name)
        await asyncio.sleep(every_s)
