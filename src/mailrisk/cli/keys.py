"""``key issue``, ``key list``, ``key revoke``."""

from __future__ import annotations

from pathlib import Path

import click

from mailrisk.chinese.sentences import problem
from mailrisk.cli import output
from mailrisk.cli.groups import Group
from mailrisk.cli.options import opened, output_options, store_options
from mailrisk.service.keys import Role, issue, revoke


@click.group("key", cls=Group)
def key_group() -> None:
    """API keys."""


@key_group.command("issue")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.READER.value,
    show_default=True,
    help="reader checks; reporter also reports; analyst also withdraws; admin does all.",
)
@click.option("--note", default="", help="Who uses it.")
@output_options
@store_options
def key_issue(
    role: str, note: str, format_: str, lang: str | None, data_dir: Path, config: Path | None
) -> None:
    """Issue a key and print it; it is shown this once and stored as a hash only.

    \b
    mailrisk key issue --role reader --note "mail gateway"
    """
    with opened(data_dir, config, network=False) as context:
        issued = issue(context, Role(role), note=note)
    if format_ == "table":
        click.echo(issued.key)
    else:
        (output.print_line if format_ == "jsonl" else output.print_json)(issued)


@key_group.command("list")
@output_options
@store_options
def key_list(format_: str, lang: str | None, data_dir: Path, config: Path | None) -> None:
    """List all keys (never their secrets)."""
    with opened(data_dir, config, network=False, reads=True) as context:
        known = list(context.ledger.all_keys())
        keys = [
            {
                "public_id": key.public_id, "role": key.role, "note": key.note, "created_at": key.created_at,
                "expires_at": key.expires_at, "revoked_at": key.revoked_at,
            }
            for key in known
        ]  # fmt: skip
    if format_ == "json":
        output.print_json(keys)
    elif format_ == "jsonl":
        for key in keys:
            output.print_line(key)
    else:
        table = output.table(output.language(lang), "Id", "Role", "Note", "Created", "Revoked")
        for one in known:
            table.add_row(
                one.public_id, one.role, output.safe(one.note), output.when(one.created_at), output.when(one.revoked_at)
            )  # fmt: skip
        output.console().print(table)


@key_group.command("revoke")
@click.argument("public_id")
@store_options
def key_revoke(public_id: str, data_dir: Path, config: Path | None) -> None:
    """Revoke a key by its public id (the part after `mr_`)."""
    with opened(data_dir, config, network=False, reads=True) as context:
        revoke(context, public_id)
    click.echo(problem(f"revoked {public_id}", output.language()))
