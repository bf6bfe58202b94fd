"""``visits learn``: teaches the gate from a proxy's log what the organisation commonly visits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO

import click
import httpcore
import msgspec

from mailrisk.chinese.sentences import problem
from mailrisk.cli.groups import Group
from mailrisk.cli.language import language
from mailrisk.cli.remote import api_key, service_options
from mailrisk.collect.squid import LoggedVisit, squid_visit
from mailrisk.model.errors import BadInput, Unavailable

BATCH = 5_000


@click.group("visits", cls=Group)
def visits_group() -> None:
    """Visits of web pages: what proxies have logged."""


@visits_group.command("learn")
@click.argument("log", type=click.File("r", encoding="utf-8", errors="replace"))
@service_options("File with an API key of the role reporter; else MAILRISK_KEY.")
def learn_command(log: IO[str], url: str, key_file: Path | None) -> None:
    """Teach the running service what is common, from Squid's access.log.

    \b
    mailrisk visits learn /var/log/squid/access.log --key-file /etc/mailrisk/reporter.key
    """
    key = api_key(key_file)
    unread = [0]
    lines, learnt = _visits(log, unread), 0
    while part := list(islice(lines, BATCH)):
        learnt += _send(url, key, part)
    click.echo(problem(f"visits learnt: {learnt}; lines that were none: {unread[0]}", language()))


def _visits(log: Iterable[str], unread: list[int]) -> Iterator[LoggedVisit]:
    for line in log:
        try:
            visit = squid_visit(line)
        except BadInput:
            unread[0] += 1
            continue
        if visit is not None:
            yield visit


def _send(url: str, key: str, visits: list[LoggedVisit]) -> int:
    body = msgspec.json.encode({"visits": [one._asdict() for one in visits]})
    headers: dict[bytes | str, bytes | str] = {"X-API-Key": key, "Content-Type": "application/json"}
    try:
        answer = httpcore.request(
            "POST", f"{url.rstrip('/')}/api/v1/visits:learn", headers=headers, content=body
        )
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise Unavailable(f"{url} does not answer: {type(error).__name__}") from None
    if answer.status != 200:
        raise Unavailable(
            f"{url} refuses: HTTP {answer.status} {answer.content[:200].decode('utf-8', 'replace')}"
        )
    learnt: int = msgspec.json.decode(answer.content)["learnt"]
    return learnt
