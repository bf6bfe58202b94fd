"""``feed import`` and ``feed list``."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from rich.markup import escape

from mailrisk.cli import output
from mailrisk.cli.options import opened, output_options, store_options
from mailrisk.collect.feeds.registry import FORMATS
from mailrisk.config import load_config
from mailrisk.edge.files import read_pieces
from mailrisk.edge.shipped import load_feeds
from mailrisk.model.errors import BadInput
from mailrisk.model.feed import FeedSource
from mailrisk.service.import_feed import import_feed


@click.group("feed")
def feed_group() -> None:
    """Third-party intelligence coming in."""


def known_feeds(config: Path | None) -> dict[str, FeedSource]:
    """Shipped and configured feeds by name; a configured one replaces a shipped one."""
    return load_feeds() | {source.name: source for source in load_config(config).feed}


@feed_group.command("import")
@click.argument("name")
@click.argument("file")
@click.option("--as", "as_", type=click.Choice(sorted(FORMATS)), help="Format, for a feed not configured.")
@click.option("--force", is_flag=True, help="Import even if it shrank by 90 %.")
@output_options
@store_options
def feed_import(
    name: str, file: str, as_: str | None, force: bool, format_: str, lang: str | None, data_dir: Path,
    config: Path | None,
) -> None:  # fmt: skip
    """Import one delivery of the feed NAME from FILE; `-` is standard input, gzip is understood.

    \b
    mailrisk feed import openphish feed.txt
    mailrisk feed import urlhaus csv_recent.csv
    mailrisk feed import our-partner list.txt --as openphish-text
    """
    source = _source(name, as_, known_feeds(config))
    with opened(data_dir, config, network=False) as context:
        report = import_feed(context, source, read_pieces(file), force=force)
    if format_ != "table":
        (output.print_line if format_ == "jsonl" else output.print_json)(report)
        return
    if report.unchanged:
        click.echo(f"{report.feed}: the same content as last time, {report.entries} entries")
        return
    click.echo(
        f"{report.feed}: {report.entries} entries, {report.new} new, {report.left} left,"
        f" {report.bad} unusable, {report.changes} changes"
    )
    for example in report.bad_examples:
        click.echo(f"  unusable: {example}")


def _source(name: str, as_: str | None, known: dict[str, FeedSource]) -> FeedSource:
    """The feed of that name; one that is not configured needs its format said."""
    source = known.get(name)
    if source is not None:
        return source if as_ is None else msgspec.structs.replace(source, format=as_)
    chosen = as_ or (name if name in FORMATS else None)
    if chosen is None:
        raise click.UsageError(
            f"no feed named {name!r}. Known: {', '.join(sorted(known))}. For another one say its format with --as."
        )
    try:
        return msgspec.convert(
            {"name": name, "title": name, "format": chosen, "licence": "not stated"}, FeedSource
        )
    except msgspec.ValidationError:
        raise BadInput("name", "a feed's name is 2 to 40 of a-z, 0-9 and -") from None


@feed_group.command("list")
@output_options
@store_options
def feed_list(format_: str, lang: str | None, data_dir: Path, config: Path | None) -> None:
    """List the feeds that are known, with licence and terms."""
    feeds = list(known_feeds(config).values())
    if format_ == "json":
        output.print_json(feeds)
        return
    if format_ == "jsonl":
        for source in feeds:
            output.print_line(source)
        return
    table = output.table(output.language(lang), "Name", "Format", "Licence", "Key", "Default", "Passed on")
    for source in feeds:
        table.add_row(
            source.name, source.format, escape(source.licence), source.key, "yes" if source.default else "no",
            "yes" if source.redistribute else "no",
        )  # fmt: skip
    output.console().print(table)
