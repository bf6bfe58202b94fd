"""The command line. Each group of commands is one file; ``main`` maps errors to exit codes.

Exit codes: 0 all is well; 1 ``--fail-on`` was reached; 2 wrong usage or configuration; 3 an item, or the
whole command, failed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, MutableMapping
from importlib import import_module

import click

from mailrisk import __version__
from mailrisk.model.errors import BadInput, ConfigError, MailriskError


class _Commands(MutableMapping[str, click.Command]):
    """The commands by name, each loaded when it is used: starting the service needs no mail parser."""

    def __init__(self, places: dict[str, str]) -> None:
        """``places``: name -> ``file:command`` in this package."""
        self._places = places
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            file, _, attribute = self._places[name].partition(":")
            self._loaded[name] = getattr(import_module(f"mailrisk.cli.{file}"), attribute)
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._places[name] = ""
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._places[name]
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


COMMANDS = _Commands(
    {
        "message": "check:message_group",
        "url": "check:url_group",
        "ip": "check:ip_group",
        "account": "accounts:account_group",
        "log": "logs:log_group",
        "feed": "feeds:feed_group",
        "explain": "ledger:explain_command",
        "withdraw": "ledger:withdraw_command",
        "list": "ledger:list_command",
        "changes": "ledger:changes_command",
        "status": "ledger:status_command",
        "doctor": "doctor:doctor_command",
        "key": "keys:key_group",
        "llm": "llm:llm_group",
        "webhook": "webhooks:webhook_group",
        "serve": "server:serve_command",
    }
)


@click.group(
    commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="mailrisk")
def root() -> None:
    """Is this URL, domain, IP address or message dangerous, since when, and why?

    \b
    Start the service:      mailrisk serve
    Check a mail:           mailrisk message check mail.eml
    Check a URL:            mailrisk url check https://example.org/login
    Find attackers in logs: mailrisk log detect /var/log/mail.log
    """


def main() -> None:
    """Runs the program; never shows a trace for an error that we raise on purpose."""
    os.umask(0o077)  # What we store is for its owner alone.
    try:
        code = root.main(standalone_mode=False)  # What ``Context.exit`` was given comes back here.
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except MailriskError as error:
        click.echo(f"mailrisk: {error}", err=True)
        usage = isinstance(error, BadInput) and (
            isinstance(error, ConfigError) or error.field in USAGE_FIELDS
        )
        sys.exit(2 if usage else 3)
    except BrokenPipeError:  # The reader of our output went away, as ``head`` does.
        sys.stderr.close()
        sys.exit(0)


USAGE_FIELDS = (
    "listen",
    "client_ip",
    "helo",
    "mail_from",
    "rcpt_to",
    "timezone",
    "year",
    "as",
    "reason",
    "role",
)
"""Options whose bad values are wrong usage rather than bad items."""
