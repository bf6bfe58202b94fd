"""What holds for every test: no network but loopback, no silent skips, and a report of the parts.

``make test`` prints at its end what ran and how long each part took. A skipped test makes the run
fail: only the data sets that are not part of the repository may be absent.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from mailrisk.edge.policy_files import load_policy
from mailrisk.model.policy import Policy

MAY_SKIP = "shared data absent"
"""The only reason for which a test may be skipped; it must be in the text of the skip."""

TESTS = Path(__file__).parent

# Timing belongs to the benchmarks: a slow machine is no failed test. CI repeats the same examples.
settings.register_profile("mailrisk", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI")))
settings.load_profile("mailrisk")


for name in ("MAILRISK_LANG", "LC_ALL", "LC_MESSAGES"):
    os.environ.pop(name, None)
os.environ["LANG"] = "C.UTF-8"
"""Tests read English, whatever their reader does; those about Chinese ask for it."""


def _refuse_network(event: str, args: tuple[Any, ...]) -> None:
    """Audit hook: raises when a test of this process would leave the machine."""
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = args[1]
        host = address[0] if isinstance(address, tuple) else None  # a Unix socket has a path
    else:
        return
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if not host or host == "localhost":
        return
    try:
        outside = not ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        outside = True
    if outside:
        raise RuntimeError(f"a test tried to reach {host!r}: tests use loopback only")


sys.addaudithook(_refuse_network)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """The command line sets an umask for its process, which is ours too; servers of the system have users of their own."""
    os.umask(0o022)


@dataclass
class _Part:
    """What one part of the suite did."""

    tests: int = 0
    failed: int = 0
    seconds: float = 0.0


_parts: defaultdict[str, _Part] = defaultdict(_Part)
_skips: list[str] = []


def _part_of(nodeid: str) -> str:
    """``tests/model/url/test_x.py::...`` belongs to ``model``."""
    path = nodeid.partition("::")[0].split("/")
    return path[1] if len(path) > 2 else "(top)"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Adds one phase of one test to its part, and remembers skips that nobody allowed."""
    part = _parts[_part_of(report.nodeid)]
    part.seconds += report.duration
    part.tests += report.when == "call"
    part.failed += report.failed
    if report.skipped and not hasattr(report, "wasxfail"):
        _remember_skip(report.nodeid, report.longrepr)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """A module that skips itself is a skip too."""
    if report.skipped:
        _remember_skip(report.nodeid, report.longrepr)


def _remember_skip(nodeid: str, longrepr: object) -> None:
    reason = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    if MAY_SKIP not in reason:
        _skips.append(f"{nodeid}: {reason}")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run with a skip that is not allowed has failed."""
    if _skips and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """Prints the parts after everything else, so that pytest's closing line follows them."""
    yield
    write = terminalreporter.write_line
    terminalreporter.section("what ran")
    for item in filter(None, os.environ.get("MAILRISK_TEST_SETUP", "").split(";")):
        name, _, milliseconds = item.partition("=")
        write(f"{name:<34} {'':>17} {int(milliseconds) / 1000:>8.1f} s")
    for name, part in sorted(_parts.items()):
        failed = f"{part.failed} failed" if part.failed else ""
        write(f"{'tests/' + name:<34} {part.tests:>6} {failed:>10} {part.seconds:>8.1f} s")
    for skip in _skips:
        write(f"SKIPPED, WHICH FAILS THE RUN: {skip}", red=True)


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The shipped policy."""
    return load_policy({})
