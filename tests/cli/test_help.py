"""``mailrisk --help`` tells every command in its own words, and loads none of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tools.docs import commands

import mailrisk
from mailrisk.chinese.sentences import problem
from mailrisk.cli import COMMANDS, root
from mailrisk.cli.groups import Group

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


GROUPS = [
    (path, command) for path, command in commands() if isinstance(command, click.Group) and path != "mailrisk"
]


@pytest.mark.parametrize(("path", "group"), GROUPS, ids=[path for path, _ in GROUPS])
def test_a_group_says_of_its_commands_whole_sentences(path: str, group: click.Group) -> None:
    assert isinstance(group, Group)
    said = CliRunner().invoke(group, ["--help"], terminal_width=60).output
    shown = " ".join(said.partition("Commands:")[2].split())
    for name, command in group.commands.items():
        sentence = " ".join((command.help or "").split("\n\n")[0].split())
        assert command.get_short_help_str(1_000).rstrip(".") in sentence
        assert f"{name} {command.get_short_help_str(1_000)}" in shown and "..." not in shown, path


def test_the_overview_names_every_variable_that_is_read() -> None:
    source = Path(mailrisk.__file__).parent
    texts = [path.read_text("utf-8") for path in source.rglob("*.py") if path.parent.name != "chinese"]
    read = {name for text in texts for name in re.findall(r"MAILRISK_[A-Z_]+", text)}
    shown = CliRunner().invoke(root, ["--help"]).output
    assert read and not {name for name in read if name not in shown}


def test_listing_nothing_tells_how_to_see_what_is_listed() -> None:
    result = CliRunner().invoke(root, ["list"])
    assert result.exit_code == 2 and "shown by mailrisk changes" in result.output
    said = "name what is to be listed; what is listed already is shown by mailrisk changes"
    assert "mailrisk changes" in problem(said, "zh") and "请指明" in problem(said, "zh")
