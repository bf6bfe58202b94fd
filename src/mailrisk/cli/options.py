"""Options that many commands share, and opening the data directory for them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from mailrisk.cli.language import language_of_line
from mailrisk.config import Config, default_data_dir, load_config
from mailrisk.model.errors import NotFound, Unavailable
from mailrisk.model.verdict import SEVERITY, Level
from mailrisk.service.context import Context
from mailrisk.wiring import open_context

Command = TypeVar("Command", bound=Callable[..., Any])
"""A function that click turns, or has turned, into a command."""


def store_options(command: Command) -> Command:
    """``--data-dir`` and ``--config``."""
    command = click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="MAILRISK_CONFIG",
        help="Configuration file (TOML).",
    )(command)
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        default=default_data_dir,
        envvar="MAILRISK_DATA_DIR",
        show_default="var",
        help="Where the ledger, the index and the samples live.",
    )(command)


def output_options(command: Command) -> Command:
    """``--format`` and ``--lang``."""
    command = click.option(
        "--lang",
        type=click.Choice(["en", "zh"]),
        envvar="MAILRISK_LANG",
        default=None,
        help="Language of the texts in tables (default: as LANG says).",
    )(command)
    return click.option(
        "--format",
        "format_",
        type=click.Choice(["table", "json", "jsonl"]),
        default="table",
        show_default=True,
        help="A table for people; JSON, or one JSON object a line, for scripts.",
    )(command)


def check_options(command: Command) -> Command:
    """What every ``check`` takes."""
    command = click.option(
        "--fail-on",
        type=click.Choice([level.value for level in Level if level is not Level.UNKNOWN]),
        help="Exit with 1 if an item reaches this level; unknown reaches none.",
    )(command)
    command = click.option("--no-network", is_flag=True, help="Look nothing up outside this machine.")(
        command
    )
    return output_options(store_options(command))


@contextmanager
def opened(
    data_dir: Path, config: Path | None, *, network: bool = True, reads: bool = False
) -> Iterator[Context]:
    """The context of a command; works whether the server runs or not. Unavailable: a store is damaged or locked.

    Where there is no data yet it is begun, which a note on standard error says: an answer out of nothing looks like
    an all-clear. ``reads``: the command only shows what is stored; NotFound: there is nothing.
    """
    settings = load_config(config)
    new = _has_no_data(data_dir, settings)
    if new and reads:
        raise NotFound(
            f"there is no mailrisk data in {data_dir}: name its folder with --data-dir or MAILRISK_DATA_DIR, "
            "or begin with mailrisk serve"
        )
    try:
        with open_context(data_dir, settings, network=network) as context:
            if new:
                click.echo(NEW_DATA[language_of_line()].format(data_dir.resolve()), err=True)
            yield context
    except _store_errors() as error:  # Asked only when something is raised: the stores take long to load.
        raise Unavailable(
            f"the data in {data_dir} cannot be used: {getattr(error, 'orig', error)}"
        ) from error


NEW_DATA = {
    "en": "mailrisk: new, empty data was begun in {}; --data-dir or MAILRISK_DATA_DIR name another folder",
    "zh": "mailrisk：已在 {} 中新建空的数据；可用 --data-dir 或 MAILRISK_DATA_DIR 指定其他目录",
}


def _has_no_data(data_dir: Path, settings: Config) -> bool:
    """Whether nothing was ever stored there. A ledger elsewhere has its data elsewhere."""
    return not settings.store.ledger and not (data_dir / "ledger.db").exists()


def _store_errors() -> tuple[type[Exception], ...]:
    """What the ledger and the index raise when their files are damaged, full, or locked for too long."""
    from lmdb import Error
    from sqlalchemy.exc import DatabaseError

    return DatabaseError, Error


def exit_code(answers: list[Any], fail_on: str | None) -> int:
    """3 if any answer is an error, 1 if ``--fail-on`` was reached, else 0."""
    if any(getattr(answer, "error", None) for answer in answers):
        return 3
    if fail_on is None:
        return 0
    least = SEVERITY[Level(fail_on)]
    return int(any(SEVERITY[answer.level] >= max(least, 0) for answer in answers))


def lines_of(items: tuple[str, ...]) -> Iterator[str]:
    """The items, with ``-`` replaced by the lines of standard input (empty ones left out)."""
    for item in items:
        if item != "-":
            yield text_of(item)
            continue
        for line in sys.stdin.buffer:
            text = line.decode("utf-8", "replace").strip()
            if text:
                yield text


def text_of(argument: str) -> str:
    """A command-line argument as text: bytes that are not UTF-8 become the replacement character."""
    return os.fsencode(argument).decode("utf-8", "replace")
