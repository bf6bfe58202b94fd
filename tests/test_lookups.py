"""The library's entry: look-ups in the caller's own process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.worlds import world

from mailrisk.edge.clock import system_clock
from mailrisk.lookups import open_lookups
from mailrisk.model.errors import BadUrl, Unavailable
from mailrisk.model.verdict import Category, Level
from mailrisk.service.withdraw import list_by_hand


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory in which one host is listed."""
    with world(tmp_path) as context:
        category = Category.CREDENTIAL_PHISHING
        list_by_hand(context, "host:evil.example", comment="t", analyst="t", category=category)
        context.index.follow(context.ledger, system_clock())
    return tmp_path


def test_listed_urls_are_found_and_others_are_none(data_dir: Path) -> None:
    with open_lookups(data_dir) as lookups:
        found = lookups.find("https://evil.example/any?thing")
        assert found is not None and found.level is Level.MALICIOUS and found.value == "evil.example"
        assert lookups.find("https://good.example/") is None
        assert not lookups.is_too_old
        with pytest.raises(BadUrl):
            lookups.find("no url at all")


def test_many_urls_are_found_at_once_and_a_bad_one_spoils_nothing(data_dir: Path) -> None:
    with open_lookups(data_dir) as lookups:
        listed, bad, clean = lookups.find_each(
            ["https://evil.example/x", "no url at all", "https://good.example/"]
        )
        assert listed == lookups.find("https://evil.example/x") and listed is not None
        assert isinstance(bad, BadUrl) and clean is None


def test_checks_answer_as_the_service_does_and_a_bad_one_spoils_nothing(data_dir: Path) -> None:
    with open_lookups(str(data_dir)) as lookups:
        answers = lookups.check(["https://evil.example/", "\n", "https://good.example/"], analyse="none")
    assert [answer.get("level") for answer in answers] == ["malicious", None, "unknown"]
    assert answers[1]["error"]


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable), open_lookups(tmp_path):
        pass


def test_neither_a_database_nor_a_web_framework_is_loaded() -> None:
    heavy = ("sqlalchemy", "litestar", "dns", "alembic", "selectolax")
    program = f"import sys, mailrisk.lookups, mailrisk.listen.fast.worker; print([m for m in {heavy} if m in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.strip() == "[]"
