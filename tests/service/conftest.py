"""A fresh world for every test of a use case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.worlds import TestClock, world

from mailrisk.service.context import Context


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def context(tmp_path: Path, clock: TestClock) -> Iterator[Context]:
    with world(tmp_path, clock) as opened:
        yield opened
