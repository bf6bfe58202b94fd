"""``feed import``, ``feed fetch`` and ``feed list``."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import msgspec

from mailrisk.chinese.sentences import note, problem
from mailrisk.cli import output
from mailrisk.cli.groups import Group
from mailrisk.cli.options import opened, output_options, store_options
from mailrisk.collect.feeds.registry import FORMATS
from mailrisk.edge.files import read_pieces
from mailrisk.model.errors import BadInput
from mailrisk.model.feed import FeedSource
from mailrisk.service.fetch_feeds import FetchReport, check_network, due, fetch_feed, find_sources
from mailrisk.service.import_feed import import_feed
from mailrisk.service.status import FeedStatus, feed_status


@click.group("feed", cls=Group)
def feed_group() -> None:
    """Third-party intelligence coming in."""


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
    with opened(data_dir, config, network=False) as context:
        source = _source(name, as_, context.feeds.sources)
        report = import_feed(context, source, read_pieces(file), force=force)
    if format_ != "table":
        (output.print_line if format_ == "jsonl" else output.print_json)(report)
        return
    spoken = output.language(lang)
    if report.unchanged:
        click.echo(
            problem(f"{report.feed}: the same content as last time, {_entries(report.entries)}", spoken)
        )
        return
    done = (
        f"{report.feed}: {_entries(report.entries)}, {report.new} new, {report.left} left,"
        f" {report.bad} unusable, {_changes(report.changes)}"
    )
    click.echo(problem(done, spoken))
    for example in report.bad_examples:
        click.echo(f"  {problem(f'unusable: {example}', spoken)}")


def _source(name: str, as_: str | None, known: Mapping[str, FeedSource]) -> FeedSource:
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


@feed_group.command("fetch")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--due", "only_due", is_flag=True, help="Only enabled feeds whose time has come.")
@output_options
@store_options
def feed_fetch(
    names: tuple[str, ...], only_due: bool, format_: str, lang: str | None, data_dir: Path,
    config: Path | None,
) -> None:  # fmt: skip
    """Fetch feeds now, due or not, and import what is new; without a name all enabled ones.

    \b
    mailrisk feed fetch
    mailrisk feed fetch certpl urlhaus-filter
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # So that what was half fetched is removed.
    reports = []
    with opened(data_dir, config) as context:
        check_network(context)
        for source in due(context) if only_due else find_sources(context, names):
            report = asyncio.run(fetch_feed(context, source))
            reports.append(report)
            if format_ == "jsonl":
                output.print_line(report)
            elif format_ == "table":
                click.echo(problem(_fetched(report), output.language(lang)))
    if format_ == "json":
        output.print_json(reports)
    if any(report.error for report in reports):
        raise click.exceptions.Exit(3)


def _fetched(report: FetchReport) -> str:
    if report.error:
        return f"{report.feed}: {report.outcome}: {report.error}"
    done = report.imported
    if done is None or done.unchanged:
        return f"{report.feed}: nothing new"
    return (
        f"{report.feed}: {_entries(done.entries)}, {done.new} new, {done.left} left, {_changes(done.changes)}"
    )


def _entries(count: int) -> str:
    return output.counted(count, "entry", "entries")


def _changes(count: int) -> str:
    return output.counted(count, "change", "changes")


class FeedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One feed as ``feed list`` shows it: what it is, and how fresh."""

    source: FeedSource
    state: FeedStatus | None  # None: neither enabled nor ever imported


@feed_group.command("list")
@output_options
@store_options
def feed_list(format_: str, lang: str | None, data_dir: Path, config: Path | None) -> None:
    """List the feeds that are known, with licence and terms, and how fresh those are that are used."""
    with opened(data_dir, config, network=False) as context:
        states = {state.name: state for state in feed_status(context)}
        sources = context.feeds.sources.values()
        lines = [FeedLine(source=source, state=states.get(source.name)) for source in sources]
    if format_ == "json":
        output.print_json(lines)
        return
    if format_ == "jsonl":
        for line in lines:
            output.print_line(line)
        return
    spoken = output.language(lang)
    table = output.table(spoken, "Name", "Format", "Licence", "Key", "Fetched", "Passed on", "Entries", "Age")
    for line in lines:
        source, state = line.source, line.state
        table.add_row(
            source.name, source.format, output.safe(problem(source.licence, spoken)), problem(source.key, spoken),
            note("yes" if state is not None and state.enabled else "no", spoken),
            note("yes" if source.redistribute else "no", spoken),
            str(state.entries) if state is not None else "-", output.age(state.age_s if state else None),
        )  # fmt: skip
    output.console().print(table)
