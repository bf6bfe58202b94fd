"""Sign-ins of Microsoft's cloud: the configured tenant, and the loop that pulls them."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from mailrisk.config.intake import Graph

if TYPE_CHECKING:
    from mailrisk.edge.graph import GraphSignIns
    from mailrisk.wiring.listeners import Parts


def graph_source(settings: Graph) -> GraphSignIns | None:
    """The client of the configured tenant; None: there is none. ConfigError: it cannot be used."""
    if not settings.tenant:
        return None
    from mailrisk.edge.graph import GraphAccess, GraphSignIns

    names = ("tenant", "client_id", "url", "authority", "proxy")
    secret = settings.secret or os.environ.get("MAILRISK_GRAPH_SECRET", "")
    return GraphSignIns(GraphAccess(secret=secret, **{name: getattr(settings, name) for name in names}))


def graph(parts: Parts) -> Callable[[], Awaitable[None]] | None:
    """The loop, where the network may be used."""
    settings = parts.settings.login.graph
    source = graph_source(settings)
    if source is None or not parts.context.network:
        return None
    from mailrisk.listen.graph_loop import graph_loop
    from mailrisk.service.graph_pull import GraphPull

    pull = GraphPull(
        source,
        parts.watch.take,
        parts.context.clock,
        parts.data_dir / "events",
        tenant=settings.tenant,
        overlap=timedelta(seconds=settings.overlap_s),
        first=timedelta(hours=settings.first_h),
    )
    return lambda: graph_loop(pull, settings.every_s)
