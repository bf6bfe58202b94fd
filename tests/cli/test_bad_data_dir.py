"""Data directories that are damaged or empty: one clear line, in the language of the reader, and never a trace."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mailrisk.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs the program in this process: (exit code, standard output, standard error)."""
    monkeypatch.delenv("MAILRISK_DATA_DIR", raising=False)
    monkeypatch.delenv("MAILRISK_CONFIG", raising=False)

    def call(*arguments: str, lang: str = "en") -> tuple[int, str, str]:
        monkeypatch.setenv("MAILRISK_LANG", lang)
        monkeypatch.setattr(sys, "argv", ["mailrisk", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capfd.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return call


@pytest.mark.parametrize("command", [["status"], ["explain", "a.example"], ["feed", "list"], ["key", "list"]])
def test_a_ledger_that_is_no_database_is_one_line(run: Run, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database\n" * 400)
    code, out, err = run(*command, "--data-dir", str(tmp_path))
    assert (code, out) == (3, "")
    assert err == (
        f"mailrisk: the ledger at sqlite:///{tmp_path}/ledger.db cannot be opened: file is not a database\n"
    )


def test_it_is_told_in_chinese_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database\n" * 400)
    _, _, err = run("status", "--data-dir", str(tmp_path), lang="zh")
    assert err == f"mailrisk: 无法打开账本 sqlite:///{tmp_path}/ledger.db：文件不是数据库\n"


def test_a_ledger_that_turns_out_damaged_while_it_is_read_is_one_line(run: Run, tmp_path: Path) -> None:
    assert run("key", "issue", "--role", "admin", "--data-dir", str(tmp_path))[0] == 0
    ledger = tmp_path / "ledger.db"
    whole = ledger.read_bytes()
    page = 4_096  # The schema stays, everything behind it is lost.
    kept = 2 * page
    ledger.write_bytes(whole[:kept] + b"\xa5" * (len(whole) - kept))
    code, _, err = run("key", "list", "--data-dir", str(tmp_path))
    assert code == 3 and err.startswith("mailrisk: ") and err.count("\n") == 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_serving_where_nothing_can_be_written_is_one_line(run: Run, lang: str) -> None:
    code, out, err = run("serve", "--data-dir", "/proc/self", lang=lang)
    said = {"en": "cannot run in the data directory /proc/self", "zh": "无法在数据目录 /proc/self 中运行"}
    assert (code, out) == (3, "") and said[lang] in err and err.count("\n") == 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_serving_where_another_core_serves_names_it(run: Run, tmp_path: Path, lang: str) -> None:
    with socket.socket(socket.AF_UNIX) as first:
        first.bind(str(tmp_path / "core.4711.sock"))
        first.listen()
        code, out, err = run("serve", "--data-dir", str(tmp_path), lang=lang)
    said = {"en": "already, as process 4711: stop that one first", "zh": "（进程号 4711）：请先停止它"}
    assert (code, out) == (3, "") and said[lang] in err and err.count("\n") == 1


@pytest.mark.parametrize("command", [["status"], ["explain", "a.example"], ["changes"], ["key", "list"]])
def test_what_only_shows_data_says_that_there_is_none_and_makes_none(
    run: Run, tmp_path: Path, command: list[str]
) -> None:
    folder = tmp_path / "nowhere" / "data"
    code, out, err = run(*command, "--data-dir", str(folder), "--format", "jsonl")
    assert (code, out) == (3, "") and not folder.parent.exists()
    assert err.startswith(f"mailrisk: there is no mailrisk data in {folder}: ") and err.count("\n") == 1
    assert f"{folder} 中没有 mailrisk 的数据" in run(*command, "--data-dir", str(folder), lang="zh")[2]


def test_an_answer_out_of_new_data_says_once_that_it_is_empty(run: Run, tmp_path: Path) -> None:
    asked = ("url", "check", "--no-network", "a.example", "--format", "jsonl")
    code, out, err = run(*asked, "--data-dir", str(tmp_path / "a"))
    assert code == 0 and json.loads(out)["input"] == "a.example"
    assert f"new, empty data was begun in {tmp_path / 'a'};" in err
    assert run(*asked, "--data-dir", str(tmp_path / "a"))[2] == ""
    assert (
        f"已在 {tmp_path / 'b'} 中新建空的数据"
        in run(*asked, "--data-dir", str(tmp_path / "b"), lang="zh")[2]
    )


def test_a_ledger_elsewhere_has_its_data_elsewhere(run: Run, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(f'[store]\nledger = "sqlite:///{tmp_path}/elsewhere.db"\n')
    code, _, err = run("changes", "--data-dir", str(tmp_path / "a"), "--config", str(tmp_path / "m.toml"))
    assert (code, err) == (0, "")
