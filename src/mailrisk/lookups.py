"""Look-ups without the rest of mailrisk: the library's entry, and the program of a look-up worker.

    from mailrisk.lookups import open_lookups

    with open_lookups("/var/lib/mailrisk") as lookups:
        found = lookups.find("https://evil.example/login")
        if found is not None:
            print(found.level, found.category, found.indicator)

It reads the index of a data directory that a running ``mailrisk serve`` keeps current, loads neither a
database nor a web framework, and looks nothing up outside.
"""

from __future__ import annotations

import argparse
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from mailrisk.config import Config, load_config
from mailrisk.edge.clock import system_clock
from mailrisk.edge.geo import GeoDatabase
from mailrisk.edge.policy_files import load_policy
from mailrisk.model.change import Listing
from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.model.evidence import SHARED
from mailrisk.model.url.plain import plain_link
from mailrisk.service.check_url import Analyse, list_age, match_plain, matched, too_old
from mailrisk.service.context import LookupContext
from mailrisk.service.rendered import Renderer
from mailrisk.store.index import LookupIndex
from mailrisk.store.index_view import View
from mailrisk.wiring import load_knowledge


class Lookups:
    """Look-ups in the caller's own process. One object serves one thread."""

    def __init__(self, context: LookupContext) -> None:
        self._context = context
        self._index = context.index
        self._own = context.knowledge.own_domains
        self._renderer = Renderer(context)

    def find(self, url: str, tenant: int = SHARED) -> Listing | None:
        """The listing that covers a URL; None when nothing lists it, which does not make it clean.

        Wrapped links are unwrapped. BadUrl, TooLarge: ``url`` is no URL.
        """
        view = self._index.view()
        try:  # The ``with`` of a view costs two calls more.
            return self._find(view, url, tenant)
        finally:
            view.end()

    def find_each(self, urls: Iterable[str], tenant: int = SHARED) -> list[Listing | BadInput | None]:
        """As ``find`` for many URLs, all in one state of the index; the error in the place of a text that is no URL."""
        found: list[Listing | BadInput | None] = []
        with self._context.index.view() as view:
            for url in urls:
                try:
                    found.append(self._find(view, url, tenant))
                except BadInput as error:
                    found.append(error)
        return found

    def _find(self, view: View, url: str, tenant: int) -> Listing | None:
        # Nearly every URL is plain: no values are made of one that leads nowhere else.
        plain = plain_link(url, self._own)
        if plain is not None:
            match = match_plain(self._context, view, *plain, tenant)
        else:
            match = matched(self._context, view, url, tenant).match
        return None if match is None else view.listing(match)

    def check(
        self, urls: Sequence[str], analyse: str = "static", tenant: int = SHARED
    ) -> list[dict[str, Any]]:
        """What ``POST /api/v1/urls:check`` answers: one object for each URL, in order, as dictionaries."""
        with self._context.index.view() as view:
            asked = self._renderer.asked(view, Analyse(analyse), tenant)
            return [msgspec.json.decode(answer) for answer in self._renderer.urls(view, urls, asked)]

    def warm(self) -> int:
        """Maps the whole index at once, for a process that looks up a lot: no look-up waits for a page then.

        Returns the bytes mapped; 0 where the index is too large for the machine or the system cannot.
        """
        return self._context.index.warm()

    @property
    def is_too_old(self) -> bool:
        """Whether the index has lost contact with its ledger: then a miss says nothing."""
        return too_old(self._context, list_age(self._context))


@contextmanager
def open_lookups(data_dir: str | Path, config: Path | None = None) -> Iterator[Lookups]:
    """Opens the index of a data directory for reading. Unavailable: there is none.

    LMDB wants one opening a process; open it after forking.
    """
    context = prepare(Path(data_dir), load_config(config))()
    try:
        yield Lookups(context)
    finally:
        context.index.close()


def prepare(data_dir: Path, config: Config) -> Callable[[], LookupContext]:
    """Loads what takes time, and returns the function that opens the index."""
    knowledge = load_knowledge(config, texts=False)
    policy = load_policy(knowledge.hashes)

    def open_index() -> LookupContext:
        if not (data_dir / "index").is_dir():
            raise Unavailable(f"{data_dir} has no look-up index; has mailrisk run there?")
        return LookupContext(
            index=LookupIndex(data_dir / "index", readonly=True),
            policy=policy,
            knowledge=knowledge,
            locate=GeoDatabase.open(data_dir / "cache", data_dir / "geo").locate,
            clock=system_clock,
            index_max_age=timedelta(seconds=config.index.max_age_s),
        )

    return open_index


def main() -> None:
    """The program of a look-up worker; only ``mailrisk serve`` starts it."""
    import logging

    from mailrisk.listen.fast.core_socket import reachable
    from mailrisk.listen.fast.worker import run

    parser = argparse.ArgumentParser(prog="mailrisk look-up worker")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--dns", type=int, nargs=2, metavar=("UDP", "TCP"))
    parser.add_argument("--core", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--config", type=Path)
    options = parser.parse_args()
    logging.basicConfig(
        level=logging.WARNING, format=f"%(asctime)s worker {os.getpid()} %(levelname)s %(message)s"
    )
    listener = socket.socket(fileno=options.fd)
    config = load_config(options.config)
    also = None
    if options.dns:
        from mailrisk.listen.dns.sockets import Pair
        from mailrisk.wiring.zones import list_server

        pair = Pair(*(socket.socket(fileno=fd) for fd in options.dns))
        also = lambda context: list_server(options.data_dir, config, context, pair)
    run(listener, reachable(options.core), prepare(options.data_dir, config), also)


if __name__ == "__main__":
    main()
