"""``doctor``'s look at the gates: the milter, ICAP, and the page that a visitor sees."""

from __future__ import annotations

from collections.abc import Iterator

from mailrisk.config import Config
from mailrisk.edge.gate_probe import icap_error, milter_error, page_error

Finding = tuple[str, dict[str, object]]
"""The name of a check, and what is filled into its words."""


def gate_findings(settings: Config) -> Iterator[Finding]:
    """Everything that is wrong with them."""
    milter, icap, visits = settings.milter, settings.icap, settings.visits
    if milter.listen and (error := milter_error(milter.listen)):
        yield "milter", {"listen": milter.listen, "error": error}
    if milter.listen and milter.mode == "observe":
        yield "milter-observes", {}
    if icap.listen and (error := icap_error(icap.listen)):
        yield "icap", {"listen": icap.listen, "error": error}
    if (icap.listen or visits.mode == "enforce") and (error := page_error(visits.page_base)):
        yield "visit-page", {"base": visits.page_base, "error": error}
