"""The table of firewalls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from mailrisk.edge.firewall.cloud import CloudWebhook
from mailrisk.edge.firewall.command import Command
from mailrisk.edge.firewall.fail2ban import Fail2ban
from mailrisk.edge.firewall.firewalld import Firewalld
from mailrisk.edge.firewall.ipset import Ipset
from mailrisk.edge.firewall.nftables import Nftables
from mailrisk.edge.firewall.seam import Firewall
from mailrisk.model.errors import ConfigError


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What some of them need."""

    jail: str = "mailrisk"
    command: Sequence[str] = ()
    webhook: str = ""
    webhook_secret: str = ""


FIREWALLS: Final[dict[str, Callable[[Options], Firewall]]] = {
    "nftables": lambda _: Nftables(),
    "ipset": lambda _: Ipset(),
    "fail2ban": lambda options: Fail2ban(options.jail),
    "firewalld": lambda _: Firewalld(),
    "command": lambda options: Command(options.command),
    "webhook": lambda options: CloudWebhook(options.webhook, options.webhook_secret),
}
"""Every firewall there is, by the name that the configuration uses."""


def firewall(name: str, options: Options) -> Firewall:
    """The firewall of that name. ConfigError: there is none, or it lacks what it needs."""
    if name not in FIREWALLS:
        raise ConfigError("config.agent.firewall", f"{name!r} is none of {', '.join(FIREWALLS)}")
    if name == "webhook" and not (options.webhook and options.webhook_secret):
        raise ConfigError("config.agent.webhook", "the webhook's URL and secret are missing")
    return FIREWALLS[name](options)
