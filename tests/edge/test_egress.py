"""No URL, redirect, name or proxy leads a fetch to an address inside."""

import asyncio
from pathlib import Path

import httpcore
import pytest
from tests.edge.loopback import FEED, Handler, answer, get, replying, serving

from mailrisk.edge.egress import GuardedBackend, check_public
from mailrisk.edge.fetch import Egress, Fetched, fetch
from mailrisk.model.errors import BadInput, EgressRefused, Unavailable


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:1/x", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[::1]/",
        "http://[::ffff:127.0.0.1]/", "http://0x7f.1/", "http://2130706433/", "http://[64:ff9b::7f00:1]/",
        "http://100.64.0.1/", "http://192.0.2.1/", "http://[fe80::1]/", "http://0.0.0.0/",
    ],
)  # fmt: skip
def test_a_redirect_to_an_inner_address_is_refused(tmp_path: Path, place: str) -> None:
    reply = answer(b"", f"Location: {place}", status="302 Found")
    with pytest.raises(EgressRefused, match="no public address"):
        get(replying(reply), tmp_path)


@pytest.mark.parametrize(
    "place", ["file:///etc/passwd", "ftp://ftp.example/x", "gopher://x.example/", "http://[::1"]
)
def test_a_redirect_to_something_else_than_http_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises((BadInput, Unavailable)):
        get(replying(answer(b"", f"Location: {place}", status="301 Moved")), tmp_path)


def test_a_relative_redirect_is_followed_and_a_loop_ends(tmp_path: Path) -> None:
    async def handler(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        to = "/new" if path == "/feed.txt" else "/loop"
        writer.write(answer(FEED) if path == "/new" else answer(b"", f"Location: {to}", status="307 Moved"))

    assert get(handler, tmp_path).size == len(FEED)
    with pytest.raises(Unavailable, match="more than 5 redirects"):
        get(handler, tmp_path, path="/loop")


class _Dial(httpcore.AnyIOBackend):
    """Connects to a port of loopback whatever public address is asked for, and remembers the address."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[str] = []

    async def connect_tcp(
        self, host: str, port: int, *rest: object, **more: object
    ) -> httpcore.AsyncNetworkStream:
        self.asked.append(host)
        return await super().connect_tcp("127.0.0.1", self.port)


def _through_names(handler: Handler, into: Path, names: dict[str, list[str]], **options: object) -> list[str]:
    """Fetches http://feed.example/ with a resolver of our own; returns the addresses connected to."""

    async def run() -> list[str]:
        async def resolve(host: str, port: int) -> list[str]:
            return [names[host].pop(0)] if len(names[host]) > 1 else names[host]

        async with serving(handler) as base:
            dial = _Dial(int(base.rpartition(":")[2]))
            egress = Egress(backend=GuardedBackend(resolve=resolve, inner=dial))
            await fetch("http://feed.example/", into, egress=egress, **options)  # type: ignore[arg-type]
            return dial.asked

    return asyncio.run(run())


def test_the_connection_goes_to_the_address_that_was_checked(tmp_path: Path) -> None:
    # A second look-up would answer with loopback, as in DNS rebinding.
    names = {"feed.example": ["8.8.8.8", "127.0.0.1"]}
    assert _through_names(replying(answer(FEED)), tmp_path, names) == ["8.8.8.8"]


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "192.168.1.1", "::1", "fd00::1", "::ffff:10.0.0.1", "224.0.0.1"]
)
def test_a_name_with_an_inner_address_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(EgressRefused):
        _through_names(replying(answer(FEED)), tmp_path, {"feed.example": [address]})


def test_a_name_that_cannot_be_resolved_is_told_once_and_in_words(tmp_path: Path) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    egress = Egress(backend=GuardedBackend(resolve=resolve))
    with pytest.raises(Unavailable, match=r"^feed\.example: cannot be resolved: Name or service not known$"):
        asyncio.run(fetch("http://feed.example/", tmp_path, egress=egress))


def test_a_redirect_to_a_name_with_an_inner_address_is_refused(tmp_path: Path) -> None:
    names = {"feed.example": ["8.8.8.8"], "inside.example": ["10.0.0.7"]}
    reply = answer(b"", "Location: http://inside.example/", status="302 Found")
    with pytest.raises(EgressRefused, match=r"10\.0\.0\.7"):
        _through_names(replying(reply), tmp_path, names)


def test_a_key_in_a_header_goes_to_the_first_origin_alone(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    async def handler(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        seen.append((headers["host"], headers.get("auth-key", "")))
        elsewhere = answer(b"", "Location: http://cdn.example/f", status="302 Found")
        writer.write(elsewhere if headers["host"] == "feed.example" else answer(FEED))

    names = {"feed.example": ["8.8.8.8"], "cdn.example": ["9.9.9.9"]}
    _through_names(handler, tmp_path, names, headers={"Auth-Key": "secret"})
    assert seen == [("feed.example", "secret"), ("cdn.example", "")]


def test_an_error_does_not_show_the_key_in_the_url(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        get(replying(answer(b"", status="403 No")), tmp_path, path="/exports/SECRET/recent.csv?key=SECRET")
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["ftp://feed.example/x", "file:///etc/passwd", "https://", "unix:/run/x.sock"]
)
def test_only_http_and_https_are_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadInput):
        asyncio.run(fetch(url, tmp_path))


def test_loopback_is_refused_unless_it_was_named(tmp_path: Path) -> None:
    with pytest.raises(EgressRefused):
        get(replying(answer(FEED)), tmp_path, egress=Egress())


def test_a_proxy_is_used_and_an_inner_address_is_refused_behind_it_too(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    async def proxy(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        seen.append((path, headers.get("proxy-authorization", "")))
        writer.write(answer(FEED))

    async def run(url: str) -> Fetched:
        async with serving(proxy) as base:
            return await fetch(url, tmp_path, egress=Egress(proxy=base.replace("//", "//user:pass@")))

    assert asyncio.run(run("http://feed.example/f")).size == len(FEED)
    assert seen == [("http://feed.example/f", "Basic dXNlcjpwYXNz")]
    with pytest.raises(EgressRefused):
        asyncio.run(run("http://169.254.169.254/"))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111"])
def test_public_addresses_pass(address: str) -> None:
    check_public(address)


@pytest.mark.parametrize(
    "address", ["2002:7f00:1::", "2001:db8::1", "198.18.0.1", "fec0::1", "ff02::1", "", "nonsense"]
)
def test_addresses_of_every_other_kind_do_not(address: str) -> None:
    with pytest.raises(EgressRefused):
        check_public(address)
