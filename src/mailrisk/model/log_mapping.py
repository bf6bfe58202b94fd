"""Log formats that the configuration describes: where a line tells of time, address, account and outcome.

For servers and appliances of whose logs no samples are public. ``collect/logs/mapped.py`` reads by them.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from mailrisk.model.events import Outcome


class Places(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where each field stands: columns of CSV (names or numbers from 0), or paths in JSON (``properties.ip``)."""

    ip: str | int
    time: str | int
    account: str | int = ""
    outcome: str | int = ""
    protocol: str | int = ""
    detail: str | int = ""


class LogMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[log_format]]``: one format, by exactly one of ``regex``, ``csv`` and ``json``."""

    name: Annotated[
        str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$", description="What `log parse --as` calls the format")
    ]
    service: Annotated[str, Meta(max_length=40, description="Service of its events; '' is the name")] = ""
    protocol: Annotated[
        str,
        Meta(
            max_length=40, description="Protocol of its events, where no field tells: imap, smtp, http, ..."
        ),
    ] = ""
    regex: Annotated[
        str,
        Meta(
            max_length=2_000,
            description="Regular expression that matches the whole text; named groups: ip, account, outcome, protocol, "
            "detail, time",
        ),
    ] = ""
    program: Annotated[
        str,
        Meta(
            max_length=128,
            description="With a regex: the syslog program whose text it matches; '' matches whole lines and needs the group time",
        ),
    ] = ""
    csv: Annotated[Places | None, Meta(description="Columns, by name or number from 0")] = None
    delimiter: Annotated[str, Meta(min_length=1, max_length=1, description="Between columns of CSV")] = ","
    json: Annotated[
        Places | None,
        Meta(description="Paths of members, parted by dots; a number in a path is a place in an array"),
    ] = None
    time_format: Annotated[
        str,
        Meta(
            max_length=80,
            description="strptime format of the time; '' is ISO 8601 or seconds or milliseconds since 1970",
        ),
    ] = ""
    outcomes: Annotated[
        dict[str, Outcome],
        Meta(
            description="What the words of the outcome mean, in lower case; lines with other words are no logins"
        ),
    ] = {}
    outcome: Annotated[
        Outcome | None, Meta(description="The outcome of every line, where no field tells it")
    ] = None
