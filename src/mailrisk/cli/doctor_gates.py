"""``doctor``'s look at the gates: the milter, ICAP, the page that a visitor sees, and rewritten links."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mailrisk.config import Config
from mailrisk.edge.gate_probe import icap_error, links_error, milter_error, page_error
from mailrisk.edge.link_keys import LinkKeys
from mailrisk.model.errors import Unavailable
from mailrisk.model.url.go_links import PATH, GoLink, packed, seal_link
from mailrisk.wiring import link_base

TRIED = "http://doctor.invalid/"
"""Where the link leads that is tried; nobody follows it (RFC 2606 §2)."""

Finding = tuple[str, dict[str, object]]
"""The name of a check, and what is filled into its words."""


def gate_findings(settings: Config, data_dir: Path) -> Iterator[Finding]:
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
    yield from _links(settings, data_dir)


def _links(settings: Config, data_dir: Path) -> Iterator[Finding]:
    """Rewritten links, one of which is made and tried where readers will go."""
    base = link_base(settings)
    if not base:
        return
    if not settings.organisation.domains:
        yield "links-no-domains", {}
    try:
        key = LinkKeys(data_dir).make()
    except Unavailable as error:
        yield "links", {"base": base, "error": str(error)}
        return
    if error_words := links_error(base, PATH + seal_link(key, GoLink(packed(TRIED)))):
        yield "links", {"base": base, "error": error_words}
