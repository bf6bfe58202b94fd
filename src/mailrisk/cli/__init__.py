"""The command line. Each group of commands is one file; ``main`` maps errors to exit codes.

Exit codes: 0 all is well; 1 ``--fail-on`` was reached; 2 wrong usage or configuration; 3 an item, or the
whole command, failed.
"""

from __future__ import annotations

import sys

import click

from mailrisk import __version__
from mailrisk.cli.check import ip_group, message_group, url_group
from mailrisk.cli.feeds import feed_group
from mailrisk.cli.keys import key_group
from mailrisk.cli.ledger import (
    changes_command,
    explain_command,
    list_command,
    status_command,
    withdraw_command,
)
from mailrisk.cli.logs import log_group
from mailrisk.cli.server import serve_command
from mailrisk.model.errors import BadInput, ConfigError, MailriskError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="mailrisk")
def root() -> None:
    """Is this URL, domain, IP address or message dangerous, since when, and why?

    \b
    Start the service:      mailrisk serve
    Check a mail:           mailrisk message check mail.eml
    Check a URL:            mailrisk url check https://example.org/login
    Find attackers in logs: mailrisk log detect /var/log/mail.log
    """


for command in (
    message_group,
    url_group,
    ip_group,
    log_group,
    feed_group,
    explain_command,
    withdraw_command,
    list_command,
    changes_command,
    status_command,
    key_group,
    serve_command,
):
    root.add_command(command)


def main() -> None:
    """Runs the program; never shows a trace for an error that we raise on purpose."""
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
