"""The surfaces that read one table of listings: decisions, lists, reports. One follower keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mailrisk.publish.listing_table import ListingTable
from mailrisk.service.context import Context
from mailrisk.service.decisions import Decisions
from mailrisk.service.follow import Follower
from mailrisk.service.ip_response import responder
from mailrisk.service.lists import Lists
from mailrisk.service.report_address import A_DAY, AddressReports
from mailrisk.service.visits import VisitGate, VisitSettings

if TYPE_CHECKING:
    from mailrisk.service.clicks import ClickGate
    from mailrisk.service.rewrite import Rewriter


@dataclass(frozen=True, kw_only=True)
class SurfaceSettings:
    """What an administrator may set; see the table ``[lists]`` of the configuration."""

    block_feed_only: bool = False
    expand: tuple[tuple[str, int], ...] = (("crowdsec-firewall-bouncer/", 256),)
    most_entries: int = 131_072
    reports_a_day: int = A_DAY
    positions: Path | None = None  # file of how far each bouncer has heard
    reported: Path | None = None  # file of how many addresses each key has reported today


class Surfaces:
    """See the module."""

    def __init__(
        self,
        context: Context,
        settings: SurfaceSettings = SurfaceSettings(),
        visits: VisitGate | None = None,
        rewriter: Rewriter | None = None,
        clicks: ClickGate | None = None,
    ) -> None:
        self.settings = settings
        respond = responder(context.policy, feed_only=settings.block_feed_only)
        divided = context.knowledge.hosts.has_suffix_below
        self.table = ListingTable(respond, lambda: int(context.clock().timestamp() * 1_000_000), divided)
        self.follower = Follower(context, [self.table])
        self.decisions = Decisions(context, self.table, self.follower, settings.positions)
        self.lists = Lists(context, self.table, self.follower, settings.most_entries)
        self.reports = AddressReports(context, settings.reports_a_day, settings.reported)
        self.visits = visits or VisitGate(context, VisitSettings())
        self.rewriter = rewriter
        self.clicks = clicks
