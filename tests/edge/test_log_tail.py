"""Following logs over rotation, truncation and half lines: every line once, none lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailrisk.edge import log_tail
from mailrisk.edge.log_tail import START, Place, read_file, read_journal


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def drain(path: Path, place: Place) -> tuple[list[str], Place]:
    """All lines that are there, as a caller gets them."""
    lines: list[str] = []
    while True:
        found = read_file(path, place)
        lines += [line.decode().strip() for line in found.lines]
        place = found.place
        if not found.more:
            return lines, place


def test_half_a_line_waits_until_it_is_whole(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    append(log, "one\ntw")
    lines, place = drain(log, START)
    assert lines == ["one"]
    append(log, "o\nthree\n")
    assert drain(log, place)[0] == ["two", "three"]


def test_a_rotated_log_is_read_to_its_end_before_the_new_one(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    append(log, "one\n")
    _, place = drain(log, START)
    append(log, "two\n")
    log.rename(tmp_path / "mail.log.1")
    append(tmp_path / "mail.log.1", "three\n")
    append(log, "four\n")
    assert drain(log, place)[0] == ["two", "three", "four"]


def test_between_rotation_and_the_new_log_nothing_is_lost(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    append(log, "one\n")
    _, place = drain(log, START)
    append(log, "two\n")
    log.rename(tmp_path / "mail.log.1")
    found = read_file(log, place)
    assert found.lines == (b"two\n",)
    with pytest.raises(FileNotFoundError):
        read_file(log, found.place)
    append(log, "three\n")
    assert drain(log, found.place)[0] == ["three"]


def test_a_truncated_log_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    append(log, "one\ntwo\nthree\n")
    _, place = drain(log, START)
    log.write_text("four\n")
    assert drain(log, place)[0] == ["four"]


def test_a_log_that_was_packed_away_begins_anew_with_the_new_file(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    append(log, "one\n")
    _, place = drain(log, START)
    log.rename(tmp_path / "elsewhere")
    append(log, "two\n")
    assert drain(log, place)[0] == ["two"]


def test_a_directory_in_the_place_of_a_log_is_an_error_and_the_place_stays_good(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    append(log, "one\n")
    _, place = drain(log, START)
    append(log, "two\n")
    log.rename(tmp_path / "kept")
    log.mkdir()
    with pytest.raises(OSError):
        read_file(log, place)
    log.rmdir()
    (tmp_path / "kept").rename(log)
    assert drain(log, place)[0] == ["two"]


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mail.log")
    with pytest.raises(OSError):
        read_file(tmp_path / "mail.log", START)


def test_a_new_log_is_begun_at_its_end_when_asked(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    append(log, "one\nhal")
    found = read_file(log, START, from_end=True)
    append(log, "f\n")
    assert found.lines == () and drain(log, found.place)[0] == ["half"]


def test_more_than_fits_comes_in_portions_and_an_endless_line_does_not_stop_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_tail, "MAX_READ", 64)
    log = tmp_path / "mail.log"
    append(log, "".join(f"line {number}\n" for number in range(50)) + "x" * 1000 + "\nlast\n")
    lines, _ = drain(log, START)
    assert lines[:50] == [f"line {number}" for number in range(50)]
    assert "".join(lines[50:-1]) == "x" * 1000 and lines[-1] == "last"


def test_the_journal_is_read_from_its_cursor(tmp_path: Path) -> None:
    program = tmp_path / "journalctl"
    program.write_text(
        '#!/bin/sh\necho "$@" >> ' + str(tmp_path / "asked") + "\n"
        "echo '{\"MESSAGE\":\"one\"}'\necho '-- cursor: s=abc;i=7'\n"
    )
    program.chmod(0o755)
    found = read_journal(["dovecot.service"], START, program=str(program))
    assert found.lines == (b'{"MESSAGE":"one"}\n',) and found.place.cursor == "s=abc;i=7"
    read_journal(["dovecot.service"], found.place, program=str(program))
    first, second = (tmp_path / "asked").read_text().splitlines()
    assert "--after-cursor" not in first and "--after-cursor=s=abc;i=7" in second
    assert "--unit=dovecot.service" in first


def test_a_journal_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        read_journal(["dovecot.service"], START, program=str(tmp_path / "missing"))


def test_a_full_journal_is_read_in_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_tail, "MAX_READ", 100)
    program = tmp_path / "journalctl"
    program.write_text(
        '#!/bin/sh\nfor n in $(seq 1 2000); do echo \'{"__CURSOR":"c\'$n\'","MESSAGE":"a line"}\'; done\n'
        "echo '-- cursor: c2000'\n"
    )
    program.chmod(0o755)
    found = read_journal(["dovecot.service"], START, program=str(program))
    assert len(found.lines) == 2 and found.more and found.place.cursor == "c2"


def test_a_carriage_return_in_a_name_begins_no_line(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_bytes(b"failed: user=<a\rdovecot: failed: rip=192.0.2.1>, rip=203.0.113.9\n")
    assert len(read_file(log, START).lines) == 1


def test_a_pipe_in_place_of_a_log_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "mail.log"
    os.mkfifo(log)
    monkeypatch.setattr(log_tail, "_regular", lambda path: path.stat())  # It came after the look.
    for place in (START, Place(1, 2, 3)):
        with pytest.raises(OSError, match="is no file"):
            read_file(log, place)


def test_a_log_that_is_rotated_between_look_and_opening_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "mail.log"
    append(log, "one\n")
    _, place = drain(log, START)
    append(log, "two\n")

    look = log_tail._rotated

    def looked(path: Path, at: Place) -> Path | None:
        found = look(path, at)
        if not (tmp_path / "mail.log.1").exists():
            path.rename(tmp_path / "mail.log.1")
            append(path, "three, longer than before\n")
        return found

    monkeypatch.setattr(log_tail, "_rotated", looked)
    assert drain(log, place)[0] == ["two", "three, longer than before"]
