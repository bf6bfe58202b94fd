"""Squid's access.log in its native form: who went to which host, when.

    1795424400.123    456 192.0.2.7 TCP_TUNNEL/200 4711 CONNECT www.example.org:443 anna HIER_DIRECT/198.51.100.7 -

https://wiki.squid-cache.org/Features/LogFormat. Time in seconds since 1970, duration, client, result, bytes, method, URL, user,
hierarchy, type. Only visits that went through count: what was denied, or never answered, is nobody's habit.
"""

from __future__ import annotations

from typing import NamedTuple

from mailrisk.model.errors import BadInput

MAX_LINE = 70_000


class LoggedVisit(NamedTuple):
    """Who went where, when (seconds since 1970)."""

    host: str
    user: str
    at: float


def squid_visit(line: str) -> LoggedVisit | None:
    """The visit of one line; None for a request that was not answered. BadInput: not such a line."""
    if len(line) > MAX_LINE:
        raise BadInput("line", f"longer than {MAX_LINE} characters")
    parts = line.split(None, 9)
    if len(parts) < 9:
        raise BadInput("line", "has fewer than nine fields")
    time, _, client, result, _, method, url, user = parts[:8]
    try:
        at = float(time)
    except ValueError:
        raise BadInput("line", "does not begin with a time") from None
    verdict, _, status = result.partition("/")
    if "DENIED" in verdict or not status.startswith(("2", "3")):
        return None
    host = url.rpartition(":")[0] if method == "CONNECT" else url.partition("://")[2].partition("/")[0]
    host = host.rpartition("@")[2]
    if not host or not at >= 0:
        raise BadInput("line", "names no host")
    return LoggedVisit(
        host.partition(":")[0] if "[" not in host else host, user if user != "-" else client, at
    )
