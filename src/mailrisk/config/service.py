"""The service itself: where it listens, what it may look up, who we are."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from mailrisk.config.section import Section


class Server(Section, frozen=True):
    """``[server]``: the HTTP service."""

    listen: Annotated[str, Meta(description="Address and port, HOST:PORT")] = "127.0.0.1:8025"
    workers: Annotated[
        int | None,
        Meta(description="Look-up processes; none given: one a core; 0: everything in one process"),
    ] = None
    check_workers: Annotated[
        int | None,
        Meta(description="Processes that check messages; none given: one a core; 0: the service itself"),
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
            description="true: what is checked and what accounts send teaches who writes to whom, as keyed hashes; false: only --learn"
        ),
    ] = False


class Index(Section, frozen=True):
    """``[index]``: the look-up index."""

    max_age_s: Annotated[
        int, Meta(ge=1, description="Seconds without contact to the ledger after which a miss says nothing")
    ] = 60
