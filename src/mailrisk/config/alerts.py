"""Who is told what: the response to risky accounts, and the channels of alerts."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from mailrisk.config.section import Section


class Accounts(Section, frozen=True):
    """``[accounts]``: the response to accounts that look stolen; what Postfix does stands under ``[send]``."""

    alert: Annotated[tuple[str, ...], Meta(description="Levels at which an alert is sent")] = (
        "high",
        "medium",
    )
    disable: Annotated[
        tuple[str, ...],
        Meta(
            description="Program and arguments that disable an account, with {account} in them; empty: none is disabled"
        ),
    ] = ()
    disable_at: Annotated[str, Meta(description="Level from which it is run: high or medium")] = "high"


class AlertChannel(Section, frozen=True):
    """``[[alert]]``: one way to administrators."""

    name: Annotated[str, Meta(description="A name of your choice")]
    kind: Annotated[Literal["mail", "webhook", "wecom", "dingtalk", "feishu"], Meta(description="What it is")]
    url: Annotated[str, Meta(description="Address of the webhook or robot")] = ""
    secret: Annotated[
        str,
        Meta(
            description="Its signing secret (dingtalk, feishu, webhook); or MAILRISK_ALERT_SECRET_<NAME> in the environment"
        ),
    ] = ""
    to: Annotated[tuple[str, ...], Meta(description="Addresses, for kind = mail")] = ()
    sender: Annotated[str, Meta(description="From, for kind = mail")] = "mailrisk@localhost"
    host: Annotated[str, Meta(description="Mail server, for kind = mail")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535, description="Its port")] = 25
    tls: Annotated[Literal["", "starttls", "tls"], Meta(description="How it is spoken to")] = ""
    user: Annotated[str, Meta(description="User name there; '' for none")] = ""
    password: Annotated[
        str, Meta(description="Password; or MAILRISK_ALERT_SECRET_<NAME> in the environment")
    ] = ""
    kinds: Annotated[tuple[str, ...], Meta(description="Kinds of alerts that it gets; empty: all")] = ()
    language: Annotated[Literal["en", "zh"], Meta(description="Language of the text")] = "en"
    per_hour: Annotated[int, Meta(ge=1, description="Messages an hour at most; what is more waits")] = 30
