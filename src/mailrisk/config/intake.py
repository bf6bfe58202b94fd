"""What comes in: logs, logins, sending, feeds."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from mailrisk.config.section import Section


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


class Graph(Section, frozen=True):
    """``[login.graph]``: sign-ins of Microsoft 365 and Entra ID, pulled from Microsoft Graph."""

    tenant: Annotated[
        str, Meta(description="Directory (tenant) ID or one of its domains; '': nothing is pulled")
    ] = ""
    client_id: Annotated[str, Meta(description="Application (client) ID of the app registration")] = ""
    secret: Annotated[
        str, Meta(description="Its client secret; or MAILRISK_GRAPH_SECRET in the environment")
    ] = ""
    url: Annotated[
        str, Meta(description="Service root of Graph; https://microsoftgraph.chinacloudapi.cn for 21Vianet")
    ] = "https://graph.microsoft.com"
    authority: Annotated[
        str,
        Meta(description="Where tokens are issued; https://login.partner.microsoftonline.cn for 21Vianet"),
    ] = "https://login.microsoftonline.com"
    proxy: Annotated[str, Meta(description="HTTP proxy, http://[user:password@]host:port")] = ""
    every_s: Annotated[float, Meta(ge=10, description="Seconds between two pulls")] = 60.0
    overlap_s: Annotated[
        float,
        Meta(ge=0, le=86_400, description="Each pull asks again for so many seconds: sign-ins arrive late"),
    ] = 1_800.0
    first_h: Annotated[
        float, Meta(ge=0, le=720, description="Hours before its start that the first pull asks for")
    ] = 24.0


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
    addresses_per_key: Annotated[
        int,
        Meta(
            ge=0,
            description="Addresses that the events of one API key alone may bring evidence against in a day (UTC); then it is refused (429)",
        ),
    ] = 5_000
    graph: Graph = Graph()


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
    limit_per_hour: Annotated[
        int,
        Meta(
            ge=0,
            description="Messages an hour that an account of level medium or high may send, what is more is deferred; 0 does not limit",
        ),
    ] = 0


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
