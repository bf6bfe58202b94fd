"""Addresses for actors, by country, from the country table that is shipped.

Real ranges serve as numbers inside events alone: nothing is sent anywhere. Each actor gets a /24 or a /48
of its own, so that no honest address is an attacker's by chance.
"""

from __future__ import annotations

import random
from collections import defaultdict
from functools import cache
from typing import Final

from mailrisk.edge.geo import GeoDatabase
from mailrisk.model.ip import reserved_range

DRAWS: Final = 150_000
"""Random /24 whose country is looked up: enough for several hundred of each larger country."""

ABROAD: Final = ("US", "GB", "FR", "NL", "IT", "ES", "JP", "PL", "SE", "CA")
"""Where people travel."""

HOSTILE: Final = ("US", "CN", "BR", "VN", "IN", "RU", "NL", "ID", "KR", "FR", "GB", "MX", "TR", "TH", "DE")
"""Where attackers' addresses are: everywhere, the home country among them."""


@cache
def _networks() -> dict[str, tuple[str, ...]]:
    """Country -> the first three octets of networks there, always the same ones."""
    geo = GeoDatabase.open()
    rng = random.Random("places")  # noqa: S311  a simulation
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for _ in range(DRAWS):
        number = rng.randrange(1 << 24)
        prefix = f"{number >> 16}.{number >> 8 & 255}.{number & 255}"
        place = geo.locate(f"{prefix}.1")
        if place is not None and place.country and not reserved_range(f"{prefix}.1"):
            found[place.country][prefix] = None
    return {country: tuple(prefixes) for country, prefixes in found.items()}


class Places:
    """Hands out networks, each once."""

    def __init__(self, rng: random.Random) -> None:
        self._free = {country: list(prefixes) for country, prefixes in _networks().items()}
        for country in sorted(self._free):
            rng.shuffle(self._free[country])
        self._v6 = 0

    def network(self, country: str) -> str:
        """The first three octets of a /24 in a country. IndexError: there is none left."""
        return self._free[country].pop()

    def address(self, country: str, rng: random.Random) -> str:
        """An address whose /24 nobody else uses."""
        return f"{self.network(country)}.{rng.randrange(1, 255)}"

    def network_v6(self) -> str:
        """The first four groups of a /64 in the documentation range; its /48 is nobody else's. No country."""
        self._v6 += 1
        return f"2001:db8:{self._v6:x}:1"


def address_v6(network: str, rng: random.Random) -> str:
    """A privacy address (RFC 8981) in a /64, in canonical text."""
    groups = [rng.randrange(1, 1 << 16) for _ in range(4)]
    return f"{network}:" + ":".join(f"{group:x}" for group in groups)
