"""Partners' interfaces, as soon as they ask: AbuseIPDB's API, a TAXII collection, a MISP feed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tools.publish_probes.probe import HttpProbe


class _Asked(HttpProbe):
    """A question about an address."""

    network = ""  # its first three octets

    def indicator(self, number: int) -> tuple[str, str]:
        """An address of a documentation range."""
        return f"{self.network}.{number + 1}", "brute-force"

    def _get(self, path: str, **query: str) -> Any:
        return self._client.get(path, params=query).raise_for_status().json()


class AbuseCheck(_Asked):
    """AbuseIPDB's ``check``, as its clients ask it."""

    name, network = "abuseipdb", "192.0.2"

    def blocked(self, number: int) -> bool:
        """Whether the address has a score."""
        told = self._get("/api/v2/check", ipAddress=self.indicator(number)[0])
        return bool(told["data"]["abuseConfidenceScore"] > 0)


class TaxiiCollection(_Asked):
    """A TAXII client that follows what was added since it asked last."""

    name, network = "taxii", "198.51.100"

    @contextmanager
    def running(self, url: str, key: str) -> Iterator[None]:
        """Hears everything once."""
        self._held: set[str] = set()
        self._after = "2000-01-01T00:00:00.000000Z"
        with super().running(url, key):
            self._client.auth = ("any", key)
            yield

    def blocked(self, number: int) -> bool:
        """Whether an indicator of the address is in force."""
        path = "/taxii2/api/collections/addresses/objects"
        answer = self._client.get(path, params={"added_after": self._after}).raise_for_status()
        self._after = answer.headers.get("X-TAXII-Date-Added-Last", self._after)
        for one in answer.json().get("objects", ()):
            (self._held.discard if one.get("revoked") else self._held.add)(one["pattern"])
        return any(f"'{self.indicator(number)[0]}'" in pattern for pattern in self._held)


class MispEvents(_Asked):
    """A MISP that fetches the manifest and the events in it."""

    name, network = "misp", "203.0.113"

    def blocked(self, number: int) -> bool:
        """Whether an attribute of the address is there and not deleted."""
        found = (
            attribute
            for uuid in self._get("/misp/manifest.json")
            for attribute in self._get(f"/misp/{uuid}.json")["Event"]["Attribute"]
        )
        value = self.indicator(number)[0]
        return any(one["value"] == value and not one["deleted"] for one in found)
