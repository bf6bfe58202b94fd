"""``serve``: the service in the foreground."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailrisk.cli.language import language
from mailrisk.cli.options import store_options
from mailrisk.config import Config, load_config
from mailrisk.listen.bind import bind
from mailrisk.listen.dns.sockets import Pair
from mailrisk.listen.fast.core_socket import CoreSocket
from mailrisk.listen.workers import Workers, worker_options
from mailrisk.model.ip import parse_ip
from mailrisk.service.context import Context
from mailrisk.service.keys import Role, issue
from mailrisk.service.readers import Readers
from mailrisk.wiring import open_context, warm_readers
from mailrisk.wiring.zones import list_sockets

if TYPE_CHECKING:
    from mailrisk.edge.worker_pool import WorkerPool

KEY_FILE = "admin.key"

TAKE_OVER_S = 10.0
"""How long the workers of a core that was killed have to leave the port to us."""


@click.command("serve")
@click.option("--listen", help="HOST:PORT (default: as configured, 127.0.0.1:8025).")
@click.option(
    "--workers",
    type=click.IntRange(0, 256),
    help="Look-up processes (default: as configured, one a core; 0: everything in one process).",
)
@click.option("--no-network", is_flag=True, help="Look nothing up outside this machine and fetch no feeds.")
@store_options
def serve_command(
    listen: str | None, workers: int | None, no_network: bool, data_dir: Path, config: Path | None
) -> None:
    """Run the service in the foreground; stop it with Ctrl-C.

    The first start makes an administrator key, prints it, and keeps it in DATA_DIR/admin.key.

    \b
    mailrisk serve
    mailrisk serve --listen 0.0.0.0:8025 --data-dir /var/lib/mailrisk --config /etc/mailrisk.toml
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("alembic", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    settings = load_config(config)
    count = settings.server.workers if workers is None else workers
    if count is None:
        count = os.cpu_count() or 1
    with contextlib.closing(CoreSocket(data_dir)) as core:
        patience_s = TAKE_OVER_S if core.after_crash else 0.0
        listener = bind(listen or settings.server.listen, patience_s, shared=count > 1)
        # The workers load what they need while this process opens its stores.
        options = worker_options(data_dir, config)
        dns = list_sockets(settings, count, patience_s)
        processes = Workers(count, listener, core, options, dns) if count else None
        try:
            own = [] if count else dns
            _serve(listener, core, processes, data_dir, settings, options, own, network=not no_network)
        finally:
            if processes is not None:
                processes.kill()


def _serve(
    listener: socket.socket,
    core: CoreSocket,
    workers: Workers | None,
    data_dir: Path,
    settings: Config,
    options: list[str],
    dns: list[Pair],
    *,
    network: bool,
) -> None:
    from mailrisk.checks import make_pool
    from mailrisk.listen.serve import serve  # The web framework takes long to load.
    from mailrisk.service.watch import Watch
    from mailrisk.wiring.alerts import make_alerts
    from mailrisk.wiring.listeners import Parts, listeners
    from mailrisk.wiring.surfaces import surfaces

    with open_context(data_dir, settings, network=network) as opened:
        checkers = make_pool(_check_workers(settings, workers), options, network=network)
        context = replace(opened, command_options=tuple(options), checkers=checkers)
        started = asyncio.Event()
        key, is_new = _admin_key(context, data_dir)

        def ready(url: str) -> None:
            if is_new:
                click.echo(_welcome(url, key, data_dir))
            click.echo(f"ready {url}")  # Programs wait for this line: it is the same in every language.
            started.set()

        frontends = [parse_ip(text) for text in settings.login.trusted_frontends]
        watching = Watch(context, data_dir / "events", frontends, settings.login.addresses_per_key)
        with contextlib.closing(watching) as watch:
            shown = surfaces(context, settings, data_dir)
            alerts = make_alerts(settings, context.clock)
            parts = Parts(context, watch, settings, data_dir, alerts, dns, shown.visits)
            serve(
                context, listener, core, watch=watch, workers=workers, max_body_bytes=settings.server.max_body_mb * 1024 * 1024, ready=ready,
                also=[*listeners(parts), partial(_come_up_late, started, context.readers, checkers)], surfaces=shown,
            )  # fmt: skip


async def _come_up_late(started: asyncio.Event, readers: Readers, checkers: WorkerPool | None) -> None:
    """Loads what takes seconds of a processor, once nobody waits for the service to come up.

    The processes that check messages, and the one that embeds texts, start with the first message: half of all memory is
    theirs. Until they are up this process checks messages itself.
    """
    await started.wait()
    await asyncio.to_thread(import_module, "mailrisk.service.check_message")
    if checkers is None:
        warm_readers(readers)
        return
    serving = asyncio.ensure_future(checkers.run())
    try:
        await checkers.wanted.wait()
        warm_readers(readers)
        await serving
    finally:
        serving.cancel()


def _check_workers(settings: Config, workers: Workers | None) -> int:
    """How many processes check messages: as configured, else one a core; none where all is to be in one process."""
    count = settings.server.check_workers
    return count if count is not None else (os.cpu_count() or 1) if workers is not None else 0


def _admin_key(context: Context, data_dir: Path) -> tuple[str, bool]:
    """The administrator key and whether it was made just now. The file is readable by its owner alone."""
    path = data_dir / KEY_FILE
    if path.exists():
        return path.read_text().strip(), False
    issued = issue(context, Role.ADMIN, note="first administrator")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(issued.key + "\n")
    return issued.key, True


_WELCOME = {
    "en": ("Administrator key (kept in {}):", "Try, in another terminal:"),
    "zh": ("管理员密钥（保存在 {}）：", "可在另一个终端中试用："),
}


def _welcome(url: str, key: str, data_dir: Path) -> str:
    """The key and three commands that work when pasted into another terminal."""
    program = Path(sys.executable).with_name("mailrisk")
    folder = data_dir.resolve()
    examples = Path(__file__).resolve().parents[1] / "data" / "examples"
    kept, attempt = _WELCOME[language()]
    return f"""
{kept.format(folder / KEY_FILE)}

  {key}

{attempt}

  {program} message check --data-dir {folder} {examples / "mailbox-quota.eml"}
  {program} log detect --data-dir {folder} {examples / "dovecot.log"}
  curl -s -H 'X-API-Key: {key}' -d '{{"urls": ["http://example.org/login"]}}' {url}/api/v1/urls:check
"""
