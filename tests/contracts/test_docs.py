"""Every command, setting, reason code, format and route is documented, as the code has it now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tools import docs

from mailrisk.collect.feeds.registry import FORMATS as FEED_FORMATS
from mailrisk.collect.logs.registry import FORMATS as LOG_FORMATS
from mailrisk.config import Config
from mailrisk.edge.policy_files import load_reasons
from mailrisk.edge.shipped import load_feeds
from mailrisk.model.feed import FeedSource

ROOT = Path(__file__).parents[2]
PAGES = docs.pages()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_is_what_the_code_says(name: str) -> None:
    written = docs.REFERENCE / name
    assert written.exists() and written.read_text(encoding="utf-8") == PAGES[name], "run: make docs"


def test_the_reference_holds_no_page_that_nothing_makes() -> None:
    assert {path.name for path in docs.REFERENCE.glob("*.md")} == set(PAGES)


def test_every_command_has_a_section_and_every_option_a_help_text() -> None:
    for path, command in docs.commands():
        assert f"## `{path}`" in PAGES["commands.md"]
        assert command.help, f"{path} has no help"
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert getattr(parameter, "help", None), f"{path} {parameter.opts[0]} has no help"


def test_every_setting_is_described() -> None:
    for name, _, _, description in docs.settings(Config):
        assert description, f"{name} has no description"
        assert f"`{name}`" in PAGES["configuration.md"]
    for name, *_ in docs.settings(FeedSource):
        assert f"`{name}`" in PAGES["configuration.md"]


def test_every_reason_code_is_listed() -> None:
    assert [code for code in load_reasons() if f"`{code}`" not in PAGES["reasons.md"]] == []


def test_every_format_and_feed_says_what_it_is() -> None:
    rows = dict(re.findall(r"^\| `([^`]+)` \| (\S[^\n]*) \|", PAGES["formats.md"], re.MULTILINE))
    for name in (*FEED_FORMATS, *LOG_FORMATS, *load_feeds()):
        assert rows.get(name, "").strip(), f"{name} is not described"


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            if "://" not in target and not (document.parent / target).exists():
                broken.append(f"{document.relative_to(ROOT)}: {target}")
    assert not broken


def test_files_named_in_documents_exist() -> None:
    missing = []
    for document in DOCUMENTS:
        if "decisions" in document.parts or document.name == "CHANGELOG.md":
            continue  # They tell what was true when they were written.
        for name in re.findall(
            r"`((?:src|tests|tools|docs|requirements)/[\w./-]+)`", document.read_text("utf-8")
        ):
            if not (ROOT / name).exists():
                missing.append(f"{document.relative_to(ROOT)}: {name}")
    assert not missing
