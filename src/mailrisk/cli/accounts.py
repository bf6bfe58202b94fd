"""``account check``: is this account still its owner's?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mailrisk.cli import output
from mailrisk.cli.groups import Group
from mailrisk.cli.options import check_options, exit_code, lines_of, opened
from mailrisk.service.accounts import check_accounts
from mailrisk.service.answers import ErrorAnswer


@click.group("account", cls=Group)
def account_group() -> None:
    """Accounts of your users."""


@account_group.command("check")
@click.argument("accounts", nargs=-1, required=True, metavar="ACCOUNT...")
@check_options
@click.pass_context
def account_check(
    click_context: click.Context, accounts: tuple[str, ...], no_network: bool, fail_on: str | None, format_: str,
    lang: str | None, data_dir: Path, config: Path | None,
) -> None:  # fmt: skip
    """Say how risky accounts are, written as users log in; `-` reads them from standard input, one a line.

    \b
    mailrisk account check anna@example.org
    mailrisk account check --format jsonl --fail-on high - < accounts.txt
    """
    spoken = output.language(lang)
    with opened(data_dir, config, network=not no_network) as context:
        answers = output.print_answers(
            (check_accounts(context, [name])[0] for name in lines_of(accounts)),
            format_,
            lambda found: print_accounts(found, spoken),
        )
    click_context.exit(exit_code(answers, fail_on))


def print_accounts(answers: list[Any], lang: str) -> None:
    """One block an account: level and since when; the reasons below."""
    for answer in answers:
        if isinstance(answer, ErrorAnswer):
            output.print_error(answer, lang)
            continue
        output.print_block(answer, [output.since(answer.first_detected, lang)], lang)
        if not answer.reasons:
            nothing = "没有发现异常" if lang == "zh" else "Nothing is known against it"
            output.print_indented(nothing, 4)
