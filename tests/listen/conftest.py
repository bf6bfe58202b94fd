"""A running service: the real program in its own process, on a loopback port of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx
import pytest

START_S = 60


@dataclass
class Service:
    """The service of one test module."""

    url: str
    key: str
    data_dir: Path
    client: httpx.Client
    process: subprocess.Popen[str]

    def cli(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Runs the command line on the data directory of the running service."""
        return subprocess.run(
            [sys.executable, "-m", "mailrisk", *arguments, "--data-dir", str(self.data_dir)],
            input=stdin, capture_output=True, timeout=120, check=False,
        )  # fmt: skip


def start(
    data_dir: Path, *arguments: str, stderr: IO[bytes] | None = None
) -> tuple[subprocess.Popen[str], str, list[str]]:
    """(process, URL, lines printed before ``ready``). AssertionError when it does not come up.

    Without a configuration of its own it may not use the network: a test fetches no feeds.
    """
    if "--config" not in arguments:
        arguments = (*arguments, "--no-network")
    process = subprocess.Popen(
        [sys.executable, "-m", "mailrisk", "serve", "--listen", "127.0.0.1:0", "--data-dir", str(data_dir), *arguments],
        stdout=subprocess.PIPE, stderr=stderr, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    printed: list[str] = []
    watchdog = threading.Timer(START_S, process.kill)
    watchdog.start()
    try:
        for line in process.stdout:
            if line.startswith("ready "):
                return process, line.split()[1], printed
            printed.append(line)
    finally:
        watchdog.cancel()
    process.kill()
    raise AssertionError(f"the service did not come up: {printed}")


def stop(process: subprocess.Popen[str]) -> int:
    """Stops the service as an administrator would, and returns its exit code."""
    process.terminate()
    try:
        return process.wait(timeout=30)
    finally:
        process.kill()
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data_dir = tmp_path_factory.mktemp("data")
    process, url, _ = start(data_dir, "--config", str(_offline(data_dir)))
    key = (data_dir / "admin.key").read_text().strip()
    with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=60) as client:
        yield Service(url, key, data_dir, client, process)
    stop(process)


def _offline(folder: Path) -> Path:
    """A configuration under which nothing is looked up outside."""
    path = folder / "mailrisk.toml"
    path.write_text("[network]\nenabled = false\n")
    return path
