"""``rewrite``: leads the links of a message through the check page, and keeps the keys that sign them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mailrisk.cli.options import opened, store_options
from mailrisk.config import load_config
from mailrisk.edge.link_keys import LinkKeys
from mailrisk.model.errors import ConfigError, TooLarge
from mailrisk.service.rewrite import rewritten_header, with_header
from mailrisk.wiring.rewriting import rewriter

MAX_MESSAGE = 64 * 1024 * 1024
"""Bytes of a message from standard input."""


@click.group("rewrite", invoke_without_command=True)
@click.option("--to", "recipients", multiple=True, help="Recipient of the message, as often as there are.")
@store_options
@click.pass_context
def rewrite_group(
    click_context: click.Context, recipients: tuple[str, ...], data_dir: Path, config: Path | None
) -> None:
    """Lead the links of a message through the check page: message in, message out.

    How many were rewritten, and what was left and why, stands in its header X-Mailrisk-Rewritten and on standard error.

    \b
    mailrisk rewrite --config /etc/mailrisk.toml < in.eml > out.eml
    mailrisk rewrite new-key
    """
    if click_context.invoked_subcommand is not None:
        return
    raw = sys.stdin.buffer.read(MAX_MESSAGE + 1)
    if len(raw) > MAX_MESSAGE:
        raise TooLarge("message", f"more than {MAX_MESSAGE} bytes")
    with opened(data_dir, config, network=False) as context:
        made = rewriter(context, load_config(config), data_dir)
        if made is None:
            raise ConfigError("config.rewrite.base", "is not set: links would lead nowhere")
        done = made.rewrite(raw, recipients=recipients)
    sys.stdout.buffer.write(with_header(done))
    sys.stdout.buffer.flush()
    click.echo(rewritten_header(done), err=True)


@rewrite_group.command("new-key")
@store_options
def new_key_command(data_dir: Path, config: Path | None) -> None:
    """Sign with a new key from now on; links that the old ones have signed still open.

    Other nodes need the file links.key of the data directory too. A line taken out of it ends the links of that key.
    """
    with opened(data_dir, config, network=False):
        click.echo(f"{LinkKeys(data_dir).rotate()} keys open links, the newest signs")
