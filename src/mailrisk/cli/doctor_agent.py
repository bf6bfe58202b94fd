"""``doctor``'s look at the agent: its logs, the server that it asks, the firewall that it sets."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

from mailrisk.cli.doctor_dns import Finding
from mailrisk.config import Config
from mailrisk.edge.api_client import ApiClient
from mailrisk.edge.log_tail import START, read_file, read_journal
from mailrisk.model.errors import MailriskError
from mailrisk.wiring.agent import make_firewall

ASKED = "192.0.2.1"
"""An address that nobody has (RFC 5737)."""


def agent_findings(settings: Config) -> Iterator[Finding]:
    """Everything that is wrong with it; nothing where no log is configured."""
    agent = settings.agent
    if not (agent.logs or agent.journal):
        return
    for log in agent.logs:
        try:
            read_file(Path(log), START, from_end=True)
        except OSError as error:
            yield "agent-log", {"log": log, "error": error.strerror or str(error)}
    if agent.journal:
        try:
            read_journal(agent.journal, START, from_end=True)
        except OSError as error:
            yield "agent-log", {"log": "journal", "error": error.strerror or str(error)}
    try:
        key = agent.key or os.environ.get("MAILRISK_AGENT_KEY", "")
        client = ApiClient(agent.server, key)
        asyncio.run(client.ask([ASKED]))
        asyncio.run(client.may_tell())
    except MailriskError as error:
        yield "agent-server", {"server": agent.server, "error": str(error)}
    if not agent.firewall:
        yield "agent-observes", {}
        return
    try:
        make_firewall(agent).blocked()
    except MailriskError as error:
        yield "agent-firewall", {"firewall": agent.firewall, "error": str(error)}
