"""Lists and decisions for firewalls, as they are configured."""

from __future__ import annotations

from pathlib import Path

from mailrisk.config import Config
from mailrisk.service.context import Context
from mailrisk.service.surfaces import Surfaces, SurfaceSettings
from mailrisk.wiring.rewriting import click_gate, rewriter
from mailrisk.wiring.visits import visit_gate

POSITIONS = "bouncers.json"
"""File of the data directory that says how far each bouncer has heard."""

REPORTED = "reported.json"
"""File that says how many addresses each key has reported today."""


def surfaces(context: Context, config: Config, data_dir: Path) -> Surfaces:
    """The surfaces of a service."""
    settings, visits = config.lists, visit_gate(context, config, data_dir)
    return Surfaces(
        context,
        SurfaceSettings(
            block_feed_only=settings.block_feed_only,
            expand=tuple((agent, settings.expand_most) for agent in settings.expand_for),
            most_entries=settings.most_entries,
            reports_a_day=settings.reports_a_day,
            positions=data_dir / POSITIONS,
            reported=data_dir / REPORTED,
        ),
        visits,
        rewriter(context, config, data_dir),
        click_gate(context, config, data_dir, visits),
    )
