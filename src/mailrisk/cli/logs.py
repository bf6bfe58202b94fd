"""``log parse`` and ``log detect``: login events out of logs, risk addresses out of login events."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import msgspec
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from mailrisk.chinese.sentences import problem
from mailrisk.cli import output
from mailrisk.cli.accounts import print_accounts
from mailrisk.cli.groups import Group
from mailrisk.cli.ips import print_ips
from mailrisk.cli.options import Command, exit_code, opened, output_options, store_options, text_of
from mailrisk.collect.logs.entry import BadLine
from mailrisk.collect.logs.mapped import formats_of
from mailrisk.collect.logs.read import AUTO, split_lines
from mailrisk.collect.logs.registry import FORMATS
from mailrisk.config import Config, load_config
from mailrisk.edge.clock import system_clock
from mailrisk.edge.files import read_pieces, size_of
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, SendEvent
from mailrisk.service.accounts import AccountAnswer
from mailrisk.service.answers import ErrorAnswer
from mailrisk.service.detect import LogCounts, detect, read_log


@click.group("log", cls=Group)
def log_group() -> None:
    """Login events in the logs of mail servers."""


def log_options(command: Command) -> Command:
    """How the lines are to be read."""
    command = click.option(
        "--year",
        type=click.IntRange(1990, 2100),
        help="Year of log times that name none (default: the nearest past).",
    )(command)
    command = click.option(
        "--timezone", default="", help="IANA zone of log times that name none (default: this machine's)."
    )(command)
    return click.option(
        "--as",
        "as_",
        metavar="FORMAT",
        default=AUTO,
        show_default=True,
        help="Format of the log: one of docs/reference/formats.md or a configured one; auto asks of every line.",
    )(command)


@log_group.command("parse")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@log_options
@output_options
@store_options
@click.pass_context
def log_parse(
    click_context: click.Context, files: tuple[str, ...], as_: str, timezone: str, year: int | None,
    format_: str, lang: str | None, data_dir: Path, config: Path | None,
) -> None:  # fmt: skip
    """Print the login events of logs; `-` reads standard input, gzip is understood.

    \b
    mailrisk log parse /var/log/mail.log
    journalctl -o json -u dovecot | mailrisk log parse --format jsonl -
    """
    settings = load_config(config)
    zone = _zone(timezone or settings.log.timezone)
    _known_format(as_, settings)
    counts = LogCounts()
    spoken = output.language(lang)
    answers = output.print_answers(
        (
            _shown(item, as_data=format_ != "table")
            for item in _events(files, counts, as_, zone, year, settings)
            if not isinstance(item, SendEvent)
        ),
        format_,
        lambda found: _event_table(found, spoken),
    )
    _report(counts, spoken)
    click_context.exit(3 if any(isinstance(answer, ErrorAnswer) for answer in answers) else 0)


def _shown(item: LoginEvent | BadLine | ErrorAnswer, *, as_data: bool) -> Any:
    """The event, as data in the form that ``POST /api/v1/login-events`` takes."""
    if isinstance(item, BadLine):
        return ErrorAnswer(input=item.place, error=item.reason, field="line")
    if as_data and isinstance(item, LoginEvent):
        fields = msgspec.to_builtins(item)
        del fields["reporter"]  # The server knows who sends it.
        return fields
    return item


def _known_format(as_: str, settings: Config) -> None:
    """click.BadParameter: there is no such format, which is a wrong command and no wrong file."""
    formats = (AUTO, *FORMATS, *formats_of(settings.log_format))
    if as_ not in formats:
        raise click.BadParameter(f"{as_!r} is not one of {', '.join(formats)}", param_hint="--as")


def _events(
    files: tuple[str, ...], counts: LogCounts, as_: str, zone: tzinfo, year: int | None, settings: Config
) -> Iterator[LoginEvent | SendEvent | BadLine | ErrorAnswer]:
    """Events of all files in order; a file that cannot be read is one error and the rest goes on."""
    mapped = formats_of(settings.log_format)
    for name in files:
        try:
            lines = split_lines(read_pieces(name))
            yield from read_log(
                lines, counts=counts, now=system_clock(), timezone=zone, year=year, format=as_, mapped=mapped,
                file=text_of(name) if len(files) > 1 else "",
            )  # fmt: skip
        except BadInput as error:
            yield ErrorAnswer(input=text_of(name), error=error.reason, field=error.field)


@log_group.command("detect")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@log_options
@click.option("--fail-on", type=click.Choice(["high", "medium", "low"]), help="Exit with 1 at this level.")
@output_options
@store_options
@click.pass_context
def log_detect(
    click_context: click.Context, files: tuple[str, ...], as_: str, timezone: str, year: int | None,
    fail_on: str | None, format_: str, lang: str | None, data_dir: Path, config: Path | None,
) -> None:  # fmt: skip
    """Find addresses that attack logins and accounts that were taken over, and record the evidence.

    Prints one answer an address, then one an account that logs in or sends strangely (Postfix's log tells who sends).

    \b
    mailrisk log detect /var/log/mail.log /var/log/mail.log.1
    mailrisk log detect --timezone Asia/Shanghai --format jsonl maillog.gz
    """
    counts = LogCounts()
    spoken = output.language(lang)
    errors: list[ErrorAnswer] = []
    with opened(data_dir, config, network=False) as context:
        settings = load_config(config)
        zone = _zone(timezone or settings.log.timezone)
        _known_format(as_, settings)
        events = _without_errors(_events(files, counts, as_, zone, year, settings), errors)
        found = detect(context, _progress(events, counts, files, spoken), counts)
        answers: list[Any] = [*found.ips, *found.accounts, *errors]
        output.print_answers(answers, format_, lambda shown: _print(shown, spoken))
    _report(counts, spoken)
    _hint(counts, len(found.ips) + len(found.accounts), errors, spoken)
    click_context.exit(exit_code(answers, fail_on))


def _print(answers: list[Any], lang: str) -> None:
    accounts = [answer for answer in answers if isinstance(answer, AccountAnswer)]
    print_ips([answer for answer in answers if not isinstance(answer, AccountAnswer)], lang)
    print_accounts(accounts, lang)


def _without_errors(
    events: Iterable[LoginEvent | SendEvent | BadLine | ErrorAnswer], errors: list[ErrorAnswer]
) -> Iterator[LoginEvent | SendEvent | BadLine]:
    for item in events:
        if isinstance(item, ErrorAnswer):
            errors.append(item)
        else:
            yield item


def _progress(
    events: Iterable[LoginEvent | SendEvent | BadLine], counts: LogCounts, files: tuple[str, ...], lang: str
) -> Iterator[LoginEvent | SendEvent | BadLine]:
    """A progress line on the terminal while a long log is read; nothing when the output is a file."""
    if not sys.stderr.isatty() or sum(map(size_of, files)) < 5_000_000:
        yield from events
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("", total=None)
        for number, event in enumerate(events):
            if number % 2_000 == 0:
                read = f"{counts.lines:,} lines, {counts.events:,} login events"
                progress.update(task, description=problem(read, lang))
            yield event


def _event_table(events: list[Any], lang: str) -> None:
    table = output.table(lang, "Seen", "Service", "Protocol", "Account", "Ip", "Outcome", "Detail")
    for event in events:
        if isinstance(event, ErrorAnswer):
            table.add_row(
                "",
                "",
                "",
                "",
                output.safe(problem(event.input, lang)),
                "[bold red]错误[/]" if lang == "zh" else "[bold red]error[/]",
                output.safe(problem(event.error, lang)),
            )
            continue
        table.add_row(
            event.seen_at.strftime("%Y-%m-%d %H:%M:%SZ"), event.service, event.protocol,
            output.safe(event.account), event.ip, event.outcome, output.safe(event.detail),
        )  # fmt: skip
    output.console().print(table)


def _report(counts: LogCounts, lang: str) -> None:
    if lang == "zh":
        text = f"{counts.lines} 行：登录事件 {counts.events} 条，其他 {counts.skipped} 行，无法解析 {counts.bad} 行"
        text += f"（首处：{problem(counts.first_bad, lang)}）" if counts.bad else ""
        click.echo(text + (f"；账号发信 {counts.sends} 封" if counts.sends else ""), err=True)
        return
    lines, events = (
        output.counted(counts.lines, "line", "lines"),
        output.counted(counts.events, "login event", "login events"),
    )
    text = f"{lines}: {events}, {output.counted(counts.skipped, 'other', 'others')}, {counts.bad} bad"
    text += f" (first: {counts.first_bad})" if counts.bad else ""
    click.echo(
        text
        + (f"; {output.counted(counts.sends, 'message', 'messages')} of accounts" if counts.sends else ""),
        err=True,
    )


_NO_LOGIN = (
    (
        "No line was recognised as a login. Name the format with --as (docs/reference/formats.md), or "
        "describe your own with [[log_format]]; see whether the server logs logins at all."
    ),
    (
        "没有识别出任何登录记录。请用 --as 指定日志格式（见 docs/reference/formats.md），或用 [[log_format]] 自定义；"
        "并确认服务器是否记录登录。"
    ),
)
_UNREADABLE = (
    "Most lines could not be read: if their times are the reason, give --timezone or --year.",
    "多数行无法解析：若因时间格式所致，请指定 --timezone 或 --year。",
)
_NOTHING = (
    "Nothing stands out: nobody attacks, or too few logins are in these files. Old logs may be given too.",
    "未发现异常：没有攻击，或这些文件中的登录记录太少。可以一并给出较早的日志。",
)


_EMPTY = (
    "There was no line to read, which says nothing about attacks. Was the log rotated just now?",
    "没有读到任何一行，因此无法说明是否有攻击。日志是否刚刚轮转？",
)
_NOT_READ = (
    "Not read, or not to the end, so whoever attacks there is not shown: ",
    "未能读取或未读完，其中的攻击不会列出：",
)


def _hint(counts: LogCounts, found: int, errors: list[ErrorAnswer], lang: str) -> None:
    """What was not read, and what may be wrong when nothing was found."""
    if errors:
        names = ("、" if lang == "zh" else ", ").join(output.plain(error.input) for error in errors)
        click.echo(_NOT_READ[lang == "zh"] + names, err=True)
    if found or (errors and not counts.lines):
        return
    if not counts.lines:
        words = _EMPTY
    elif not counts.events and not counts.sends:
        words = _NO_LOGIN
    elif counts.bad > counts.events:
        words = _UNREADABLE
    elif errors:
        return  # That nothing stands out can be said of all files alone.
    else:
        words = _NOTHING
    click.echo(words[lang == "zh"], err=True)


def _zone(name: str) -> tzinfo:
    if not name:
        return datetime.now().astimezone().tzinfo or UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise click.BadParameter(f"{name!r} is no IANA time zone such as Asia/Shanghai") from None
