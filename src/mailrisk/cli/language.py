"""Which language the reader wants; asked by every command, so it loads nothing."""

from __future__ import annotations

import os
import sys

VARIABLES = ("MAILRISK_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""The first that says something wins, as POSIX has it (XBD §8.2); ours stands before the system's."""


def language(chosen: str | None = None) -> str:
    """``en`` or ``zh``: the one chosen, else what the environment says."""
    said = chosen or next((value for name in VARIABLES if (value := os.environ.get(name))), "")
    return "zh" if said.lower().startswith("zh") else "en"


def language_of_line() -> str:
    """The same before the command line is understood, for help and for what is wrong with it."""
    words = sys.argv[1:]
    if "--lang" in words[:-1]:
        return language(words[words.index("--lang") + 1])
    return language(next((word.partition("=")[2] for word in words if word.startswith("--lang=")), None))
