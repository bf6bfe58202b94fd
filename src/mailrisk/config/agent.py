"""The agent on a mail server: the logs that it follows, the server that it asks, the firewall that it sets."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from mailrisk.config.section import Section


class Agent(Section, frozen=True):
    """``[agent]``: ``mailrisk agent``, the failed-login sweep."""

    server: Annotated[str, Meta(description="URL of the mailrisk that judges")] = "http://127.0.0.1:8025"
    key: Annotated[
        str, Meta(description="Its API key, of the role reporter; or MAILRISK_AGENT_KEY in the environment")
    ] = ""
    logs: Annotated[tuple[str, ...], Meta(description="Log files that are followed")] = ()
    journal: Annotated[
        tuple[str, ...], Meta(description="systemd units whose journal is followed, such as dovecot.service")
    ] = ()
    format: Annotated[str, Meta(description="Format of the logs; auto asks of every line")] = "auto"
    sends: Annotated[
        bool,
        Meta(
            description="true: what accounts send, as Postfix logs it, is told too; for servers that learn it neither by [send] postfix nor by the milter"
        ),
    ] = False
    interval_s: Annotated[float, Meta(gt=0, description="Seconds between two sweeps")] = 60.0
    firewall: Annotated[
        str, Meta(description="nftables, ipset, fail2ban, firewalld, command or webhook; '' blocks nobody")
    ] = ""
    jail: Annotated[str, Meta(description="The jail for firewall = fail2ban")] = "mailrisk"
    command: Annotated[
        tuple[str, ...],
        Meta(
            description="Program and arguments for firewall = command, with {action}, {ip} and {seconds} in them"
        ),
    ] = ()
    webhook: Annotated[str, Meta(description="URL for firewall = webhook")] = ""
    webhook_secret: Annotated[
        str,
        Meta(
            description="Secret that signs its requests; or MAILRISK_AGENT_WEBHOOK_SECRET in the environment"
        ),
    ] = ""
    allow: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses and networks that are never blocked, beside private ones, this machine's, its gateways' "
            "and those that are logged in by SSH"
        ),
    ] = ()
    block_feeds: Annotated[
        bool,
        Meta(description="true: addresses known from feeds alone are blocked too; false: they are only told"),
    ] = False
    report_language: Annotated[str, Meta(description="en or zh: the language of the daily report")] = "en"
