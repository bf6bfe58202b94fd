"""The processes that open files: what they answer, that they are killed, that nothing is silent."""

from __future__ import annotations

import asyncio
import bz2
from collections.abc import Iterator

import pytest
from tests.made_files import PROGRAM, attached, zip_of

from mailrisk.collect.files.limits import FileLimits
from mailrisk.edge.opening.job import Job
from mailrisk.edge.opening.pool import FileOpeners

ENDLESS = FileLimits(
    unpacked_bytes=10**12, member_bytes=10**12, ratio=10**9, files=10**6, picture_bytes=10**12
)
ZEROS = bz2.compress(bytes(200_000_000)) * 20
"""Four gigabytes in a few kilobytes."""


@pytest.fixture(scope="module")
def openers() -> Iterator[FileOpeners]:
    pool = FileOpeners(children=1, cpu_s=5, wall_s=60, memory_bytes=700_000_000)
    yield pool
    pool.close()


def job(name: str, data: bytes, limits: FileLimits | None = None) -> Job:
    return Job(attached=(attached(name, data),), passwords=("1234",), limits=limits or FileLimits())


def test_a_child_opens_files_and_answers_whatever_loop_asks(openers: FileOpeners) -> None:
    for _ in range(2):
        found = asyncio.run(openers.open(job("a.zip", zip_of(("a.exe", PROGRAM), password="1234"))))
        assert [file.kind for file in found.files] == ["zip", "pebin"] and not found.failed


def test_too_much_memory_is_told_and_the_next_message_is_opened(openers: FileOpeners) -> None:
    found = openers.open_now(job("a.bz2", ZEROS, ENDLESS))
    assert found.failed or found.files[0].why == "damaged"
    assert found.cuts or found.files[0].contents.defects
    assert openers.open_now(job("a.zip", zip_of(("a.exe", PROGRAM)))).files[-1].kind == "pebin"


def test_a_child_that_takes_too_long_is_killed_and_told() -> None:
    pool = FileOpeners(children=1, cpu_s=1, wall_s=60, memory_bytes=30_000_000_000)
    try:
        found = pool.open_now(job("a.bz2", ZEROS, ENDLESS))
        assert found.failed and found.exhausted and found.cuts and found.files == ()
        assert pool.open_now(job("b.zip", zip_of(("a.exe", PROGRAM)))).files[-1].kind == "pebin"
    finally:
        pool.close()


def test_a_child_that_does_not_come_up_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for broken in ("/nonexistent/python", "/bin/false"):
        monkeypatch.setattr("mailrisk.edge.children.sys.executable", broken)
        pool = FileOpeners(children=1)
        try:
            found = pool.open_now(job("a.zip", zip_of(("a.exe", PROGRAM))))
            assert found.failed and found.cuts and not found.exhausted
        finally:
            pool.close()
