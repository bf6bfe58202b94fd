"""Processes and load for ``make bench-lookup``: the service, the static server, wrk, and their figures."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
START_S = 60.0


@dataclass
class Load:
    """What one run of wrk measured."""

    per_s: float
    p99_ms: float
    requests: int
    failed: int


@dataclass
class Server:
    """A running server: where it answers, and all its processes."""

    url: str
    pids: list[int]
    start_s: float

    def cpu_s(self) -> float:
        """Processor time that its processes have used, seconds."""
        total = 0
        for pid in self.pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def anonymous_mb(self) -> float:
        """Sum of RssAnon over its processes: what is not shared with the page cache."""
        kib = 0
        for pid in self.pids:
            found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
            kib += int(found[1]) if found else 0
        return kib * 1024 / 1e6


def children(pid: int) -> list[int]:
    """The child processes of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def service(data_dir: Path, workers: int, port: int = 0, config: Path | None = None) -> Iterator[Server]:
    """``mailrisk serve`` on a loopback port."""
    command = [
        sys.executable, "-m", "mailrisk", "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", str(data_dir),
        "--no-network", "--workers", str(workers), *(("--config", str(config)) if config else ()),
    ]  # fmt: skip
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = _wait_for_line(process, "ready ").split()[1]
        took = time.perf_counter() - started
        yield Server(url, [process.pid, *children(process.pid)], took)
    finally:
        _end(process)


def _wait_for_line(process: subprocess.Popen[str], beginning: str) -> str:
    assert process.stdout is not None
    watchdog = threading.Timer(START_S, process.kill)
    watchdog.start()
    try:
        for line in process.stdout:
            if line.startswith(beginning):
                return line
    finally:
        watchdog.cancel()
    raise RuntimeError(f"{process.args!r} did not start")


def _end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


@contextmanager
def static_server(data_dir: Path, workers: int) -> Iterator[Server]:
    """As many processes of the same server with a constant route (``bench_lookup_static``)."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    command = [
        sys.executable,
        "-m",
        "tools.bench_lookup_static",
        "--fd",
        str(listener.fileno()),
        str(data_dir),
    ]
    running: list[subprocess.Popen[str]] = []
    try:
        for _ in range(workers):
            running.append(
                subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    pass_fds=[listener.fileno()],
                )
            )
        for process in running:
            assert process.stdin is not None
            process.stdin.write("open\n")
            process.stdin.flush()
        for process in running:
            _wait_for_line(process, "ready")
        yield Server(f"http://127.0.0.1:{listener.getsockname()[1]}", [one.pid for one in running], 0.0)
    finally:
        for process in running:
            _end(process)
            if process.stdin is not None:
                process.stdin.close()
        listener.close()


@contextmanager
def program(command: Sequence[str], url: str, port: int) -> Iterator[Server]:
    """Another server that does not say when it is ready: it is when its port is open."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise RuntimeError(f"{command[0]} did not start") from None
                time.sleep(0.1)
        yield Server(url, [process.pid], 0.0)
    finally:
        _end(process)


def wrk(url: str, script: Path, *, connections: int, seconds: float, arguments: Sequence[str] = ()) -> Load:
    """Runs wrk with one thread; ``script`` makes the requests, which get ``arguments``."""
    command = [
        "wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "5s", "--latency", "-s", str(script), url,
        "--", *arguments,
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True)
    found = re.search(r"^FIGURES (\S+) (\S+) (\S+) (\S+)$", run.stdout, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"wrk said nothing useful: {run.stdout}{run.stderr}")
    requests, us, p99_us, failed = (float(value) for value in found.groups())
    return Load(requests / us * 1e6, p99_us / 1000, int(requests), int(failed))
