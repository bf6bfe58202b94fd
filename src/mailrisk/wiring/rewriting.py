"""Link rewriting, as the configuration asks for it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mailrisk.config import Config
from mailrisk.edge.link_keys import LinkKeys
from mailrisk.service.context import Context
from mailrisk.service.visits import VisitGate
from mailrisk.wiring import link_base

if TYPE_CHECKING:
    from mailrisk.service.clicks import ClickGate
    from mailrisk.service.rewrite import Rewriter


def rewriter(context: Context, config: Config, data_dir: Path) -> Rewriter | None:
    """Who rewrites; None: no base address is configured."""
    base, settings = link_base(config), config.rewrite
    if not base:
        return None
    from mailrisk.service.rewrite import Rewriter, RewriteSettings  # It brings what reads messages along.

    said = RewriteSettings(
        base=base,
        mails=settings.milter,
        exempt=settings.exempt,
        plain=settings.plain,
        lasts=timedelta(days=settings.days),
        recipient=settings.recipient,
    )
    return Rewriter(said, LinkKeys(data_dir), context.knowledge, context.clock)


def click_gate(context: Context, config: Config, data_dir: Path, visits: VisitGate) -> ClickGate | None:
    """The page behind rewritten links; None: no base address is configured."""
    base, settings = link_base(config), config.rewrite
    if not base:
        return None
    from mailrisk.edge.click_log import ClickLog
    from mailrisk.service.clicks import ClickGate, ClickSettings

    said = ClickSettings(
        base=base,
        enforce=settings.mode == "enforce",
        unknown=settings.unknown,
        on_failure=settings.on_failure,
    )
    return ClickGate(context, said, visits, LinkKeys(data_dir), ClickLog(data_dir))
