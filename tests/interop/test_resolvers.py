"""Unmodified resolvers follow the response policy zone: a listing blocks, a withdrawal unblocks, without a reload."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dns.rcode
import httpx
import pytest
from tests.interop.dns_servers import (
    ask,
    free_port,
    named,
    open_folder,
    texts,
    unbound,
    until,
)
from tests.interop.page import block
from tests.listen.conftest import start, stop
from tools.publish_probes.dns import HONEST, everything_exists

ZONE = "rpz.mailrisk.internal"
SERVERS = {"unbound": unbound, "bind": named}


@dataclass
class Site:
    """One service for both resolvers."""

    client: httpx.Client
    primary: int
    ports: dict[str, int]
    upstream: int


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The service with the lines of both pages together, which tells both resolvers of changes."""
    folder, primary, ports = (
        tmp_path_factory.mktemp("rpz"),
        free_port(),
        {name: free_port() for name in SERVERS},
    )
    settings: dict[str, Any] = {}
    for name in SERVERS:
        settings |= tomllib.loads(block(f"{name}.md", "toml"))["rpz"]
    assert settings["listen"] == "127.0.0.1:5354" and settings["notify"] == ["127.0.0.1:53"]
    settings["listen"] = f"127.0.0.1:{primary}"
    settings["notify"] = [f"127.0.0.1:{port}" for port in ports.values()]
    keys = ", ".join(f'{name} = "{secret}"' for name, secret in settings.pop("keys").items())
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    config = folder / "mailrisk.toml"
    config.write_text(f"[network]\nenabled = false\n[rpz]\n{lines}keys = {{ {keys} }}\nip_triggers = true\n")
    process, url, _ = start(folder / "data", "--workers", "0", "--config", str(config))
    key = (folder / "data" / "admin.key").read_text().strip()
    with (
        httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=30) as client,
        everything_exists() as upstream,
    ):
        yield Site(client, primary, ports, upstream)
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


@pytest.mark.parametrize("name", SERVERS)
def test_a_listing_blocks_and_a_withdrawal_unblocks_without_a_reload(site: Site, name: str) -> None:
    put(site.client, f"domain:before-{name}.example")
    with (
        open_folder() as folder,
        SERVERS[name](folder, site.ports[name], site.primary, site.upstream) as log,
    ):
        port = site.ports[name]
        until(lambda: blocked(port, f"www.before-{name}.example"), f"never transferred: {log.read_text()}")
        names_follow(site.client, port, f"{name}-evil.example", f"{name}-honest.example")
        addresses_follow(site.client, port)


def names_follow(client: httpx.Client, port: int, evil: str, honest: str) -> None:
    put(client, f"domain:{evil}")
    until(lambda: blocked(port, evil), "the listing did not block")
    assert blocked(port, f"www.{evil}") and not blocked(port, honest)
    # A host below a listed domain takes nothing beside it out of the block.
    put(client, f"host:a.b.{evil}", "malware-file")
    withdraw(client, f"host:good.{evil}")
    until(lambda: not blocked(port, f"good.{evil}"), "the exempted host is not let through")
    for below in ("b", "c.b", "x.a.b", "x.good"):
        assert blocked(port, f"{below}.{evil}"), below
    put(client, f"host:shop.{honest}")
    until(lambda: blocked(port, f"shop.{honest}"), "the host was not blocked")
    assert not blocked(port, honest) and not blocked(port, f"x.shop.{honest}")
    put(client, f"http://page.{honest}/login/form.html")
    assert not blocked(port, f"page.{honest}")
    withdraw(client, f"domain:{evil}")
    until(lambda: not blocked(port, f"www.{evil}"), "the withdrawal did not unblock")
    assert blocked(port, f"a.b.{evil}") and not blocked(port, f"c.b.{evil}")


def addresses_follow(client: httpx.Client, port: int) -> None:
    put(client, HONEST, "phishing-host")
    until(lambda: blocked(port, "any.example"), "the address is no trigger")
    withdraw(client, HONEST)
    until(lambda: not blocked(port, "any.example"), "the address still is a trigger")


def test_bind_with_another_key_gets_nothing(site: Site) -> None:
    wrong = {"bWFpbHJpc2stZXhhbXBsZS1rZXktMzItYnl0ZXMtb2s=": "YW5vdGhlci1rZXktb2YtdGhpcnR5LXR3by1ieXRlcyEh"}
    put(site.client, "domain:kept.example")
    with (
        open_folder() as folder,
        named(folder, site.ports["bind"], site.primary, site.upstream, **wrong) as log,
    ):
        until(lambda: "tsig" in log.read_text().lower(), "it never asked")
        # Without the zone it has no policy, and blocks nothing.
        assert not (folder / f"{ZONE}.db").exists()
