"""Mails that are made to stop a scanner, through everything that is real: all end, within bounds, and say what was cut.

They are checked in a process of its own, so that one that takes too much is a failed test and not the end of all tests.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.service.hostile_mails import MAILS

ROOT = Path(__file__).parents[2]

MOST_MEMORY_MB = 1_500
"""Of the process that checks, and of each that opens files: one mail of the largest size, several times over."""

WALL_S = 400
"""A guard against hanging; on a quiet machine all mails together take a tenth of it."""


@pytest.fixture(scope="module")
def silent() -> Iterator[str]:
    """IP:port of a name server that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(scope="module")
def answers(silent: str) -> dict[str, dict[str, Any]]:
    """Name of the mail -> what came of it."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.service.bad_message_work", silent],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=WALL_S,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-300:]
    told = [json.loads(line) for line in run.stdout.splitlines()]
    return {line.get("name", "memory"): line for line in told}


@pytest.mark.parametrize("name", MAILS)
def test_every_mail_is_answered_or_refused_with_a_reason(
    answers: dict[str, dict[str, Any]], name: str
) -> None:
    told = answers[name]
    assert told.get("refused") or told["level"] in ("unknown", "suspicious", "malicious")


def test_memory_stays_bounded(answers: dict[str, dict[str, Any]]) -> None:
    assert max(answers["memory"]["memory_mb"]) <= MOST_MEMORY_MB


def test_a_mail_over_the_limit_is_refused_by_its_size(answers: dict[str, dict[str, Any]]) -> None:
    assert "at most 67108864 are read" in answers["too large"]["refused"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nested parts", "nested deeper than 20 levels"),
        ("nested messages", "nested deeper than 20 levels"),
        ("many messages", "only the first 1000 were read"),
        ("nested archives", "nested deeper"),
        ("gzip bomb", "larger than may be unpacked"),
        ("office bomb", "bytes were read"),
        ("ten thousand pages", "10000, the first"),
        ("deep page", "too deeply nested"),
    ],
)
def test_what_was_cut_is_told(answers: dict[str, dict[str, Any]], name: str, said: str) -> None:
    assert any(said in cut for cut in answers[name]["cut"]), answers[name]["cut"]


def test_an_archive_of_a_petabyte_is_evidence(answers: dict[str, dict[str, Any]]) -> None:
    assert "archive-bomb" in answers["petabyte"]["codes"]


def test_links_of_the_first_pages_are_looked_up(answers: dict[str, dict[str, Any]]) -> None:
    assert "https://evil0.example/p" in answers["ten thousand pages"]["urls"]


def test_a_picture_of_fifty_thousand_by_fifty_thousand_pixels_is_not_decoded(
    answers: dict[str, dict[str, Any]],
) -> None:
    for name in ("huge pictures", "office bomb"):
        assert any("50000 x 50000 pixels" in cut for cut in answers[name]["cut"]), answers[name]["cut"]


def test_keys_that_never_come_are_a_missing_stage(answers: dict[str, dict[str, Any]]) -> None:
    told = answers["silent domains"]
    assert "auth" in told["missing"] and told["auth"]["dkim"] == "temperror"
