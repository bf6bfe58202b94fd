"""The servers beside the HTTP service, as far as the configuration asks for them: one function each."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailrisk.config import Config
from mailrisk.listen.bind import bind
from mailrisk.listen.dns.sockets import Pair
from mailrisk.model.ip import parse_ip
from mailrisk.service.alerts import Alerts
from mailrisk.service.context import Context
from mailrisk.service.visits import VisitGate
from mailrisk.service.watch import Watch
from mailrisk.wiring.alerts import responses
from mailrisk.wiring.graph import graph
from mailrisk.wiring.milter import milter
from mailrisk.wiring.visits import icap, visits
from mailrisk.wiring.zones import zones

Server = Callable[[], Awaitable[None]]
"""Serves until it is cancelled. Its port is bound before, so that a taken one is told at the start."""


@dataclass(frozen=True)
class Parts:
    """What a server is made of."""

    context: Context
    watch: Watch
    settings: Config
    data_dir: Path
    alerts: Alerts
    dns: Sequence[Pair] = ()  # sockets of the lists over DNS, where this process answers them itself
    visits: VisitGate | None = None


def listeners(parts: Parts) -> list[Server]:
    """Every server that is configured."""
    return [server for make in LISTENERS if (server := make(parts)) is not None]


def _dovecot(parts: Parts) -> Server | None:
    """Dovecot's auth policy: who may log in."""
    login = parts.settings.login
    if not login.dovecot:
        return None
    from mailrisk.listen.policy.commands import Commands
    from mailrisk.listen.policy.dovecot import PolicyRoutes
    from mailrisk.listen.policy.server import serve_login_policy
    from mailrisk.service.login_policy import LoginPolicy
    from mailrisk.service.policy_lists import PolicyLists

    context, watch, listener = parts.context, parts.watch, bind(login.dovecot)
    password = login.password or os.environ.get("MAILRISK_LOGIN_PASSWORD", "")
    lists = PolicyLists(parts.data_dir / "policy-lists", context.clock)
    frontends = [parse_ip(text) for text in login.trusted_frontends]
    policy = LoginPolicy(context, watch.analysis, frontends, lists)
    routes = PolicyRoutes(policy, watch.take_login, context.clock, password)
    commands = Commands(lists, lambda: watch.analysis)
    return lambda: serve_login_policy(routes, commands, listener)


def _postfix(parts: Parts) -> Server | None:
    """Postfix's policy delegation: what accounts send."""
    send = parts.settings.send
    if not send.postfix:
        return None
    from mailrisk.listen.policy.postfix import PostfixPolicy, check_action
    from mailrisk.listen.policy.server import serve_send_policy
    from mailrisk.service.accounts import SendPolicy

    listener = bind(send.postfix)
    action = check_action(send.high_action)
    decide = SendPolicy(parts.context, parts.watch, action, send.limit_per_hour).action
    postfix = PostfixPolicy(parts.watch.take_send, decide, parts.context.clock)
    return lambda: serve_send_policy(postfix, listener)


def _syslog(parts: Parts) -> Server | None:
    """A receiver of syslog, over UDP, TCP and TLS."""
    log = parts.settings.log
    if not log.syslog:
        return None
    from mailrisk.collect.logs.mapped import formats_of
    from mailrisk.listen.syslog.receiver import Place, SyslogReceiver, tls_context
    from mailrisk.service.log_intake import LogIntake, zone_named

    places = [Place(text) for text in log.syslog]
    tls = None
    if any(place.kind == "tls" for place in places):
        tls = tls_context(log.syslog_certificate, log.syslog_key, log.syslog_authority)
    mapped = formats_of(parts.settings.log_format)
    intake = LogIntake(
        parts.watch.take_login,
        parts.context.clock,
        zone_named(log.timezone),
        log.syslog_senders,
        mapped=mapped,
        take_send=parts.watch.take_send,
        bounces_only=bool(parts.settings.send.postfix or parts.settings.milter.listen),
    )
    receiver = SyslogReceiver(intake, tls)
    return lambda: receiver.serve(places)


LISTENERS: tuple[Callable[[Parts], Server | None], ...] = (
    _dovecot,
    _postfix,
    _syslog,
    responses,
    milter,
    icap,
    visits,
    graph,
    zones,
)
"""One line for each server there is; larger ones have a file of their own in this package."""
