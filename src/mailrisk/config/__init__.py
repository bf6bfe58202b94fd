"""The configuration: one TOML file, read once in ``wiring``. Unknown keys are errors.

Every setting has a default that works; the descriptions of the tables, in the files beside this one,
become ``docs/reference``.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from mailrisk.config.agent import Agent
from mailrisk.config.alerts import Accounts, AlertChannel
from mailrisk.config.gates import Icap, Milter, Rewrite, Visits
from mailrisk.config.intake import Feeds, Login, Logs, Send
from mailrisk.config.lists import Lists
from mailrisk.config.messages import Deepen, Files, Llm
from mailrisk.config.section import Section
from mailrisk.config.service import Index, Network, Organisation, Server, Store
from mailrisk.config.zones import Dns, Rpz
from mailrisk.model.errors import ConfigError
from mailrisk.model.feed import FeedSource
from mailrisk.model.log_mapping import LogMapping
from mailrisk.model.webhook import Webhook

DEFAULT_DATA_DIR = "var"
"""The data directory of ``make run``, relative to the folder where mailrisk is started."""

MAX_CONFIG_BYTES = 1024 * 1024


def default_data_dir() -> Path:
    """``MAILRISK_DATA_DIR``, else ``var`` in the project or the current folder."""
    given = os.environ.get("MAILRISK_DATA_DIR")
    return Path(given) if given else Path(DEFAULT_DATA_DIR)


class Config(Section, frozen=True):
    """The whole file."""

    server: Server = Server()
    store: Store = Store()
    network: Network = Network()
    organisation: Organisation = Organisation()
    index: Index = Index()
    log: Logs = Logs()
    login: Login = Login()
    send: Send = Send()
    feeds: Feeds = Feeds()
    files: Files = Files()
    deepen: Deepen = Deepen()
    llm: Llm = Llm()
    lists: Lists = Lists()
    milter: Milter = Milter()
    visits: Visits = Visits()
    icap: Icap = Icap()
    rewrite: Rewrite = Rewrite()
    dns: Dns = Dns()
    rpz: Rpz = Rpz()
    agent: Agent = Agent()
    accounts: Accounts = Accounts()
    alert: Annotated[
        tuple[AlertChannel, ...], Meta(description="Channels by which administrators are told")
    ] = ()
    feed: Annotated[tuple[FeedSource, ...], Meta(description="Feeds added to the shipped ones")] = ()
    log_format: Annotated[
        tuple[LogMapping, ...], Meta(description="Log formats that mailrisk does not know, by configuration")
    ] = ()
    webhook: Annotated[tuple[Webhook, ...], Meta(description="Receivers of the change feed")] = ()


def load_config(path: Path | None) -> Config:
    """Reads the file; the defaults when there is none. ConfigError says which key is wrong and why."""
    if path is None:
        return Config()
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError("config", f"{path} cannot be read: {error.strerror}") from None
    if len(raw) > MAX_CONFIG_BYTES:
        raise ConfigError("config", f"{path} is larger than {MAX_CONFIG_BYTES} bytes")
    try:
        return msgspec.convert(tomllib.loads(raw.decode()), Config)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("config", f"{path} is no TOML: {error}") from None
    except msgspec.ValidationError as error:
        from mailrisk.config.wrong import advised  # Loads what only a wrong file needs.

        raise ConfigError("config", f"{path}: {advised(str(error), Config)}") from None
