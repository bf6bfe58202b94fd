"""``mailrisk --help`` tells every command in its own words, and loads none of them."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from mailrisk.cli import COMMANDS, root

HEAVY = ("sqlalchemy", "mailrisk.wiring", "mailrisk.cli.check", "dkim", "numpy")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_overview_says_of_a_command_what_it_says_itself(name: str) -> None:
    command = root.get_command(click.Context(root), name)
    assert command is not None and command.name == name
    assert COMMANDS[name].help == command.get_short_help_str(limit=200)
    assert len(COMMANDS[name].help) <= 100


def test_the_overview_lists_every_command() -> None:
    shown = CliRunner().invoke(root, ["--help"]).output
    assert all(f"\n  {name} " in shown for name in COMMANDS)


def test_an_unknown_command_is_wrong_usage() -> None:
    result = CliRunner().invoke(root, ["massage"])
    assert result.exit_code == 2 and "No such command 'massage'" in result.output


@pytest.mark.parametrize(
    ("arguments", "unloaded"),
    [(["--help"], HEAVY), (["ip", "check", "--help"], ("dkim", "mailrisk.service.check_message"))],
)
def test_help_loads_no_more_than_it_shows(arguments: list[str], unloaded: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom mailrisk.cli import root\n"
        f"root.main({arguments!r}, standalone_mode=False)\n"
        f"print([name for name in {unloaded!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
