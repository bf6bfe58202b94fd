"""A group of commands whose help says of each what it does, in a whole sentence; click itself cuts it at one line."""

from __future__ import annotations

import click

WHOLE = 1_000
"""Characters of a sentence that are shown: more than any has."""


class Group(click.Group):
    """Like click's, but long sentences go on in the next line."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the commands, each with the first sentence of its help."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, command.get_short_help_str(WHOLE)) for name, command in found if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
