"""Help and wrong usage in Chinese: click writes both, and this puts the Chinese in the place of the English.

Loaded only when somebody reads Chinese. The tables are ``chinese/help.py`` and ``chinese/usage.py``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

import click

from mailrisk.chinese.help import COMMANDS, OPTIONS
from mailrisk.chinese.sentences import problem
from mailrisk.chinese.usage import ERROR, EXTRAS, FORMS, HEADINGS, TRY

NOT_FIRST = "，。；：、？！）】》”’"
NOT_LAST = "（【《“‘"
RAW = "\b"
"""Marks a paragraph whose lines click leaves as they are."""


class ChineseFormatter(click.HelpFormatter):
    """Writes help with the Chinese of the tables; wraps by columns, of which a Chinese character takes two."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The line with the form of the command."""
        for english, chinese in FORMS.items():
            args = args.replace(english, chinese)
        super().write_usage(prog, args, prefix or HEADINGS["Usage:"])

    def write_heading(self, heading: str) -> None:
        """The name of a section."""
        self.write(f"{'':>{self.current_indent}}{HEADINGS.get(heading, heading)}：\n")

    def write_text(self, text: str) -> None:
        """What a command says of itself."""
        indent = " " * self.current_indent
        paragraphs = []
        for paragraph in text.split("\n\n"):
            said = in_chinese(paragraph)
            raw = paragraph.startswith(RAW)
            lines = said.removeprefix(RAW + "\n").split("\n") if raw else wrapped(said, self._room())
            paragraphs.append("\n".join(f"{indent}{line}" for line in lines))
        self.write("\n\n".join(paragraphs) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Options or commands, each with its help beside it."""
        listed = list(rows)
        column = min(max((len(name) for name, _ in listed), default=0), col_max) + col_spacing
        for name, english in listed:
            lines = wrapped(row_in_chinese(english), self._room() - column)
            if len(name) > column - col_spacing:
                self.write(f"{'':>{self.current_indent}}{name}\n")
                name = ""
            for line in lines or [""]:
                self.write(f"{'':>{self.current_indent}}{name:<{column}}{line}".rstrip() + "\n")
                name = ""

    def _room(self) -> int:
        return max(self.width - self.current_indent, 20)


class ChineseContext(click.Context):
    """The context of a command whose help is to be Chinese."""

    formatter_class = ChineseFormatter


def in_chinese(paragraph: str) -> str:
    """A paragraph of help; examples, and what has no Chinese, stay as they are."""
    raw = paragraph.startswith(RAW)
    english = " ".join(paragraph.removeprefix(RAW).split())
    if english in COMMANDS:
        return COMMANDS[english]
    return paragraph if raw else english


def row_in_chinese(english: str) -> str:
    """The help of an option with what click adds in brackets, or of a command, of which click may have cut the end."""
    text, gap, extra = english.partition("  [")
    for word, chinese in EXTRAS.items():
        extra = extra.replace(word, chinese)
    whole = OPTIONS.get(text) or next(
        (
            chinese
            for known, chinese in COMMANDS.items()
            if text and known.startswith(text.removesuffix("..."))
        ),
        text,
    )
    return f"{whole}{gap}{extra}"


def wrapped(text: str, columns: int) -> list[str]:
    """The lines of a paragraph. A line ends between words, or between Chinese characters, before no closing mark."""
    lines, line, width = [], "", 0
    for piece in _pieces(text):
        needed = _columns(piece)
        if line and width + needed > columns:
            lines.append(line.rstrip())
            line, width, piece = "", 0, piece.lstrip()
            needed = _columns(piece)
        line, width = line + piece, width + needed
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> Iterator[str]:
    """What must stay on one line: a word with the space before it, a Chinese character with its marks."""
    piece = ""
    for char in text:
        ends = char == " " or _columns(char) == 2 or (piece and _columns(piece[-1]) == 2)
        joined = char in NOT_FIRST or (piece and piece[-1] in NOT_LAST)
        if piece and ends and not joined:
            yield piece
            piece = ""
        piece += char
    yield piece


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def show_error(error: click.ClickException) -> None:
    """What is wrong with the command line, on standard error, as click shows it."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        click.echo(context.get_usage(), err=True)
        click.echo(TRY.format(f"{context.command_path} --help") + "\n", err=True)
    click.echo(ERROR.format(problem(error.format_message(), "zh")), err=True)
