"""``webhook list`` and ``webhook replay``."""

from __future__ import annotations

from pathlib import Path

import click

from mailrisk.chinese.sentences import note, problem
from mailrisk.cli import output
from mailrisk.cli.groups import Group
from mailrisk.cli.options import opened, output_options, store_options
from mailrisk.service.webhooks import WebhookStatus, replay, webhook_status


@click.group("webhook", cls=Group)
def webhook_group() -> None:
    """Receivers of the change feed, as configured under [[webhook]]."""


@webhook_group.command("list")
@output_options
@store_options
def webhook_list(format_: str, lang: str | None, data_dir: Path, config: Path | None) -> None:
    """List the configured webhooks and how far each of them has been served."""
    with opened(data_dir, config, network=False) as context:
        _print(webhook_status(context), format_, output.language(lang))


@webhook_group.command("replay")
@click.argument("name")
@click.option(
    "--after", type=click.IntRange(min=0), required=True, help="Number of the last change to leave out."
)
@output_options
@store_options
def webhook_replay(
    name: str, after: int, format_: str, lang: str | None, data_dir: Path, config: Path | None
) -> None:
    """Send the webhook NAME every change after a number once more; 0 sends all of them.

    \b
    mailrisk webhook replay soar --after 1200
    """
    with opened(data_dir, config, network=False) as context:
        _print([replay(context, name, after)], format_, output.language(lang))


def _print(hooks: list[WebhookStatus], format_: str, lang: str) -> None:
    if format_ == "json":
        output.print_json(hooks)
    elif format_ == "jsonl":
        for hook in hooks:
            output.print_line(hook)
    else:
        table = output.table(
            lang, "Name", "Host", "Position", "Behind", "Failures", "Delivered", "Last error"
        )
        for hook in hooks:
            table.add_row(
                hook.name, output.safe(hook.host), str(hook.position), str(hook.behind), str(hook.failures),
                output.when(hook.delivered_at), output.safe(problem(hook.last_error, lang)),
            )  # fmt: skip
        output.console().print(table if hooks else note("no webhook is configured", lang))
