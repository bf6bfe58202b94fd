"""Options that many commands share, and opening the data directory for them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from mailrisk.config import default_data_dir, load_config
from mailrisk.model.errors import Unavailable
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
def opened(data_dir: Path, config: Path | None, *, network: bool = True) -> Iterator[Context]:
    """The context of a command; works whether the server runs or not. Unavailable: a store is damaged or locked."""
    try:
        with open_context(data_dir, load_config(config), network=network) as context:
            yield context
    except _store_errors() as error:  # Asked only when something is raised: the stores take long to load.
        raise Unavailable(
            f"the data in {data_dir} cannot be used: {getattr(error, 'orig', error)}"
        ) from error


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
