"""The agent's parts, out of its table of the configuration. It opens no ledger and no index."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from mailrisk.collect.logs.mapped import formats_of
from mailrisk.config import Config
from mailrisk.config.agent import Agent
from mailrisk.decide.sweep import Network
from mailrisk.edge.api_client import ApiClient
from mailrisk.edge.clock import system_clock
from mailrisk.edge.firewall.registry import Options, firewall
from mailrisk.edge.firewall.seam import Firewall
from mailrisk.edge.log_tail import read_file, read_journal
from mailrisk.edge.own_addresses import gateways, operators, own_addresses
from mailrisk.model.errors import ConfigError
from mailrisk.service.log_intake import zone_named
from mailrisk.service.sweep import Sweep, networks
from mailrisk.service.sweep_intake import LogReader, Tail
from mailrisk.store.sweep_state import load, save

STATE: Final = "agent.json"

NEVER: Final = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
    "224.0.0.0/4", "240.0.0.0/4", "::/128", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8",
)  # fmt: skip
"""Private, shared and special ranges (RFC 6890), which are never blocked."""


def make_sweep(settings: Config, data_dir: Path, *, dry_run: bool, from_end: bool) -> Sweep:
    """The agent of a configuration. ConfigError: it cannot work; Unavailable: its state is damaged.

    ``from_end``: logs that were never read are begun at their end.
    """
    agent = settings.agent
    state = load(data_dir / STATE)
    reader = LogReader(
        _tails(agent, from_end=from_end),
        state.places,
        lambda: state.day,
        zone_named(settings.log.timezone),
        format=agent.format,
        mapped=formats_of(settings.log_format),
        sends=agent.sends,
    )
    key = agent.key or os.environ.get("MAILRISK_AGENT_KEY", "")
    return Sweep(
        ApiClient(agent.server, key),
        make_firewall(agent),
        reader,
        state,
        allowed=_allowed(agent),
        clock=system_clock,
        save=partial(save, data_dir / STATE),
        block_feeds=agent.block_feeds,
        chinese=agent.report_language == "zh",
        dry_run=dry_run or not agent.firewall,
    )


def _tails(agent: Agent, *, from_end: bool) -> dict[str, Tail]:
    """The logs by name. ConfigError: there is none."""
    tails: dict[str, Tail] = {name: partial(read_file, Path(name), from_end=from_end) for name in agent.logs}
    if agent.journal:
        tails["journal " + " ".join(agent.journal)] = partial(read_journal, agent.journal, from_end=from_end)
    if not tails:
        raise ConfigError(
            "config.agent.logs", 'no log is named; give --log FILE, or journal = ["dovecot.service"]'
        )
    return tails


def make_firewall(agent: Agent) -> Firewall:
    """The configured firewall; nftables where there is none, which a dry run never touches. ConfigError."""
    options = Options(
        jail=agent.jail,
        command=agent.command,
        webhook=agent.webhook,
        webhook_secret=agent.webhook_secret or os.environ.get("MAILRISK_AGENT_WEBHOOK_SECRET", ""),
    )
    return firewall(agent.firewall or "nftables", options)


def _allowed(agent: Agent) -> Callable[[], list[Network]]:
    """What is never blocked; asked anew in each sweep, since operators come and go."""
    fixed = networks((*NEVER, *agent.allow))
    return lambda: fixed + networks(own_addresses() | gateways() | operators())
