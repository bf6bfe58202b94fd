"""Fetching from a server on loopback that behaves in every bad way a feed's server can."""

import asyncio
import gzip
import io
import zipfile
from pathlib import Path

import httpcore
import pytest
from tests.edge.loopback import Handler, answer, serving

from mailrisk.collect.feeds.registry import read_feed
from mailrisk.edge.egress import GuardedBackend, check_public
from mailrisk.edge.fetch import Egress, Fetched, Limits, Validators, fetch
from mailrisk.model.errors import BadInput, EgressRefused, FeedRefused, TooLarge, Unavailable

PRIVATE = Egress(allow_private=True)
FEED = b"https://evil.example/login\n"
BIG = 1 << 20


def replying(reply: bytes) -> Handler:
    async def handler(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(reply)

    return handler


def get(handler: Handler, into: Path, path: str = "/feed.txt", **options: object) -> Fetched:
    async def run() -> Fetched:
        async with serving(handler) as base:
            return await fetch(base + path, into, **{"egress": PRIVATE, **options})  # type: ignore[arg-type]

    return asyncio.run(run())


def test_a_new_file_is_stored_with_its_validators(tmp_path: Path) -> None:
    reply = answer(
        FEED, 'ETag: "v1"', "Last-Modified: Tue, 04 Mar 2025 10:00:00 GMT", "Content-Type: text/plain; x=y"
    )
    found = get(replying(reply), tmp_path)
    assert found.path is not None and found.path.read_bytes() == FEED and found.size == len(FEED)
    assert found.validators == Validators('"v1"', "Tue, 04 Mar 2025 10:00:00 GMT")
    assert (found.content_type, found.host, found.changed) == ("text/plain", "127.0.0.1", True)


def test_validators_are_sent_and_304_means_nothing_changed(tmp_path: Path) -> None:
    known = Validators('W/"\xe9"', "Tue, 04 Mar 2025 10:00:00 GMT")

    async def handler(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        same = (headers["if-none-match"], headers["if-modified-since"]) == (known.etag, known.last_modified)
        writer.write(answer(b"", status="304 Not Modified" if same else "500 No"))

    found = get(handler, tmp_path, validators=known)
    assert not found.changed and found.validators == known and not list(tmp_path.iterdir())


def test_304_without_a_question_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="HTTP 304"):
        get(replying(answer(b"", status="304 Not Modified")), tmp_path)


@pytest.mark.parametrize(
    "status", ["404 Not Found", "429 Slow Down", "503 Busy", "204 No Content", "302 Found"]
)
def test_any_other_status_is_no_answer(tmp_path: Path, status: str) -> None:
    with pytest.raises(Unavailable, match=f"HTTP {status[:3]}"):
        get(replying(answer(b"", status=status)), tmp_path)


def test_a_stream_of_5_gb_is_cut_at_the_limit(tmp_path: Path) -> None:
    sent = 0

    async def handler(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while sent < 5 << 30:
            writer.write(b"a" * BIG)
            await writer.drain()
            sent += BIG

    with pytest.raises(TooLarge):
        get(handler, tmp_path, limits=Limits(max_bytes=2 * BIG))
    assert sent < 32 * BIG and not list(tmp_path.iterdir())


def test_an_announced_5_gb_is_not_even_begun(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="announced"):
        get(replying(b"HTTP/1.1 200 OK\r\nContent-Length: 5368709120\r\n\r\n"), tmp_path)


def test_a_slow_drip_ends_for_its_rate(tmp_path: Path) -> None:
    async def handler(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.02)

    with pytest.raises(Unavailable, match="slower"):
        get(handler, tmp_path, limits=Limits(min_rate=100_000, rate_window_s=0.1))
    with pytest.raises(Unavailable, match=r"not finished within 0\.2 s"):
        get(handler, tmp_path, limits=Limits(total_s=0.2))
    assert not list(tmp_path.iterdir())


def test_headers_that_never_end_end_for_the_total_time(tmp_path: Path) -> None:
    async def handler(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(b"X: y\r\n")
            await writer.drain()
            await asyncio.sleep(0.02)

    with pytest.raises(Unavailable, match="not finished"):
        get(handler, tmp_path, limits=Limits(total_s=0.2))


def test_silence_ends_for_the_read_time(tmp_path: Path) -> None:
    async def handler(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)

    with pytest.raises(Unavailable, match="ReadTimeout"):
        get(handler, tmp_path, limits=Limits(read_s=0.1))


def test_a_body_that_breaks_off_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="RemoteProtocolError"):
        get(replying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhttps://evil"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_is_not_http_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        get(replying(b"220 mail.example ESMTP\r\n\r\n"), tmp_path)


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


def _zip(*files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, data in enumerate(files):
            archive.writestr(f"full{number}.csv", data)
    return packed.getvalue()


@pytest.mark.parametrize(
    "body", [gzip.compress(FEED), _zip(FEED), gzip.compress(gzip.compress(FEED)), gzip.compress(FEED[:9]) + gzip.compress(FEED[9:])]
)  # fmt: skip
def test_packed_bodies_are_unpacked(tmp_path: Path, body: bytes) -> None:
    found = get(replying(answer(body, "Content-Encoding: gzip")), tmp_path)
    assert found.path is not None and found.path.read_bytes() == FEED
    assert list(tmp_path.iterdir()) == [found.path]


@pytest.mark.parametrize("packed", [gzip.compress(bytes(64 * BIG)), _zip(bytes(64 * BIG))])
def test_a_bomb_ends_at_the_ratio(tmp_path: Path, packed: bytes) -> None:
    with pytest.raises(TooLarge, match="unpacks"):
        get(replying(answer(packed)), tmp_path)
    with pytest.raises(TooLarge, match="unpacks"):
        get(replying(answer(packed)), tmp_path, limits=Limits(max_bytes=BIG))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "body", [gzip.compress(FEED)[:-9], b"\x1f\x8bnonsense", _zip(FEED)[:40], _zip(FEED, FEED)]
)
def test_a_damaged_pack_is_no_answer(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(Unavailable, match="unpacked"):
        get(replying(answer(body)), tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_encoding_that_was_not_asked_for_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="content encoding"):
        get(replying(answer(FEED, "Content-Encoding: br")), tmp_path)


def test_a_feed_that_turned_into_html_is_fetched_and_then_refused_by_its_parser(tmp_path: Path) -> None:
    found = get(
        replying(answer(b"<!DOCTYPE html><title>Log in</title>", "Content-Type: text/html")), tmp_path
    )
    assert found.path is not None and found.content_type == "text/html"
    with found.path.open("rb") as file, pytest.raises(FeedRefused, match="HTML"):
        list(read_feed("openphish-text", file))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111"])
def test_public_addresses_pass(address: str) -> None:
    check_public(address)


@pytest.mark.parametrize(
    "address", ["2002:7f00:1::", "2001:db8::1", "198.18.0.1", "fec0::1", "ff02::1", "", "nonsense"]
)
def test_addresses_of_every_other_kind_do_not(address: str) -> None:
    with pytest.raises(EgressRefused):
        check_public(address)
