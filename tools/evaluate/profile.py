"""Where the CPU time of a message check goes, by package: exclusive time under cProfile, in this process."""

from __future__ import annotations

import asyncio
import cProfile
import dataclasses
import pstats
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from mailrisk.config import Config
from mailrisk.model.errors import BadInput
from mailrisk.model.message import Envelope
from mailrisk.service.assess import assess
from mailrisk.service.slow_stages import STAGES
from mailrisk.wiring import open_context

T = TypeVar("T")

WARM = 20
"""Mails before the measurement, for what is loaded once."""

SLOW = frozenset(stage.name for stage in STAGES)


class InThisThread:
    """Does the work of ``AnalysisThreads`` here: a profile sees one thread alone."""

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """The result of ``work``."""
        return work(*arguments)


def cpu_by_package(mails: Sequence[bytes], deep: bool = True) -> dict[str, float]:
    """Share of the CPU time for each package of mailrisk; what a library does counts for who called it.

    Without ``deep`` no slow stage is done.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        open_context(Path(folder), Config(), network=False) as opened,
        asyncio.Runner() as runner,
    ):
        depth = opened.depth if deep else msgspec.structs.replace(opened.depth, off=SLOW)
        context = dataclasses.replace(opened, analysis=cast(Any, InThisThread()), depth=depth)

        def check(raw: bytes) -> None:
            with suppress(BadInput):
                runner.run(assess(context, raw, Envelope(), network=False))

        for raw in mails[:WARM]:
            check(raw)
        profile = cProfile.Profile()
        profile.enable()
        for raw in mails:
            check(raw)
        profile.disable()
    return shares(pstats.Stats(profile))


def shares(stats: pstats.Stats) -> dict[str, float]:
    """Package -> share of all time, the largest first."""
    spent: dict[str, float] = defaultdict(float)
    for (file, _, _), (_, _, own, _, callers) in cast(Any, stats).stats.items():
        package = package_of(file)
        if package:
            spent[package] += own
            continue
        for (caller, _, _), (_, _, part, _) in callers.items():
            spent[package_of(caller) or "libraries and event loop"] += part
    total = sum(spent.values()) or 1.0
    return {name: round(own / total, 4) for name, own in sorted(spent.items(), key=lambda one: -one[1])}


def package_of(file: str) -> str:
    """``analyse/message`` of a source file of mailrisk, '' for any other."""
    _, found, inside = file.replace("\\", "/").rpartition("/mailrisk/")
    return "/".join(inside.split("/")[:-1][:2]) or "mailrisk" if found else ""
