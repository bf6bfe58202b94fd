"""What documents point to is there: headings, pages of products, commands and their options."""

from __future__ import annotations

import re
from pathlib import Path

import click
from tools import docs

ROOT = Path(__file__).parents[2]
PRODUCTS = ROOT / "docs" / "integrations"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#\s]*)#([^)\s]+)\)")
_SHELL = re.compile(r"^```(sh|ini)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^\$ (.*)$", re.MULTILINE)
_SPAN = re.compile(r"`(mailrisk [^`\n]*)`")
_COMMAND = re.compile(r"(?:^ *|/|\(|[|&] |=\S+ )(mailrisk [a-z-][^|#;&)<>]*)", re.MULTILINE)


def _anchors(text: str) -> set[str]:
    """The anchors of a page as GitHub makes them: lower case, spaces as hyphens, punctuation left out."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = 0
        while (name := f"{anchor}-{count}" if count else anchor) in found:
            count += 1
        found.add(name)
    return found


def test_links_to_headings_lead_to_a_heading() -> None:
    broken = []
    for document in DOCUMENTS:
        for target, anchor in _LINK.findall(_FENCE.sub("", document.read_text(encoding="utf-8"))):
            page = document.parent / target if target else document
            if "://" in target or page.suffix != ".md":
                continue
            if not page.exists() or anchor not in _anchors(page.read_text(encoding="utf-8")):
                broken.append(f"{document.relative_to(ROOT)}: {target}#{anchor}")
    assert not broken


def test_the_index_of_integrations_names_every_page() -> None:
    index = (PRODUCTS / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in PRODUCTS.glob("*.md")} - {"README.md"}
    assert not [name for name in sorted(pages) if f"({name})" not in index]
    assert "docs/integrations/README.md" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_commands_in_documents_exist_with_their_options() -> None:
    known = dict(docs.commands())
    wrong = []
    for document in DOCUMENTS:
        if "decisions" in document.parts or "reference" in document.parts or document.name == "CHANGELOG.md":
            continue  # They tell what was true when they were written, or are made from the code.
        text = document.read_text(encoding="utf-8").replace("\\\n", " ")
        code = [part for _, part in _SHELL.findall(text)] + _CONSOLE.findall(text) + _SPAN.findall(text)
        given = [line for part in code for row in part.splitlines() for line in _COMMAND.findall(row)]
        wrong += [
            f"{document.relative_to(ROOT)}: {line}" for line in given if not _is_known(line.split(), known)
        ]
    assert not wrong


def _is_known(words: list[str], known: dict[str, click.Command]) -> bool:
    """Whether the command of the line is one of ours, and has the options that are given to it."""
    path, rest = words[0], words[1:]
    while rest and f"{path} {rest[0]}" in known:
        path, rest = f"{path} {rest[0]}", rest[1:]
    command = known[path]
    if isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        return False
    options = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    given = {word.partition("=")[0] for word in rest if re.fullmatch(r"--[a-z][a-z-]*(?:=.*)?", word)}
    return given <= {*options, "--help", "--version"}
