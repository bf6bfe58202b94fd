"""``explain``, ``withdraw``, ``list``, ``changes``, ``status``: what is known, why, and taking it back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from mailrisk.chinese.sentences import note, problem
from mailrisk.cli import output
from mailrisk.cli.options import opened, output_options, store_options
from mailrisk.model.errors import BadInput
from mailrisk.model.verdict import Category
from mailrisk.service.answers import Explanation, Listed
from mailrisk.service.changes import changes
from mailrisk.service.explain import explain, in_utc
from mailrisk.service.status import FeedStatus, Status, status
from mailrisk.service.withdraw import list_by_hand, withdraw
from mailrisk.service.zones import stored_counts


def parse_time(text: str | None) -> datetime | None:
    """An RFC 3339 time in UTC. BadParameter: another form, no time zone, or out of range."""
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no RFC 3339 time such as 2026-01-31T12:00:00Z") from None
    try:
        return in_utc(when)
    except BadInput as error:
        raise click.BadParameter(error.reason) from None


@click.command("explain")
@click.argument("indicator")
@click.option("--as-of", metavar="TIME", help="What was said then, from what was known then (RFC 3339).")
@output_options
@store_options
def explain_command(
    indicator: str, as_of: str | None, format_: str, lang: str | None, data_dir: Path, config: Path | None
) -> None:
    """Show the evidence behind a verdict and compute the score again from it.

    \b
    mailrisk explain https://evil.example/login
    mailrisk explain 203.0.113.5 --as-of 2026-01-31T12:00:00Z
    """
    when = parse_time(as_of)
    with opened(data_dir, config, network=False, reads=True) as context:
        found = explain(context, indicator, as_of=when)
    if format_ == "jsonl":
        output.print_line(found)
    elif format_ == "json":
        output.print_json(found)
    else:
        _show(found, output.language(lang))


def _show(found: Explanation, lang: str) -> None:
    terminal = output.console()
    terminal.print(
        f"[bold]{output.safe(found.indicator)}[/] ({found.kind})  {output.level(found.level, lang)}"
        f" {found.score}/100  {output.word(found.category, lang)}  {output.word(found.state, lang)}"
    )
    for wider in found.covered_by:
        terminal.print(f"  {note('covered by', lang)} {output.safe(wider)}")
    for line in found.evidence:
        weight = f"{line.weight:+.2f}" if line.counts else "  -  "
        seen = f"{output.heading('Seen', lang)} {output.when(line.seen_at)}"
        recorded = f"{output.heading('Recorded', lang)} {output.when(line.recorded_at)}"
        terminal.print(
            f"  {weight}  [bold]{line.code}[/]  {output.safe(line.source[:60])}  {seen}  {recorded}",
            soft_wrap=True,
        )
        output.print_indented(output.safe(line.text_zh if lang == "zh" else line.text), 9)
    if not found.evidence:
        terminal.print(f"  {note('no evidence', lang)}")
    _show_sum(terminal, found, lang)


def _show_sum(terminal: Console, found: Explanation, lang: str) -> None:
    """How the probability comes about, and whether it is the one that was said."""
    slope, offset = found.calibration
    total = sum(reason.weight for reason in found.reasons)
    terminal.print(
        "  "
        + note(
            f"logit = prior {found.prior:+.2f} {total:+.2f} = {found.logit:+.2f};"
            f" probability = sigmoid({slope:g} x logit {offset:+g}) = {found.probability:.4f}",
            lang,
        ),
        soft_wrap=True,
    )
    if found.said is not None:
        agrees = (
            note("the same", lang) if found.recomputed_equal else f"[bold red]{note('NOT the same', lang)}[/]"
        )
        said_level = output.word(found.said["level"], lang)
        terminal.print(
            "  "
            + note(
                f"said at {output.when(found.said['decided_at'])}: {said_level} {found.said['score']}/100"
                f" under policy {str(found.said['policy'])[:12]}; computed again: {agrees}",
                lang,
            ),
            soft_wrap=True,
        )


@click.command("withdraw")
@click.argument("indicator")
@click.option("--reason", required=True, help="Why; it is kept with the decision.")
@output_options
@store_options
def withdraw_command(
    indicator: str, reason: str, format_: str, lang: str | None, data_dir: Path, config: Path | None
) -> None:
    """Take a listing back and exempt the indicator: no feed lists it again, only an analyst can.

    \b
    mailrisk withdraw https://shop.example/pay --reason "false positive, confirmed with the owner"
    """
    with opened(data_dir, config, network=False) as context:
        outcome = withdraw(context, indicator, comment=reason, analyst="cli")
    _print_outcome(outcome, format_, output.language(lang))


def _named(_: click.Context, __: click.Parameter, indicator: str | None) -> str:
    """The indicator to list. UsageError: whoever names none may want to see what is listed."""
    if indicator is None:
        raise click.UsageError(
            "name what is to be listed; what is listed already is shown by mailrisk changes"
        )
    return indicator


@click.command("list")
@click.argument("indicator", required=False, metavar="INDICATOR", callback=_named)
@click.option("--reason", required=True, help="Why; it is kept with the decision.")
@click.option(
    "--category",
    type=click.Choice([category.value for category in Category]),
    help="What kind of danger it is (default: credential-phishing; of addresses, listed).",
)
@output_options
@store_options
def list_command(
    indicator: str, reason: str, category: str | None, format_: str, lang: str | None, data_dir: Path,
    config: Path | None,
) -> None:  # fmt: skip
    """List an indicator on an analyst's word; lifts an exemption.

    What is listed already is shown by `mailrisk changes`.

    \b
    mailrisk list https://evil.example/login --reason "seen asking for our passwords"
    """
    with opened(data_dir, config, network=False) as context:
        outcome = list_by_hand(context, indicator, comment=reason, category=category or "", analyst="cli")
    _print_outcome(outcome, format_, output.language(lang))


def _print_outcome(outcome: list[Listed], format_: str, lang: str) -> None:
    if format_ == "jsonl":
        for item in outcome:
            output.print_line(item)
    elif format_ == "json":
        output.print_json(outcome)
    else:
        table = output.table(lang, "Indicator", "Change", "Seq", "Verdict", "State")
        for item in outcome:
            seq = str(item.seq) if item.seq is not None else "-"
            table.add_row(
                output.safe(item.indicator),
                output.word(item.change or None, lang),
                seq,
                output.level(item.level, lang),
                output.word(item.state, lang),
            )
        output.console().print(table)


@click.command("changes")
@click.option("--after", type=click.IntRange(min=0), default=0, show_default=True, help="Sequence number.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="Most changes shown."
)
@output_options
@store_options
def changes_command(
    after: int, limit: int, format_: str, lang: str | None, data_dir: Path, config: Path | None
) -> None:
    """Show listings and withdrawals in sequence.

    \b
    mailrisk changes --after 0 --format jsonl
    """
    with opened(data_dir, config, network=False, reads=True) as context:
        page = changes(context, after, limit)
    if format_ == "jsonl":
        for change in page.changes:
            output.print_line(change)
    elif format_ == "json":
        output.print_json(page)
    else:
        spoken = output.language(lang)
        table = output.table(spoken, "Seq", "Seen", "Change", "Indicator", "Verdict", "Category")
        for change in page.changes:
            verdict = output.level(change.level, spoken) if change.level else "-"
            table.add_row(
                str(change.seq), output.when(change.at), output.word(change.kind, spoken), output.safe(change.indicator), verdict,
                output.word(change.category, spoken),
            )  # fmt: skip
        output.console().print(table)


@click.command("status")
@output_options
@store_options
def status_command(format_: str, lang: str | None, data_dir: Path, config: Path | None) -> None:
    """Show what is known and how fresh it is."""
    with opened(data_dir, config, reads=True) as context:
        if (zones := stored_counts(data_dir)) is not None:
            context.surface_counts["zones"] = zones
        found = status(context)
    if format_ != "table":
        (output.print_line if format_ == "jsonl" else output.print_json)(found)
        return
    _print_status(found, output.language(lang))


def _print_status(found: Status, lang: str) -> None:
    terminal = output.console()
    rules = output.counted(found.rules, "rule", "rules")
    terminal.print(note(f"mailrisk {found.version}, epoch {found.epoch}, policy {found.policy[:12]}", lang))
    terminal.print(note(f"changes {found.last_seq}, index at {found.index_seq} with {rules}", lang))
    if zones := found.surfaces.get("zones"):
        held = ", ".join(
            (
                output.counted(zones["addresses"], "address", "addresses"),
                output.counted(zones["domains"], "domain or host", "domains and hosts"),
                output.counted(zones["pages"], "page", "pages"),
            )
        )
        out = f"{zones['left_out_of_lists']}, of the response policy zone {zones['left_out_of_policy_zone']}"
        terminal.print(note(f"lists over DNS hold {held}; left out of them {out}", lang))
    if not found.network:
        terminal.print(f"[yellow]{note('the network is switched off: no feed is fetched', lang)}[/]")
    elif not found.fetching:
        terminal.print(note("feeds are not fetched on schedule (feeds.fetch is false)", lang))
    table = output.table(lang, "Feed", "Fetched", "Entries", "Age", "Next", "Failures", "Last error")
    now = datetime.now(UTC)
    for feed in found.feeds:
        table.add_row(
            feed.name, note("yes" if feed.enabled and found.fetching else "no", lang), str(feed.entries),
            output.age(feed.age_s), _next(feed, now, lang) if found.fetching else "-", str(feed.failures),
            output.safe(problem(feed.last_error, lang)),
        )  # fmt: skip
    terminal.print(table if found.feeds else note("no feed imported yet", lang))
    failing = [feed for feed in found.feeds if feed.enabled and feed.failures]
    if found.fetching and failing and len(failing) == sum(feed.enabled for feed in found.feeds):
        text = note("no feed could be fetched: is there a way out to the network?", lang)
        terminal.print(f"[bold red]{text}[/]")


def _next(feed: FeedStatus, now: datetime, lang: str) -> str:
    """When a feed is asked again."""
    if not feed.enabled:
        return "-"
    if feed.due_at is None or feed.due_at <= now:
        return note("now", lang)
    return note(f"in {output.age(int((feed.due_at - now).total_seconds()))}", lang)
