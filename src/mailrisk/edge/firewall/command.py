"""A command of the administrator's, run once for each address, without a shell."""

from __future__ import annotations

from collections.abc import Sequence

from mailrisk.edge.programs import run
from mailrisk.model.errors import ConfigError


class Command:
    """Runs the configured words with ``{action}`` (block, unblock), ``{ip}`` and ``{seconds}`` filled in."""

    def __init__(self, words: Sequence[str]) -> None:
        if not words or not any("{ip}" in word for word in words):
            raise ConfigError("config.agent.command", "a program and its arguments, one of which holds {ip}")
        self._words = words

    def prepare(self) -> None:
        """Nothing to be made."""

    def block(self, blocks: Sequence[tuple[str, int]]) -> None:
        """One run an address."""
        for ip, seconds in blocks:
            self._run("block", ip, seconds)

    def unblock(self, ips: Sequence[str]) -> None:
        """One run an address."""
        for ip in ips:
            self._run("unblock", ip, 0)

    def blocked(self) -> None:
        """It cannot say."""

    def _run(self, action: str, ip: str, seconds: int) -> None:
        filled = {"{action}": action, "{ip}": ip, "{seconds}": str(seconds)}
        words = []
        for word in self._words:
            for name, value in filled.items():
                word = word.replace(name, value)
            words.append(word)
        run(words)
