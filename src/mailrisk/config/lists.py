"""What goes out to firewalls: lists and decisions."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from mailrisk.config.section import Section


class Lists(Section, frozen=True):
    """``[lists]``: decisions for bouncers, lists for firewalls, reports of partners' programs."""

    block_feed_only: Annotated[
        bool,
        Meta(
            description="true: CrowdSec's bouncers block addresses that feeds alone list, too; false: they are observed"
        ),
    ] = False
    expand_for: Annotated[
        tuple[str, ...],
        Meta(
            description="Bouncers, by the beginning of their User-Agent, that put a range in as one address: "
            "small networks are told to them address by address"
        ),
    ] = ("crowdsec-firewall-bouncer/",)
    expand_most: Annotated[
        int, Meta(ge=0, le=65_536, description="The most addresses that a network is told as; 0: as a range")
    ] = 256
    most_entries: Annotated[
        int, Meta(ge=1, le=5_000_000, description="The most entries of a list, unless it is asked for fewer")
    ] = 131_072
    reports_a_day: Annotated[
        int, Meta(ge=0, description="Addresses that one key may report in a day (fail2ban, CrowdSec)")
    ] = 10_000
