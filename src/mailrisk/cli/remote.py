"""Options of commands that ask a service that runs, which may be on another machine. Loads nothing of the service."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
"""A function that click turns, or has turned, into a command."""


def service_options(of_key: str) -> Callable[[Command], Command]:
    """``--server``, as ``url``, and ``--key-file``, of which ``of_key`` is the help."""

    def with_options(command: Command) -> Command:
        command = click.option("--key-file", type=click.Path(path_type=Path, dir_okay=False), help=of_key)(
            command
        )
        return click.option(
            "--server",
            "--url",
            "url",
            default="http://127.0.0.1:8025",
            show_default=True,
            help="Where mailrisk answers.",
        )(command)

    return with_options


def api_key(key_file: Path | None) -> str:
    """The key of ``--key-file``, else that of the environment; '' if there is none. OSError: it cannot be read."""
    return key_file.read_text().strip() if key_file is not None else os.environ.get("MAILRISK_KEY", "")
