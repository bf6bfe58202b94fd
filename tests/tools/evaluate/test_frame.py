"""The frame of make evaluate and make train: every figure has its name, what is missing is said."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tools.evaluate import __main__ as frame
from tools.evaluate.messages import measure
from tools.evaluate.messages_page import page
from tools.evaluate.missing import Missing
from tools.evaluate.page import document, goals, table
from tools.train import __main__ as training

NAMES = {
    "url_recall_at_fpr_0.001",
    "url_cross_source_recall_at_fpr_0.001",
    "message_recall_at_fpr_0.001",
    "message_recall_at_fpr_0.01",
    "ece",
    "zh_lure_recall",
    "qr",
    "peers",
}


def mail(author: str, day: int, body: str) -> bytes:
    return (
        f"From: Somebody <x@{author}>\nTo: phishing@pot\nSubject: Notice\nDate: {day % 27 + 1} Jan 2024 08:00:00 +0000\n"
        f"Message-ID: <{day}@{author}>\nMIME-Version: 1.0\nContent-Type: text/html\n\n<p>{body}</p>\n"
    ).encode()


def archive(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:xz") as tar:
        for name, raw in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            tar.addfile(info, io.BytesIO(raw))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twelve mails of each class; the lures all convict, the others say nothing."""
    folder = tmp_path / "data" / "mail"
    folder.mkdir(parents=True)
    lure = 'Your mailbox is full. <a href="https://kq7.example/login">Verify your password now</a> PayPal Security Team'
    archive(
        folder / "phishing_pot.tar.xz",
        {f"phishing_pot/{number}.eml": mail(f"lure{number}.example", number, lure) for number in range(12)},
    )
    archive(
        folder / "ham_lists.tar.xz",
        {
            f"ham_lists/a/{number}.eml": mail(f"home{number}.example", number, "We meet on Friday.")
            for number in range(12)
        },
    )
    return tmp_path / "data"


def test_messages_are_measured_and_the_page_is_written(data: Path) -> None:
    figures = measure(data)
    assert figures["recall_at_fpr_0.001"] is None, "24 mails make no claim at 0.1 %"
    assert not figures["one_thousandth"]["claimable"]
    assert figures["one_percent"]["recall"]["of"] == 6
    assert figures["halves"]["validation"]["phishing_pot"]["mails"] == 6
    assert set(figures["benign_groups"]) >= {"all", "source: ham_lists"}
    assert "nothing left out" in figures["ablation"]
    assert 0.9 < sum(figures["cost"]["cpu_share"].values()) < 1.1
    text = page(figures)
    assert "no claim" in text and "phishing_pot" in text


def test_without_both_classes_the_section_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="does not hold both"):
        measure(tmp_path)


def test_every_named_figure_is_there_and_null_where_nothing_was_measured() -> None:
    result = frame.summary({})
    assert set(result) >= NAMES
    assert result["message_recall_at_fpr_0.01"] is None
    assert result["qr"] == {}


def test_a_section_that_cannot_be_measured_says_why(tmp_path: Path) -> None:
    absent = frame.Section("x", "X", "tools.evaluate.no_such_module", lambda data: (data,))
    assert "does not exist" in frame.run_section(absent, tmp_path)["missing"]
    peers = next(one for one in frame.SECTIONS if one.name == "peers")
    assert "holds no mail" in frame.run_section(peers, tmp_path)["missing"]


def test_the_command_writes_page_and_json_and_prints_the_json_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: dict[str, Any] = {
        "messages": {"missing": "not here"},
        "intent": {"missing": "x", "zh_lure_recall": 0.97},
    }
    monkeypatch.setattr(frame, "evaluate", lambda data, only: measured.items())
    out, stored = tmp_path / "evaluation.md", tmp_path / "build" / "evaluation.json"
    done = CliRunner().invoke(frame.main, [str(tmp_path), "--out", str(out), "--json", str(stored)])
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout.splitlines()[-1])
    assert set(printed) >= NAMES
    assert printed["zh_lure_recall"] == 0.97
    assert json.loads(stored.read_text())["sections"]["messages"] == {"missing": "not here"}
    assert "Not measured: not here." in out.read_text()
    assert "Written by `make evaluate`" in out.read_text()


def test_an_unknown_section_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    assert CliRunner().invoke(frame.main, [str(tmp_path), "--only", "nothing"]).exit_code == 2
    assert CliRunner().invoke(frame.main, [str(tmp_path / "absent")]).exit_code == 2
    assert CliRunner().invoke(training.main, [str(tmp_path), "--only", "nothing"]).exit_code == 2


def test_training_without_data_leaves_what_is_shipped_alone(tmp_path: Path) -> None:
    found = training.train_all(tmp_path, frozenset({"fusion"}))
    assert "is not there" in found["fusion"]["missing"]


def test_goals_say_whether_they_were_reached() -> None:
    text = goals({"message_recall_at_fpr_0.01": 0.93, "ece": 0.03})
    assert "| 0.930 | ≥ 0.92 | yes |" in text
    assert "| 0.030 | ≤ 0.02 | **no** |" in text
    assert "| no claim |" in text


def test_the_page_holds_every_section(tmp_path: Path) -> None:
    text = document(
        frame.SECTIONS, {"urls": {"missing": "x"}, "messages": {"missing": "y"}}, frame.summary({})
    )
    assert "## Messages" in text and "## URLs" in text


def test_tables_put_numbers_to_the_right() -> None:
    assert table(("name", "count"), [("a", 1)]).splitlines()[1] == "| --- | ---: |"
