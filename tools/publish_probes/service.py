"""The real service, started for a benchmark."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tools.publish_probes.probe import free_port

START_S = 180


@contextlib.contextmanager
def running_service(folder: Path, config: Path, workers: int) -> Iterator[tuple[int, str]]:
    """(process id, URL) of ``mailrisk serve`` with its data in ``folder``/data, once it is ready."""
    url, log = f"http://127.0.0.1:{free_port()}", folder / "service.log"
    command = [sys.executable, "-m", "mailrisk", "serve", "--listen", url.removeprefix("http://")]
    places = ["--data-dir", str(folder / "data"), "--config", str(config)]
    with log.open("wb") as written:
        process = subprocess.Popen(
            [*command, "--workers", str(workers), *places], stdout=written, stderr=written
        )
    try:
        deadline = time.monotonic() + START_S
        while b"ready http" not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(log.read_text())
            time.sleep(0.2)
        yield process.pid, url
    finally:
        process.terminate()
        process.wait(60)
