"""The program of a check worker: it checks messages for the core, which starts it (``edge/worker_pool.py``).

It reads the index and the ledger that the core keeps, has a process of its own to open files, and looks names up by itself.
It has no slow readers: what needs one goes back to the core.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from mailrisk.config import Config, load_config
from mailrisk.edge.worker_pool import WorkerPool, work
from mailrisk.service.analysis_threads import AnalysisThreads
from mailrisk.service.check_job import check_here
from mailrisk.service.context import Context
from mailrisk.service.readers import Readers
from mailrisk.wiring import open_context

AT_ONCE: Final = 16
"""Messages that one worker has at a time: most of them wait for name servers."""


def make_pool(count: int, options: Sequence[str], *, network: bool = True) -> WorkerPool | None:
    """The pool of check workers for a data directory; its processes start with ``run``. None for no workers.

    ``options``: ``--data-dir`` and ``--config`` as every worker gets them.
    """
    if not count:
        return None
    command = [sys.executable, "-m", "mailrisk.checks", *options, *([] if network else ["--no-network"])]
    return WorkerPool(command, count)


@contextmanager
def open_check_context(data_dir: Path, config: Config, *, network: bool = True) -> Iterator[Context]:
    """What a check worker works with: as the core's, with one process to open files and no slow readers."""
    with open_context(
        data_dir, replace(config, files=replace(config.files, children=1)), network=network
    ) as opened:
        has = {"embedding": opened.readers.embedder, "language-model": opened.readers.language_model}
        depth = replace(
            opened.depth,
            quick_only=True,
            off=opened.depth.off | {name for name, reader in has.items() if reader is None},
        )
        # There is no other work in this process that could wait for the analysis.
        yield dataclasses.replace(opened, analysis=AnalysisThreads(0), readers=Readers(), depth=depth)


def main() -> None:
    """Serves the connection whose file descriptor is the last argument, until that closes."""
    parser = argparse.ArgumentParser(prog="mailrisk check worker")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--no-network", action="store_true")
    parser.add_argument("fd", type=int)
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the core, whose end closes the connection.
    logging.basicConfig(
        level=logging.WARNING, format=f"%(asctime)s checks {os.getpid()} %(levelname)s %(message)s"
    )
    config = load_config(given.config)
    with open_check_context(given.data_dir, config, network=not given.no_network) as context:
        gc.collect()
        gc.freeze()  # What is loaded now lives to the end.
        asyncio.run(work(socket.socket(fileno=given.fd), partial(check_here, context), AT_ONCE))


if __name__ == "__main__":
    main()
