"""``rewrite``: leads the links of a message through the check page, and keeps the keys that sign them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from mailrisk.chinese.sentences import problem
from mailrisk.cli import output
from mailrisk.cli.groups import Group
from mailrisk.cli.options import opened, output_options, store_options
from mailrisk.config import load_config
from mailrisk.edge.click_log import ClickLog, ClickRecord
from mailrisk.edge.files import read_message_file
from mailrisk.edge.link_keys import LinkKeys
from mailrisk.model.errors import ConfigError
from mailrisk.service.check_url import look_up
from mailrisk.service.clicks import ClickCount, count_clicks, page_hash
from mailrisk.service.rewrite import recipient_digest, rewritten_header, with_header
from mailrisk.wiring.rewriting import rewriter


@click.group("rewrite", cls=Group, invoke_without_command=True)
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
    raw = read_message_file("-")
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
        count = LinkKeys(data_dir).rotate()
    click.echo(
        problem(
            f"{output.counted(count, 'key opens', 'keys open')} links, the newest signs", output.language()
        )
    )


@rewrite_group.command("clicks")
@click.argument("page")
@click.option("--of", "address", default="", help="How many of them the mailbox ADDRESS has clicked.")
@output_options
@store_options
def clicks_command(
    page: str, address: str, format_: str, lang: str | None, data_dir: Path, config: Path | None
) -> None:
    """Show who has clicked on a page, or on any page of a host, before and after it was found dangerous.

    \b
    mailrisk rewrite clicks https://evil.example/login
    mailrisk rewrite clicks evil.example --of anna@example.org
    """
    with opened(data_dir, config, network=False) as context:
        url = look_up(context, page).unwrapped.url  # A rewritten link is as good as its page.
    digest, recipient = page_hash(url), ""
    if address:
        recipient = recipient_digest(LinkKeys(data_dir).read(), 0, address).hex()
    is_page = any(mark in page for mark in "/?#")  # A bare name is a host, as among indicators.

    def asked(one: ClickRecord) -> bool:
        return one.page == digest if is_page else f".{one.host}".endswith(f".{url.host}")

    found = count_clicks(ClickLog(data_dir), asked, recipient)
    output.print_answers([found], format_, lambda _: _print(found, output.language(lang), address))


def _print(found: ClickCount, lang: str, address: str) -> None:
    if not found.clicks:
        click.echo(problem("nobody has clicked", lang))
        return
    first, last = (
        f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}Z" for at in (found.first_at, found.last_at)
    )
    people = output.counted(found.people, "known recipient", "known recipients")
    who = f"{people}, {output.counted(found.messages, 'message', 'messages')}"
    clicks = output.counted(found.clicks, "click", "clicks")
    click.echo(problem(f"{clicks} ({who}), {first} to {last}", lang))
    done = f"{found.let_through} let through, {found.warned} warned ({found.went_on} went on), {found.blocked} blocked"
    click.echo(problem(done, lang))
    got_there = output.counted(
        found.let_through_people, "recipient or message", "different recipients or messages"
    )
    click.echo(problem(f"{got_there} got there", lang))
    if address:
        click.echo(f"{address}: {found.by_recipient}")
