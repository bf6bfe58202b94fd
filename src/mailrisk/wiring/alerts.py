"""Alerts and the response to accounts, out of their tables of the configuration."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from mailrisk.config import Config
from mailrisk.config.alerts import AlertChannel
from mailrisk.edge.clock import Clock
from mailrisk.edge.submit_mail import MailServer
from mailrisk.model.errors import ConfigError
from mailrisk.model.verdict import Level
from mailrisk.service.account_response import AccountPolicy, AccountResponse
from mailrisk.service.alerts import Alerts, Channel, Mail, Robot

if TYPE_CHECKING:
    from mailrisk.wiring.listeners import Parts

FILE: Final = "accounts-told.json"


def make_alerts(settings: Config, clock: Clock) -> Alerts:
    """The alerts of a server, by the configured channels."""
    return Alerts(channels(settings), clock)


def channels(settings: Config) -> list[Channel]:
    """The configured channels. ConfigError: one lacks what it needs."""
    return [_channel(one) for one in settings.alert]


def responses(parts: Parts) -> Callable[[], Awaitable[None]]:
    """Serves the alerts and answers accounts that become risky."""
    policy = account_policy(parts.settings)
    file = parts.data_dir / FILE
    accounts = AccountResponse(parts.context, policy, parts.watch.touched.take, parts.alerts.tell, file)

    async def serve() -> None:
        await asyncio.gather(parts.alerts.run(), accounts.run())

    return serve


def account_policy(settings: Config) -> AccountPolicy:
    """The table ``[accounts]``. ConfigError: a level is none."""
    table = settings.accounts
    if table.disable and not any("{account}" in word for word in table.disable):
        raise ConfigError("config.accounts.disable", "no argument holds {account}")
    return AccountPolicy(
        alert=tuple(_level(text, "alert") for text in table.alert),
        disable=table.disable,
        disable_at=_level(table.disable_at, "disable_at"),
    )


def _level(text: str, name: str) -> Level:
    if text not in ("high", "medium"):
        raise ConfigError(f"config.accounts.{name}", f"{text!r} is neither high nor medium")
    return Level(text)


def _channel(one: AlertChannel) -> Channel:
    named = re.sub(r"[^A-Z0-9]", "_", one.name.upper())
    secret = os.environ.get(f"MAILRISK_ALERT_SECRET_{named}", "")
    chinese = one.language == "zh"
    if one.kind == "mail":
        if not one.to:
            raise ConfigError("config.alert.to", f"the alert channel {one.name!r} has nobody to write to")
        password = one.password or secret
        server = MailServer(host=one.host, port=one.port, tls=one.tls, user=one.user, password=password)
        return Mail(
            one.name, server, one.sender, one.to, kinds=one.kinds, chinese=chinese, per_hour=one.per_hour
        )
    if not one.url:
        raise ConfigError("config.alert.url", f"the alert channel {one.name!r} has no address")
    return Robot(
        one.name, one.kind, one.url, one.secret or secret, kinds=one.kinds, chinese=chinese, per_hour=one.per_hour
    )  # fmt: skip
