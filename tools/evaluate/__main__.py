"""``make evaluate``: measures what mailrisk detects, writes docs/evaluation.md and build/evaluation.json.

Each section is one file with ``measure`` (figures) and, where a table of the figures is not enough,
``page`` (Markdown). A section that cannot be measured here says why and leaves its figures null.
The last line printed is the JSON.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import msgspec
from tools.evaluate.missing import Missing
from tools.evaluate.page import document

ROOT = Path(__file__).parents[2]
SEED = 4
LURES = 300
"""Synthetic messages of each kind that the section on intents makes."""
CODES = 200
"""Codes of each kind that the section on QR codes draws."""


class Section(msgspec.Struct, frozen=True):
    """One part of the evaluation: ``module`` under tools/evaluate, and how its ``measure`` is called."""

    name: str
    title: str
    module: str
    arguments: Callable[[Path], tuple[Any, ...]]


SECTIONS = (
    Section("messages", "Messages", "tools.evaluate.messages", lambda data: (data,)),
    Section("urls", "URLs", "tools.evaluate.urls", lambda data: (data,)),
    Section(
        "intent",
        "Intents, Chinese lures and their honest twins",
        "tools.evaluate.intent",
        lambda data: (data, LURES, SEED),
    ),
    Section("qr", "Codes", "tools.evaluate.qr", lambda data: (CODES, SEED, data)),
    Section("peers", "Beside others, on the same mails", "tools.evaluate.peers", lambda data: (data,)),
)


def run_section(section: Section, data: Path) -> dict[str, Any]:
    """The section's figures; {"missing": why} if it cannot be measured."""
    started = time.monotonic()
    print(f"== {section.title}", file=sys.stderr, flush=True)
    try:
        measure = import_module(section.module).measure
        figures = dict(measure(*section.arguments(data)))
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("tools."):
            raise
        figures = {"missing": f"{section.module} does not exist"}
    except (FileNotFoundError, Missing) as error:
        figures = {"missing": str(error)}
    figures["seconds"] = round(time.monotonic() - started, 1)
    return figures


def summary(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The figures by the names that the goals have. Every name is there; null is "not measured" or "no claim"."""
    messages, urls = found.get("messages", {}), found.get("urls", {})
    intent, peers = found.get("intent", {}), dict(found.get("peers", {}))
    if "peer" in urls:
        peers["fraudurl"] = urls["peer"]
    return {
        "url_recall_at_fpr_0.001": _first(urls, "url_recall_at_fpr_0.001", "recall_at_fpr_0.001"),
        "url_cross_source_recall_at_fpr_0.001": _first(
            urls, "url_cross_source_recall_at_fpr_0.001", "cross_source_recall_at_fpr_0.001"
        ),
        "message_recall_at_fpr_0.001": messages.get("recall_at_fpr_0.001"),
        "message_recall_at_fpr_0.01": messages.get("recall_at_fpr_0.01"),
        "ece": messages.get("ece"),
        "ece_as_sampled": messages.get("ece_as_sampled"),
        "zh_lure_recall": intent.get("zh_lure_recall"),
        "qr": _plain(found.get("qr", {})),
        "peers": _plain(peers),
    }


def _first(figures: Mapping[str, Any], *names: str) -> Any:
    return next((figures[name] for name in names if name in figures), None)


def _plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if name != "seconds"}


def evaluate(data: Path, only: frozenset[str] = frozenset()) -> Iterator[tuple[str, dict[str, Any]]]:
    """Figures of every section (or of those named), each as soon as it is measured."""
    for section in SECTIONS:
        if not only or section.name in only:
            yield section.name, run_section(section, data)


def stored(path: Path) -> dict[str, dict[str, Any]]:
    """The sections of an earlier run, for a run that measures some of them again."""
    if not path.is_file():
        return {}
    return dict(msgspec.json.decode(path.read_bytes()).get("sections", {}))


@click.command()
@click.argument("data", type=click.Path(path_type=Path), default=Path("../shared/data"))
@click.option("--only", help="Names of sections, with commas: the others keep their figures of the last run.")
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs" / "evaluation.md")
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), default=ROOT / "build" / "evaluation.json"
)
def main(data: Path, only: str | None, out: Path, json_path: Path) -> None:
    """Measures everything on the data under DATA and writes the report."""
    names = frozenset((only or "").split(",")) - {""}
    unknown = names - {section.name for section in SECTIONS}
    if unknown:
        raise click.UsageError(f"no such section: {', '.join(sorted(unknown))}")
    if not data.is_dir():
        raise click.UsageError(f"{data} is no directory; say DATA=/where/the/data/is")
    found = stored(json_path) if names else {}
    result = summary(found)
    for name, figures in evaluate(data, names):
        found[name] = figures
        result = summary(found)
        write(
            found, result, out, json_path
        )  # After each section: a run that is ended has not measured in vain.
    print(f"{out} and {json_path} written", file=sys.stderr)
    print(msgspec.json.encode(result).decode())


def write(
    found: Mapping[str, Mapping[str, Any]], result: Mapping[str, Any], out: Path, json_path: Path
) -> None:
    """The page and the JSON."""
    json_path.parent.mkdir(parents=True, exist_ok=True)
    encoded = msgspec.json.encode({**result, "sections": found})
    json_path.write_bytes(msgspec.json.format(encoded, indent=1))
    out.write_text(document(SECTIONS, found, result), encoding="utf-8")


if __name__ == "__main__":
    main()
