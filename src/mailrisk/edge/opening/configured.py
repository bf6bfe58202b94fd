"""The pool of children as the configuration wants it."""

from __future__ import annotations

from typing import Protocol

from mailrisk.edge.opening import rules
from mailrisk.edge.opening.pool import FileOpeners
from mailrisk.model.errors import ConfigError


class Settings(Protocol):
    """What ``[files]`` of the configuration holds."""

    @property
    def children(self) -> int:
        """Processes."""

    @property
    def time_s(self) -> float:
        """CPU seconds for the files of one message."""

    @property
    def memory_mb(self) -> int:
        """Address space of each process, MiB."""

    @property
    def yara_rules(self) -> str:
        """Directory with rules of the administrator, '' for none."""


def openers(settings: Settings) -> FileOpeners:
    """A pool; no child is started yet. ConfigError: a rule of the administrator's directory does not compile."""
    sources = rules.sources_of(settings.yara_rules) if settings.yara_rules else {}
    if sources:
        _, wrong = rules.compile_rules(sources)
        if wrong:
            raise ConfigError("config.files.yara_rules", "; ".join(wrong)[:1_000])
    return FileOpeners(
        children=settings.children,
        wall_s=settings.time_s * 2,
        cpu_s=max(1, round(settings.time_s)),
        memory_bytes=settings.memory_mb * 1024 * 1024,
        yara=sources,
    )
