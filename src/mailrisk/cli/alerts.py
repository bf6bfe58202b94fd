"""``alert``: the channels by which administrators are told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from mailrisk.chinese.sentences import problem
from mailrisk.cli.groups import Group
from mailrisk.cli.language import language
from mailrisk.cli.options import store_options
from mailrisk.config import load_config
from mailrisk.edge.clock import system_clock
from mailrisk.model.alert import Alert
from mailrisk.model.errors import NotFound, Unavailable
from mailrisk.publish.alerts import text_of
from mailrisk.service.alerts import Channel
from mailrisk.wiring.alerts import channels


@click.group("alert", cls=Group)
def alert_group() -> None:
    """Channels by which administrators are told, as configured under [[alert]]."""


@alert_group.command("test")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@store_options
@click.pass_context
def alert_test(
    click_context: click.Context, names: tuple[str, ...], data_dir: Path, config: Path | None
) -> None:
    """Send a test message by these channels, by all if none is named.

    \b
    mailrisk alert test --config /etc/mailrisk.toml
    mailrisk alert test oncall
    """
    known = channels(load_config(config))
    if missing := set(names) - {channel.name for channel in known}:
        raise NotFound(
            f"no alert channel {', '.join(sorted(missing))}; there are: {', '.join(c.name for c in known)}"
        )
    chosen = [channel for channel in known if not names or channel.name in names]
    if not chosen:
        click.echo(problem("No channel is configured; see docs/how-to/alerts.md.", language()))
    failed = [channel for channel in chosen if not asyncio.run(_sent(channel))]
    click_context.exit(3 if failed else 0)


async def _sent(channel: Channel) -> bool:
    now = system_clock()
    alert = Alert(kind="test", at=now, en="mailrisk can reach you here", zh="mailrisk 可以通过此渠道通知您")
    try:
        await channel.send(text_of([alert], chinese=channel.chinese), [alert], now)
    except Unavailable as error:
        click.echo(problem(f"{channel.name}: {error}", language()), err=True)
        return False
    click.echo(problem(f"{channel.name}: sent", language()))
    return True
