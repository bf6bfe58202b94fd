"""The configuration: one TOML file, read once in ``wiring``. Unknown keys are errors.

Every setting has a default that works; the descriptions below become ``docs/reference``.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

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


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the configuration file."""


class Server(Section, frozen=True):
    """``[server]``: the HTTP service."""

    listen: Annotated[str, Meta(description="Address and port, HOST:PORT")] = "127.0.0.1:8025"
    workers: Annotated[
        int | None,
        Meta(description="Look-up processes; none given: one a core; 0: everything in one process"),
    ] = None
    max_body_mb: Annotated[int, Meta(ge=1, le=1024, description="Largest request body, MiB")] = 64


class Store(Section, frozen=True):
    """``[store]``: where the ledger lives."""

    ledger: Annotated[
        str,
        Meta(description="SQLAlchemy URL; '' is SQLite in the data directory; postgresql+psycopg://... else"),
    ] = ""


class Network(Section, frozen=True):
    """``[network]``: what may be looked up outside."""

    enabled: Annotated[bool, Meta(description="false: nothing is looked up outside, ever")] = True
    nameservers: Annotated[
        tuple[str, ...], Meta(description="DNS servers (IP or IP:port); empty: the system's")
    ] = ()
    dns_timeout_s: Annotated[float, Meta(gt=0, description="Time limit of one DNS query, seconds")] = 2.0
    message_budget_s: Annotated[
        float, Meta(gt=0, description="Time limit of all look-ups for one message, seconds")
    ] = 8.0
    domain_facts: Annotated[
        bool,
        Meta(
            description="false: no registry is asked when a domain was registered, and no host for its certificate"
        ),
    ] = True


class Organisation(Section, frozen=True):
    """``[organisation]``: who we are."""

    domains: Annotated[tuple[str, ...], Meta(description="The organisation's own domains")] = ()
    trusted_hosts: Annotated[
        tuple[str, ...],
        Meta(description="Hosts whose Received and Authentication-Results headers are believed"),
    ] = ()
    people: Annotated[
        tuple[str, ...],
        Meta(
            description="Names of people in whose name frauds are tried: managers, heads of finance and personnel"
        ),
    ] = ()
    results_below_received: Annotated[
        bool,
        Meta(
            description="true: they write Authentication-Results below their Received line, as milters of Postfix do, "
            "and remove those that come with their name (RFC 8601 §5)"
        ),
    ] = False
    learn_correspondence: Annotated[
        bool,
        Meta(
            description="true: every checked message teaches who writes to whom, as keyed hashes; false: only with --learn"
        ),
    ] = False


class Index(Section, frozen=True):
    """``[index]``: the look-up index."""

    max_age_s: Annotated[
        int, Meta(ge=1, description="Seconds without contact to the ledger after which a miss says nothing")
    ] = 60


class Logs(Section, frozen=True):
    """``[log]``: how logs are read."""

    timezone: Annotated[
        str, Meta(description="IANA zone of log times that name none; '' is the machine's")
    ] = ""
    syslog: Annotated[
        tuple[str, ...],
        Meta(description="Where to receive syslog: udp:HOST:PORT, tcp:HOST:PORT, tls:HOST:PORT"),
    ] = ()
    syslog_senders: Annotated[
        tuple[str, ...], Meta(description="Addresses and networks that may send syslog")
    ] = ("127.0.0.0/8", "::1")
    syslog_certificate: Annotated[str, Meta(description="Certificate chain for tls:, a PEM file")] = ""
    syslog_key: Annotated[str, Meta(description="Its key, a PEM file; '': in the same file")] = ""
    syslog_authority: Annotated[
        str,
        Meta(
            description="PEM file of the authority whose certificates senders must show; '': they need none"
        ),
    ] = ""


class Login(Section, frozen=True):
    """``[login]``: watching logins, and answering mail servers that ask before they let somebody in."""

    dovecot: Annotated[
        str,
        Meta(description="HOST:PORT for Dovecot's auth policy (weakforced's protocol); '' does not listen"),
    ] = ""
    password: Annotated[
        str,
        Meta(
            description="Password that the mail server shows (Basic, any user name); or MAILRISK_LOGIN_PASSWORD in the environment"
        ),
    ] = ""
    trusted_frontends: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses of webmail, proxies and load balancers that log in for others: never judged"
        ),
    ] = ()


