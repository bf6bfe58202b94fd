"""Cuts, defects and refusals in the language of the reader; the parsers write them in English."""

from __future__ import annotations

import re
from functools import cache

from mailrisk.cli.notes_zh import CUTS, DEFECTS, OPENED, REFUSALS, STAGES, TABLES
from mailrisk.cli.places import place

_DEEPEST = 4


def note(text: str, lang: str, depth: int = 0) -> str:
    """A sentence such as ``part 2: link of 70000 characters left out``; unknown ones stay as they are.

    What stands before a colon is a place, and what a sentence quotes may be a sentence itself.
    """
    if lang != "zh" or depth > _DEEPEST:
        return text
    for pattern, chinese in _patterns():
        found = pattern.fullmatch(text)
        if found:
            return chinese.format(*(note(value, lang, depth + 1) for value in found.groups()))
    where, colon, rest = text.partition(": ")
    if colon:
        return f"{place(STAGES.get(where, where), lang)}：{note(rest, lang, depth + 1)}"
    return place(text, lang) if depth else text


def stage(name: str, lang: str) -> str:
    """The name of a stage."""
    return STAGES.get(name, name) if lang == "zh" else name


def opened(text: str, lang: str) -> str:
    """What became of a file, or one of its traits."""
    return OPENED.get(text, note(text, lang)) if lang == "zh" else text


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """All sentences; those with the most words of their own come first."""
    known = {**OPENED, **CUTS, **DEFECTS, **REFUSALS, **TABLES}
    ordered = sorted(known, key=lambda english: -len(english.replace("{}", "")))
    return tuple((_pattern(english), known[english]) for english in ordered)


def _pattern(english: str) -> re.Pattern[str]:
    pieces = [re.escape(piece) for piece in english.split("{}")]
    return re.compile(r"([^\n]{0,400}?)".join(pieces), re.DOTALL)
