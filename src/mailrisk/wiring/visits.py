"""The visit gate and its ICAP server, as the configuration asks for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mailrisk.analyse.visits.habits import HabitSettings
from mailrisk.config import Config
from mailrisk.decide.handling import check_rows
from mailrisk.model.errors import ConfigError
from mailrisk.service.context import Context
from mailrisk.service.visit_words import ACTIONS
from mailrisk.service.visits import VisitGate, VisitSettings

if TYPE_CHECKING:
    from mailrisk.wiring.listeners import Parts


def visit_gate(context: Context, config: Config, data_dir: Path) -> VisitGate:
    """The gate of a service. ConfigError: a row wants what it cannot do, or the page stands nowhere."""
    settings = config.visits
    check_rows(settings.respond, ACTIONS, "config.visits.respond")
    if not settings.page_base.startswith(("http://", "https://")):
        raise ConfigError("config.visits.page_base", "is an address that begins with http:// or https://")
    return VisitGate(
        context,
        VisitSettings(
            rows=settings.respond,
            enforce=settings.mode == "enforce",
            no_page=settings.no_page,
            page_base=settings.page_base,
            hold_s=settings.hold_s,
            ttl_s=settings.ttl_s,
            consent_s=settings.consent_s,
            resolve=settings.resolve,
            habits=HabitSettings(
                visits=settings.common_visits,
                users=settings.common_users,
                days=settings.common_days,
                half_life_days=settings.half_life_days,
                most_domains=settings.most_domains,
            ),
        ),
        data_dir / "visits",
    )


def visits(parts: Parts) -> Callable[[], Awaitable[None]] | None:
    """Keeps what was learnt of visits on the disk."""
    return parts.visits.run if parts.visits is not None else None


def icap(parts: Parts) -> Callable[[], Awaitable[None]] | None:
    """Decides visits for proxies that speak ICAP."""
    settings = parts.settings.icap
    if not settings.listen or parts.visits is None:
        return None
    from mailrisk.listen.bind import bind
    from mailrisk.listen.icap.server import IcapServer

    listener = bind(settings.listen)
    server = IcapServer(
        parts.visits,
        tenant=settings.tenant,
        on_failure=settings.on_failure,
        max_connections=settings.max_connections,
    )
    return lambda: server.serve(listener)
