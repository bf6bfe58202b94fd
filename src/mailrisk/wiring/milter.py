"""The milter, as the configuration asks for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailrisk.wiring.listeners import Parts

MIB = 1024 * 1024


def milter(parts: Parts) -> Callable[[], Awaitable[None]] | None:
    """Checks messages while a mail server receives them."""
    settings = parts.settings.milter
    if not settings.listen:
        return None
    from mailrisk.decide.handling import check_rows
    from mailrisk.listen.bind import bind
    from mailrisk.listen.milter.server import MilterServer
    from mailrisk.service.mail_gate import ACTIONS, GateSettings, MailGate
    from mailrisk.wiring.rewriting import rewriter

    check_rows(settings.respond, ACTIONS, "config.milter.respond")
    links = rewriter(parts.context, parts.settings, parts.data_dir)
    listener = bind(settings.listen)
    gate = MailGate(
        parts.context,
        parts.watch,
        GateSettings(
            rows=settings.respond,
            enforce=settings.mode == "enforce",
            on_failure=settings.on_failure,
            timeout_s=settings.timeout_s,
            checks=settings.checks,
            authserv_id=settings.authserv_id,
            takes_sends=not parts.settings.send.postfix,
        ),
        links,
    )
    server = MilterServer(
        gate,
        max_message=settings.max_message_mb * MIB,
        max_held=settings.max_held_mb * MIB,
        max_connections=settings.max_connections,
        authserv_id=settings.authserv_id,
        rewrites=links is not None and parts.settings.rewrite.milter != "off",
    )
    return lambda: server.serve(listener)
