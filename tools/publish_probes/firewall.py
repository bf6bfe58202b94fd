"""CrowdSec's stream and a plain list, as soon as their clients ask. A client that asks every ten seconds is that much later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from tools.bench_bouncers import measure
from tools.publish_probes.probe import HttpProbe, Probe


class DecisionStream(HttpProbe):
    """A bouncer that asks for what changed again and again."""

    name = "crowdsec-stream"

    @contextmanager
    def running(self, url: str, key: str) -> Iterator[None]:
        """Hears everything once."""
        self._held: set[str] = set()
        with super().running(url, key):
            self._hear("?startup=true")
            yield

    def indicator(self, number: int) -> tuple[str, str]:
        """An address."""
        return f"203.0.113.{number % 250}", "brute-force"

    def blocked(self, number: int) -> bool:
        """Whether it is among the decisions."""
        self._hear("")
        return self.indicator(number)[0] in self._held

    def _hear(self, query: str) -> None:
        told: dict[str, Any] = self._client.get(f"/v1/decisions/stream{query}").json()
        self._held -= {item["value"] for item in told["deleted"] or ()}
        self._held |= {item["value"] for item in told["new"] or ()}


class FirewallList(Probe):
    """A device that fetches a list again and again."""

    name = "firewall-list"

    @contextmanager
    def running(self, url: str, key: str) -> Iterator[None]:
        """Keeps a connection."""
        with httpx.Client(base_url=url, auth=("any", key), timeout=60) as self._client:
            yield

    def indicator(self, number: int) -> tuple[str, str]:
        """An address."""
        return f"198.51.100.{number % 250}", "brute-force"

    def blocked(self, number: int) -> bool:
        """Whether it stands in the list."""
        return self.indicator(number)[0] in self._client.get("/lists/ip.txt").text.split()


def bouncers(_: Path) -> dict[str, Any]:
    """A million decisions to a hundred bouncers."""
    return measure()
