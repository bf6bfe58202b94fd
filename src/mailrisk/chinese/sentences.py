"""Sentences of the program in the language of the reader; the code writes them in English.

Every command imports this, and the tables are loaded when somebody reads Chinese.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

_DEEPEST: Final = 4

_ENGLISH_STAGES: Final = {
    "auth": "authentication of the sender",
    "domain": "facts about domains",
    "url": "analysis of links",
    "message": "analysis of the message",
    "files": "analysis of files",
    "ocr": "reading of pictures",
    "unlock": "unlocking of files",
    "embedding": "comparison of meaning",
    "language-model": "language model",
}
"""Codes that are no words for people; JSON keeps them."""

_Template = tuple[list[str], str]
"""What stands between the values of an English sentence, and the Chinese one."""


def note(text: str, lang: str, depth: int = 0) -> str:
    """What is told of a message, such as ``part 2: link of 70000 characters left out``.

    Unknown sentences stay as they are. What stands before a colon is a place, and what a sentence quotes may be a
    sentence itself.
    """
    if lang != "zh" or depth > _DEEPEST:
        return text
    from mailrisk.chinese.notes import STAGES
    from mailrisk.chinese.places import place

    if found := _find(_templates(of_mail=True), text):
        chinese, values = found
        return chinese.format(*(note(value, lang, depth + 1) for value in values))
    where, colon, rest = text.partition(": ")
    if colon:
        return f"{place(STAGES.get(where, where), lang)}：{note(rest, lang, depth + 1)}"
    return place(text, lang) if depth else text


def problem(text: str, lang: str, depth: int = 0) -> str:
    """What an error says. What stands before a colon is a field or a file, and keeps its name, as values do."""
    if lang != "zh" or depth > _DEEPEST:
        return text
    if found := _find(_templates(of_mail=False), text):
        chinese, values = found
        return chinese.format(*(problem(value, lang, depth + 1) for value in values))
    where, colon, rest = text.partition(": ")
    return f"{where}：{problem(rest, lang, depth + 1)}" if colon else text


def stage(name: str, lang: str) -> str:
    """The name of a stage, as people read it."""
    if lang != "zh":
        return _ENGLISH_STAGES.get(name, name)
    from mailrisk.chinese.notes import STAGES

    return STAGES.get(name, name)


def opened(text: str, lang: str) -> str:
    """What became of a file, or one of its traits."""
    if lang != "zh":
        return text
    from mailrisk.chinese.notes import OPENED

    return OPENED.get(text) or note(text, lang)


@cache
def _templates(*, of_mail: bool) -> tuple[_Template, ...]:
    """All sentences; those with the most words of their own come first."""
    from mailrisk.chinese import inputs, notes, problems, usage

    mail = (notes.OPENED, notes.CUTS, notes.DEFECTS, notes.REFUSALS, notes.TABLES, usage.SYSTEM)
    errors = (
        problems.TITLES, problems.API, problems.COMMANDS, problems.DONE, problems.CONFIGURATION,
        inputs.LINES, inputs.FEEDS, inputs.ADDRESSES, inputs.OTHERS, inputs.WIRE,
        usage.WRONG_USAGE, usage.SYSTEM, usage.FORM, notes.REFUSALS, notes.CUTS,
    )  # fmt: skip
    known: dict[str, str] = {}
    for table in mail if of_mail else errors:
        known.update(table)
    return _ordered(known)


def _ordered(known: Mapping[str, str]) -> tuple[_Template, ...]:
    ordered = sorted(known, key=lambda english: -len(english.replace("{}", "")))
    return tuple((english.split("{}"), known[english]) for english in ordered)


def _find(templates: tuple[_Template, ...], text: str) -> tuple[str, list[str]] | None:
    """The first sentence that the text can be, in Chinese, with the values of its slots."""
    for pieces, chinese in templates:
        values = _values(pieces, text)
        if values is not None:
            return chinese, values
    return None


def _values(pieces: list[str], text: str) -> list[str] | None:
    """What stands between the pieces, each as early as it can be, so that the time is linear; None: no such text."""
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return [] if text == first else None
    if not (text.startswith(first) and text.endswith(last) and len(text) >= len(first) + len(last)):
        return None
    at, end = len(first), len(text) - len(last)
    values = []
    for piece in pieces[1:-1]:
        found = text.find(piece, at, end)
        if found < 0:
            return None
        values.append(text[at:found])
        at = found + len(piece)
    values.append(text[at:end])
    # A value that ends with a colon is the field before the sentence, and no part of it.
    return None if any(value.endswith(":") for value in values) else values
