"""Names from a list's history: each with its month, none from later than asked, none of a domain that is judged on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tools.train.dated_names import dated_rows, first_months
from tools.train.url_rows import Row, row_of
from tools.train.url_split import Split

from mailrisk.edge.shipped import load_hosts

HOSTS = load_hosts()
NOBODY = {"NAME": "nobody", "EMAIL": "nobody@list.example"}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A list that grew three times, the last time in 2025, and lost a name on the way."""
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "", "init", "-q")
    for day, names in (
        ("2024-05-10", ["first.example", "taken-off.example"]),
        ("2024-09-02", ["first.example", "second.example"]),
        ("2025-01-01", ["first.example", "second.example", "later.example"]),
    ):
        (folder / "all.json").write_text(json.dumps({"allow": [], "deny": names}), encoding="utf-8")
        git(folder, day, "add", "all.json")
        git(folder, day, "commit", "-q", "-m", day)
    return folder


def git(folder: Path, day: str, *words: str) -> None:
    """Runs git on that day, as nobody."""
    dates = {f"GIT_{who}_DATE": f"{day}T12:00:00Z" for who in ("AUTHOR", "COMMITTER") if day}
    names = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in NOBODY.items()}
    subprocess.run(
        ["git", "-C", str(folder), *words], check=True, env={"PATH": "/usr/bin:/bin", **dates, **names}
    )


def made(text: str, *, dangerous: bool = True) -> Row:
    """A row of a URL that is one."""
    row = row_of(text, HOSTS, dangerous=dangerous, source="tweetfeed", day="2025-02-02")
    assert row is not None
    return row


def test_a_name_has_the_month_in_which_it_came_and_none_is_taken_from_later(clone: Path) -> None:
    assert first_months(clone, "2025") == {
        "first.example": "2024-05",
        "taken-off.example": "2024-05",
        "second.example": "2024-09",
    }


def test_names_of_judged_domains_and_of_later_months_and_widely_used_ones_are_left_out(
    tmp_path: Path,
) -> None:
    listed = {
        "claim-tokens.com": "2024-05",
        "sub.tested-bad.com": "2024-05",
        "honest-tested.org": "2024-06",
        "wikipedia.org": "2024-06",
        "much-later.com": "2025-01",
    }
    path = tmp_path / "names.tsv"
    path.write_text("".join(f"{month}\t{name}\n" for name, month in listed.items()), encoding="utf-8")
    dealt = Split(
        [],
        [],
        [],
        [],
        [made("https://tested-bad.com/x")],
        [made("https://honest-tested.org/", dangerous=False)],
        [],
    )
    (row,) = dated_rows(path, dealt, HOSTS)
    assert (row.url.host, row.day, row.dangerous, row.shippable) == (
        "claim-tokens.com",
        "2024-05-28",
        True,
        True,
    )


def test_training_does_without_names_that_are_not_there(tmp_path: Path) -> None:
    assert dated_rows(tmp_path / "missing.tsv", Split([], [], [], [], [], [], []), HOSTS) == []