class Send(Section, frozen=True):
    """``[send]``: watching what accounts send."""

    postfix: Annotated[
        str, Meta(description="HOST:PORT for Postfix's policy delegation; '' does not listen")
    ] = ""
    high_action: Annotated[
        str,
        Meta(
            description="Postfix's action for mail of an account of level high, such as HOLD; '' lets it go on and logs it"
        ),
    ] = ""


class Feeds(Section, frozen=True):
    """``[feeds]``: third-party intelligence coming in."""

    fetch: Annotated[bool, Meta(description="false: feeds are fetched when asked to, never on schedule")] = (
        True
    )
    enable: Annotated[
        tuple[str, ...], Meta(description="Feeds fetched beside the default ones, by name")
    ] = ()
    disable: Annotated[tuple[str, ...], Meta(description="Feeds that are not fetched, by name")] = ()
    keys: Annotated[
        dict[str, str],
        Meta(description="Name of a feed -> its key; or MAILRISK_FEED_KEY_<NAME> in the environment"),
    ] = {}
    proxy: Annotated[
        str, Meta(description="HTTP proxy for feeds, webhooks and RDAP, http://[user:password@]host:port")
    ] = ""
    allow_private: Annotated[
        tuple[str, ...], Meta(description="Feeds that may stand at a private address (a partner's server)")
    ] = ()


class Files(Section, frozen=True):
    """``[files]``: opening what messages carry, in processes of their own."""

    children: Annotated[
        int, Meta(ge=1, le=64, description="Processes that open files, each started when it is needed")
    ] = 2
    time_s: Annotated[
        float, Meta(gt=0, description="CPU seconds for the files of one message; twice that by the clock")
    ] = 10.0
    memory_mb: Annotated[int, Meta(ge=512, description="Address space of each of these processes, MiB")] = (
        2_048
    )
    yara_rules: Annotated[
        str, Meta(description="Directory with YARA rules of your own (*.yar), beside the shipped ones")
    ] = ""


class Deepen(Section, frozen=True):
    """``[deepen]``: slow stages (OCR, embeddings, language model), done where they could change the verdict."""

    band: Annotated[
        tuple[float, float],
        Meta(
            description="Probabilities between which the quick stages leave a verdict uncertain: from, to below"
        ),
    ] = (0.04, 0.90)
    budget_s: Annotated[
        float, Meta(gt=0, description="Time limit of all slow stages of one message together, seconds")
    ] = 20.0
    most_pictures: Annotated[
        int, Meta(ge=0, le=100, description="Pictures of one message that are read, the largest first")
    ] = 6
    off: Annotated[
        tuple[str, ...],
        Meta(description="Stages that are never done: ocr, unlock, embedding, language-model"),
    ] = ()


class Llm(Section, frozen=True):
    """``[llm]``: a language model behind an OpenAI-compatible endpoint, asked about uncertain messages alone."""

    url: Annotated[
        str, Meta(description="Base URL, as http://127.0.0.1:11434/v1; '': no language model is asked")
    ] = ""
    model: Annotated[str, Meta(description="Name of the model, as the endpoint knows it")] = ""
    key: Annotated[str, Meta(description="Its key; or MAILRISK_LLM_KEY in the environment")] = ""
    proxy: Annotated[str, Meta(description="HTTP proxy, http://[user:password@]host:port")] = ""
    timeout_s: Annotated[float, Meta(gt=0, description="Time limit of one answer, seconds")] = 15.0
    per_hour: Annotated[int, Meta(ge=0, description="Questions an hour at most")] = 200
    per_day: Annotated[int, Meta(ge=0, description="Questions a day at most")] = 2_000
    tokens_per_day: Annotated[
        int, Meta(ge=0, description="Tokens a day after which no more is asked, as the endpoint counts them")
    ] = 4_000_000
    max_chars: Annotated[
        int, Meta(ge=200, le=12_000, description="Characters of a message's text that are sent, redacted")
    ] = 6_000
    cache: Annotated[int, Meta(ge=0, description="Answers kept in memory, for a day at most")] = 1_000


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
        raise ConfigError("config", f"{path}: {error}") from None
