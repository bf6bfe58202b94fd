"""The command line. Each group of commands is one file; ``main`` maps errors to exit codes.

Exit codes: 0 all is well; 1 ``--fail-on`` was reached; 2 wrong usage or configuration; 3 an item, or the
whole command, failed.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any, Final, NamedTuple

import click

from mailrisk import __version__
from mailrisk.cli.language import language_of_line
from mailrisk.model.errors import BadInput, ConfigError, MailriskError


class Place(NamedTuple):
    """Where a command is: ``file:command`` in this package, and what it says of itself in one line."""

    at: str
    help: str


COMMANDS: Final = {
    "message": Place("check:message_group", "Messages: raw RFC 5322, as .eml files hold them."),
    "url": Place("check:url_group", "URLs and domains."),
    "ip": Place("ips:ip_group", "IP addresses."),
    "account": Place("accounts:account_group", "Accounts of your users."),
    "log": Place("logs:log_group", "Login events in the logs of mail servers."),
    "feed": Place("feeds:feed_group", "Third-party intelligence coming in."),
    "explain": Place(
        "ledger:explain_command", "Show the evidence behind a verdict and compute the score again from it."
    ),
    "withdraw": Place(
        "ledger:withdraw_command",
        "Take a listing back and exempt the indicator: no feed lists it again, only an analyst can.",
    ),
    "list": Place("ledger:list_command", "List an indicator on an analyst's word; lifts an exemption."),
    "changes": Place("ledger:changes_command", "Show listings and withdrawals in sequence."),
    "status": Place("ledger:status_command", "Show what is known and how fresh it is."),
    "doctor": Place(
        "doctor:doctor_command", "Look for what is wrong with this installation and say what to do about it."
    ),
    "key": Place("keys:key_group", "API keys."),
    "llm": Place("llm:llm_group", "The language model that is asked about uncertain messages."),
    "webhook": Place(
        "webhooks:webhook_group", "Receivers of the change feed, as configured under [[webhook]]."
    ),
    "alert": Place(
        "alerts:alert_group", "Channels by which administrators are told, as configured under [[alert]]."
    ),
    "agent": Place(
        "agent:agent_command",
        "Follow the logs of a mail server and block the addresses that attack its logins.",
    ),
    "squid-helper": Place(
        "squid:squid_helper_command", "Answer Squid's questions about visits; Squid starts it by itself."
    ),
    "rewrite": Place(
        "rewrite:rewrite_group",
        "Lead the links of a message through the check page: message in, message out.",
    ),
    "visits": Place("visits:visits_group", "Visits of web pages: what proxies have logged."),
    "serve": Place("server:serve_command", "Run the service in the foreground; stop it with Ctrl-C."),
}


class _Root(click.Group):
    """Loads a command when it is used: help and starting the service need no mail parser."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """The context of the whole program, in the language of the reader."""
        _speaking(self)
        return super().make_context(info_name, args, parent, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        file, _, attribute = place.at.partition(":")
        command: click.Command = getattr(import_module(f"mailrisk.cli.{file}"), attribute)
        return _speaking(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the table, as click would write the commands themselves."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.help) for name, place in COMMANDS.items()])


def _speaking(command: click.Command) -> click.Command:
    """The command and those that it holds, with help in the language of the reader; Chinese is loaded only for it."""
    context: type[click.Context] = click.Context
    if language_of_line() == "zh":
        from mailrisk.cli.chinese_help import ChineseContext

        context = ChineseContext
    command.context_class = context
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            inner.context_class = context
    return command


@click.group(cls=_Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="mailrisk")
def root() -> None:
    """Is this URL, domain, IP address or message dangerous, since when, and why?

    \b
    Start the service:      mailrisk serve
    Check a mail:           mailrisk message check mail.eml
    Check a URL:            mailrisk url check https://example.org/login
    Find attackers in logs: mailrisk log detect /var/log/mail.log

    The environment is read where an option is not given: MAILRISK_DATA_DIR, MAILRISK_CONFIG, MAILRISK_LANG (else LC_ALL,
    LC_MESSAGES, LANG), and MAILRISK_KEY, the API key of commands that ask a service.

    Secrets that the configuration file leaves out: MAILRISK_LOGIN_PASSWORD, MAILRISK_GRAPH_SECRET, MAILRISK_LLM_KEY,
    MAILRISK_AGENT_KEY, MAILRISK_AGENT_WEBHOOK_SECRET, and, with the name of the feed, webhook or channel behind it,
    MAILRISK_FEED_KEY_, MAILRISK_WEBHOOK_SECRET_ and MAILRISK_ALERT_SECRET_.
    """


def main() -> None:
    """Runs the program; never shows a trace for an error that we raise on purpose."""
    os.umask(0o077)  # What we store is for its owner alone.
    try:
        code = root.main(standalone_mode=False)  # What ``Context.exit`` was given comes back here.
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        _show(error)
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("已停止" if language_of_line() == "zh" else "stopped", err=True)
        sys.exit(130)
    except MailriskError as error:
        click.echo(f"mailrisk: {_in_words(error)}", err=True)
        usage = isinstance(error, BadInput) and (
            isinstance(error, ConfigError) or error.field in USAGE_FIELDS
        )
        sys.exit(2 if usage else 3)
    except BrokenPipeError:  # The reader of our output went away, as ``head`` does.
        sys.stderr.close()
        sys.exit(0)


def _show(error: click.ClickException) -> None:
    """Wrong usage, in the language of the reader."""
    if language_of_line() != "zh":
        error.show()
        return
    from mailrisk.cli.chinese_help import show_error

    show_error(error)


def _in_words(error: MailriskError) -> str:
    if language_of_line() != "zh":
        return str(error)
    from mailrisk.chinese.sentences import problem

    return problem(str(error), "zh")


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
