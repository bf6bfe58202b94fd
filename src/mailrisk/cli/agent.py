"""``agent``: the failed-login sweep, on the mail server itself."""

from __future__ import annotations

import asyncio
import logging
import signal
from datetime import datetime
from pathlib import Path

import click
import msgspec

from mailrisk.cli import output
from mailrisk.cli.options import store_options
from mailrisk.config import Config, load_config
from mailrisk.edge.clock import system_clock
from mailrisk.model.block import Deed, Step
from mailrisk.model.errors import MailriskError
from mailrisk.service.sweep import Sweep, Swept
from mailrisk.service.sweep_report import report
from mailrisk.store.sweep_state import Day
from mailrisk.wiring.agent import make_sweep

logger = logging.getLogger(__name__)

REPORTS = "reports"


@click.command("agent")
@click.option(
    "--log",
    "logs",
    multiple=True,
    metavar="FILE",
    help="A log to follow (default: as configured); several may be given.",
)
@click.option("--server", help="URL of the mailrisk that judges (default: as configured).")
@click.option(
    "--firewall", help="nftables, ipset, fail2ban, firewalld, command or webhook (default: as configured)."
)
@click.option(
    "--once", is_flag=True, help="Sweep once, from the beginning of logs that were never read, and end."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done; touch no firewall, remember nothing.")
@click.option("--report", "only_report", is_flag=True, help="Print the report of today so far, and end.")
@click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    help="Language (default: as LANG says on the screen, as configured in reports that are kept).",
)
@store_options
@click.pass_context
def agent_command(
    click_context: click.Context, logs: tuple[str, ...], server: str | None, firewall: str | None, once: bool,
    dry_run: bool, only_report: bool, lang: str | None, data_dir: Path, config: Path | None,
) -> None:  # fmt: skip
    """Follow the logs of a mail server and block the addresses that attack its logins.

    Every interval it tells the server what the logs say, asks about the addresses that failed, and applies the
    response policy: an address of level high is blocked for an hour when it is new, for a day when it has been known
    for a day, for a week after that. Private ranges, this machine, its gateways, whoever is logged in by SSH and [agent] allow
    are never blocked.

    \b
    mailrisk agent --once --dry-run --log /var/log/mail.log
    mailrisk agent --config /etc/mailrisk.toml
    """
    settings = _with_options(load_config(config), logs, server, firewall)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    sweep = make_sweep(settings, data_dir, dry_run=dry_run, from_end=not once)
    if only_report:
        if not sweep.state.day.date:
            _new_day(sweep.state.day, system_clock())
        click.echo(report(sweep.state.day, lang=output.language(lang)), nl=False)
        return
    if once:
        click_context.exit(3 if asyncio.run(_once(sweep, output.language(lang))).errors else 0)
    kept = lang or settings.agent.report_language
    asyncio.run(_for_ever(sweep, settings.agent.interval_s, data_dir / REPORTS, kept))


def _with_options(
    settings: Config, logs: tuple[str, ...], server: str | None, firewall: str | None
) -> Config:
    """The configuration with what the command line says instead."""
    given = {"logs": logs or None, "server": server, "firewall": firewall}
    agent = msgspec.structs.replace(
        settings.agent, **{name: value for name, value in given.items() if value is not None}
    )
    return msgspec.structs.replace(settings, agent=agent)


async def _once(sweep: Sweep, lang: str) -> Swept:
    """One sweep over all that the logs have, with a table of what was done."""
    _new_day(sweep.state.day, system_clock())
    await asyncio.to_thread(sweep.restore)
    swept = await sweep.once()
    steps, errors = list(swept.steps), list(swept.errors)
    while swept.more and not swept.errors:
        swept = await sweep.once()
        steps += swept.steps
        errors += swept.errors
    _print(steps, len(errors), lang)
    return msgspec.structs.replace(swept, steps=tuple(steps), errors=tuple(errors))


_DEEDS = {
    "en": {Deed.OBSERVE: "observe (feeds alone)", Deed.SPARE: "spare (allowed)"},
    "zh": {
        Deed.BLOCK: "封锁",
        Deed.UNBLOCK: "解封",
        Deed.OBSERVE: "只观察（仅见于情报源）",
        Deed.SPARE: "放过（白名单）",
    },
}


def _print(steps: list[Step], errors: int, lang: str) -> None:
    table = output.table(lang, "Ip", "Response", "Why")
    for step in steps:
        until = f"{step.block.until:%Y-%m-%d %H:%MZ}" if step.block and step.deed is Deed.BLOCK else ""
        words = _DEEDS[lang].get(step.deed, step.deed)
        words += until and (f"，至 {until}" if lang == "zh" else f" until {until}")
        table.add_row(step.ip, words, output.safe(step.why))
    if steps:
        output.console().print(table)
    elif errors:
        click.echo(
            "没有结果：巡查未能完成，原因见上。"
            if lang == "zh"
            else "No result: the sweep failed, for the reasons above."
        )
    else:
        click.echo("没有需要封锁或解封的地址。" if lang == "zh" else "Nobody is to be blocked or let pass.")


async def _for_ever(sweep: Sweep, every_s: float, reports: Path, lang: str) -> None:
    """Sweeps until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    restored = False
    while not stop.is_set():
        _daily(sweep, system_clock(), reports, lang)
        swept = None
        try:
            if not restored:
                await asyncio.to_thread(sweep.restore)
                restored = True
            swept = await sweep.once()
        except MailriskError as error:  # Its words say what to do; a trace would hide them.
            logger.error("a sweep failed; it is tried again: %s", error)
        except Exception:
            logger.exception("a sweep failed; it is tried again")
        wait_s = 0.0 if swept is not None and swept.more else every_s
        try:
            await asyncio.wait_for(stop.wait(), wait_s or 0.01)
        except TimeoutError:
            continue


def _daily(sweep: Sweep, now: datetime, reports: Path, lang: str) -> None:
    """At the first sweep of a day the report of the one before is written and logged."""
    day = sweep.state.day
    if day.date and day.date != now.date().isoformat():
        text = report(day, lang=lang)
        reports.mkdir(parents=True, exist_ok=True)
        (reports / f"{day.date}.txt").write_text(text)
        logger.info("%s", text)
    _new_day(day, now)


def _new_day(day: Day, now: datetime) -> None:
    today = now.date().isoformat()
    if day.date != today:
        fresh = Day(date=today)
        for name in Day.__struct_fields__:
            setattr(day, name, getattr(fresh, name))
