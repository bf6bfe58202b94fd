"""The report for people: docs/evaluation.md from the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

NOTE = "<!-- Written by `make evaluate` from what it measured: run it again, do not edit this page. -->"


class Titled(Protocol):
    """A section as the report needs it."""

    @property
    def name(self) -> str:
        """Its key in the figures."""

    @property
    def title(self) -> str:
        """Its heading."""

    @property
    def module(self) -> str:
        """Where its own ``page`` may be."""


GOALS = (
    (
        "url_recall_at_fpr_0.001",
        "URL alone, recall at 0.1 % false positives, later and unseen domains",
        0.60,
        True,
    ),
    ("url_cross_source_recall_at_fpr_0.001", "the same, links of another source", 0.35, True),
    ("message_recall_at_fpr_0.01", "wild messages, recall at 1 % false positives", 0.92, True),
    ("message_recall_at_fpr_0.001", "wild messages, recall at 0.1 % false positives", None, True),
    ("ece", "calibration error of messages, at 5 % dangerous mail", 0.02, False),
    ("zh_lure_recall", "Chinese lures (synthetic), recall at 0.2 % false positives", 0.95, True),
)


def document(
    sections: Sequence[Titled], found: Mapping[str, Mapping[str, Any]], result: Mapping[str, Any]
) -> str:
    """The whole page."""
    parts = [
        "# What mailrisk detects, measured",
        NOTE,
        INTRODUCTION,
        "## At a glance",
        goals(result),
        *(section_page(section, found[section.name]) for section in sections if section.name in found),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


INTRODUCTION = """\
Every figure here was measured by `make evaluate DATA=../shared/data`; none was typed. Read three things first:

- **Recall** is the share of the dangerous that is found; a **false positive** is something harmless that is flagged.
  A recall means nothing without the false positives at which it was measured.
- The interval behind a figure (Wilson, 95 %) is what chance alone allows. Two figures whose intervals overlap are alike.
- **Synthetic** results come from our own generator. They show that a kind of lure is known, not how often it is
  found in the wild, and are never added to the others."""


def goals(result: Mapping[str, Any]) -> str:
    """The table of goals."""
    rows = []
    for key, title, goal, larger in GOALS:
        value = result.get(key)
        said = "no claim" if value is None else f"{value:.3f}"
        wanted = "" if goal is None else f"{'≥' if larger else '≤'} {goal:.2f}"
        met = ""
        if value is not None and goal is not None:
            met = "yes" if (value >= goal if larger else value <= goal) else "**no**"
        rows.append((title, said, wanted, met))
    return table(("what", "measured", "goal", "reached"), rows)


def section_page(section: Titled, figures: Mapping[str, Any]) -> str:
    """A section: its own page where its module has one, else its figures."""
    head = f"## {section.title}\n\n"
    if "missing" in figures:
        return f"{head}Not measured: {figures['missing']}."
    page = getattr(import_module(section.module), "page", None)
    return head + (page(figures) if page else "\n".join(figure_lines(figures)))


def figure_lines(figures: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Any figures as a nested list."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield f"{indent}- {name}"
            yield from figure_lines(value, indent + "  ")
        else:
            yield f"{indent}- {name}: {value}"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; numbers stand to the right."""
    numeric = [
        all(str(row[column])[:1].isdigit() or row[column] in ("", "-") for row in rows)
        for column in range(len(head))
    ]
    lines = [
        "| " + " | ".join(head) + " |",
        "|"
        + "|".join(" ---: " if right and column else " --- " for column, right in enumerate(numeric))
        + "|",
    ]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def bar(share: float, width: int = 30) -> str:
    """A bar of blocks for a text picture."""
    return ("█" * round(share * width)).ljust(width, "·")
