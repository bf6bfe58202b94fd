"""Assesses many mails in several processes, without network, and keeps of each what an evaluation needs."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from tools.evaluate.progress import progress

from mailrisk.config import Config
from mailrisk.decide.verdict import decide
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import Evidence
from mailrisk.model.message import Envelope
from mailrisk.model.policy import Policy
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Verdict
from mailrisk.service.assess import assess
from mailrisk.wiring import open_context

CHUNK = 40
"""Mails that a process takes at a time."""


class Assessed(msgspec.Struct, kw_only=True):
    """What came of one mail: its evidence (the verdict is recomputed from it), and what it cost."""

    evidence: tuple[Evidence, ...]
    text: str  # the first characters that a reader sees
    cpu_s: float
    wall_s: float
    cuts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    in_band: bool = False  # the quick stages left it uncertain
    refused: str = ""


TEXT_KEPT = 600
"""Characters of the rendered text that are kept, to tell the language."""


def workers() -> int:
    """How many processes work at once."""
    return max(1, min(2, os.cpu_count() or 1))


def assess_all(mails: Sequence[bytes], title: str, config: Config | None = None) -> list[Assessed]:
    """Every mail's outcome, in order, with a progress bar."""
    config = config or Config()
    chunks = [list(mails[start : start + CHUNK]) for start in range(0, len(mails), CHUNK)]
    found: list[Assessed] = []
    with ProcessPoolExecutor(workers(), initializer=_open, initargs=(config,)) as pool:
        for part in progress(pool.map(_assess_chunk, chunks), len(chunks), title):
            found += part
    return found


_opened: dict[str, Any] = {}
"""The context and event loop of this worker process, opened once."""


def _open(config: Config) -> None:
    folder = tempfile.mkdtemp(prefix="mailrisk-evaluate-")
    manager = open_context(Path(folder), config, network=False)
    _opened["manager"] = manager  # Kept, or it would close.
    _opened["context"] = manager.__enter__()
    _opened["runner"] = asyncio.Runner()


def _assess_chunk(mails: Sequence[bytes]) -> list[Assessed]:
    return list(_assessed(mails))


def _assessed(mails: Sequence[bytes]) -> Iterator[Assessed]:
    for raw in mails:
        cpu, wall = time.process_time(), time.perf_counter()
        try:
            found = _opened["runner"].run(assess(_opened["context"], raw, Envelope(), network=False))
        except BadInput as error:
            yield Assessed(evidence=(), text="", cpu_s=0.0, wall_s=0.0, refused=error.reason)
            continue
        yield Assessed(
            evidence=found.evidence,
            text=f"{found.message.subject}\n{found.message.text[:TEXT_KEPT]}",
            cpu_s=time.process_time() - cpu,
            wall_s=time.perf_counter() - wall,
            cuts=found.cuts,
            missing=found.missing_stages,
            stages=found.stages,
            in_band=found.in_band,
        )


def verdict(found: Assessed, policy: Policy) -> Verdict:
    """The verdict on what was found, under any policy: a pure function, as in the product."""
    at = max((item.seen_at for item in found.evidence), default=EPOCH)
    return decide(SAMPLE, found.evidence, at, policy)


EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
SAMPLE = Subject(Kind.SAMPLE, "0" * 64)
