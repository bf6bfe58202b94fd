"""Unmodified resolvers follow the response policy zone: a listing blocks, a withdrawal unblocks, without a reload."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.rcode
import httpx
import pytest
from tests.interop.dns_servers import (
    HONEST,
    ask,
    free_port,
    honest_world,
    named,
    open_folder,
    texts,
    unbound,
    until,
)
from tests.interop.page import block
from tests.listen.conftest import start, stop

ZONE = "rpz.mailrisk.internal"


@contextmanager
def mailrisk(folder: Path, page: str, resolver: int, port: int) -> Iterator[httpx.Client]:
    """The service with the lines of a page, which tells the resolver at a port of changes."""
    lines = block(
        page, "toml", **{"127.0.0.1:5354": f"127.0.0.1:{port}", "127.0.0.1:53": f"127.0.0.1:{resolver}"}
    )
    config = folder / "mailrisk.toml"
    config.write_text(f"[network]\nenabled = false\n{lines}ip_triggers = true\n")
    process, url, _ = start(folder / "data", "--workers", "0", "--config", str(config))
    try:
        key = (folder / "data" / "admin.key").read_text().strip()
        with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=30) as client:
            yield client
    finally:
        stop(process)


def put(client: httpx.Client, indicator: str, category: str = "credential-phishing") -> None:
    body = {"indicator": indicator, "reason": "a test", "category": category}
    assert client.post("/api/v1/listings", json=body).status_code == 200


def withdraw(client: httpx.Client, indicator: str) -> None:
    body = {"indicator": indicator, "reason": "a test"}
    assert client.post("/api/v1/withdrawals", json=body).status_code == 200


def blocked(port: int, name: str) -> bool:
    answer = ask(port, name)
    if answer.rcode() == dns.rcode.NXDOMAIN:
        return True
    assert answer.rcode() == dns.rcode.NOERROR and texts(answer) == [f"A {HONEST}"]
    return False


def follows(client: httpx.Client, port: int) -> None:
    """What both resolvers must do."""
    put(client, "domain:evil.example")
    until(lambda: blocked(port, "evil.example"), "the listing did not block")
    assert blocked(port, "www.evil.example") and not blocked(port, "honest.example")
    # A host below a listed domain takes nothing beside it out of the block.
    put(client, "host:a.b.evil.example", "malware-file")
    withdraw(client, "host:good.evil.example")
    until(lambda: not blocked(port, "good.evil.example"), "the exempted host is not let through")
    for name in ("b.evil.example", "c.b.evil.example", "x.a.b.evil.example", "x.good.evil.example"):
        assert blocked(port, name), name
    put(client, "host:shop.honest.example")
    until(lambda: blocked(port, "shop.honest.example"), "the host was not blocked")
    assert not blocked(port, "honest.example") and not blocked(port, "x.shop.honest.example")
    put(client, "http://page.example/login/form.html")
    assert not blocked(port, "page.example")
    withdraw(client, "domain:evil.example")
    until(lambda: not blocked(port, "www.evil.example"), "the withdrawal did not unblock")
    assert blocked(port, "a.b.evil.example") and not blocked(port, "c.b.evil.example")
    put(client, HONEST, "phishing-host")
    until(lambda: blocked(port, "any.example"), "the address is no trigger")
    withdraw(client, HONEST)
    until(lambda: not blocked(port, "any.example"), "the address still is a trigger")


@pytest.mark.parametrize("name", ["unbound", "bind"])
def test_a_listing_blocks_and_a_withdrawal_unblocks_without_a_reload(name: str) -> None:
    port, resolver = free_port(), free_port()
    server = unbound if name == "unbound" else named
    with (
        open_folder() as folder,
        honest_world() as upstream,
        mailrisk(folder, f"{name}.md", resolver, port) as client,
    ):
        put(client, "domain:before.example")
        with server(folder, resolver, port, upstream) as log:
            until(lambda: blocked(resolver, "www.before.example"), f"never transferred: {log.read_text()}")
            follows(client, resolver)
