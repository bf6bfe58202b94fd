"""Look-up workers as clients see them: the real program with two of them, on a loopback port."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.listen.conftest import Service, start, stop

CHECK = "/api/v1/urls:check"


def children(pid: int) -> list[int]:
    """The look-up workers of a core; other work has processes of its own."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found if b"mailrisk.lookups" in _command(child)]


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # It has ended in the meantime.
        return b""


def wait_for(condition: Callable[[], Any], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def ended(pid: int) -> bool:
    """Whether a process has ended, or is a zombie that nobody waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def check(url: str, key: str, asked: str, client: httpx.Client | None = None) -> dict[str, Any]:
    post = httpx.post if client is None else client.post
    answer = post(
        url + CHECK, json={"urls": [asked], "analyse": "none"}, headers={"X-API-Key": key}, timeout=10
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["results"][0])


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data_dir = tmp_path_factory.mktemp("two")
    config = data_dir / "mailrisk.toml"
    config.write_text("[network]\nenabled = false\n[index]\nmax_age_s = 2\n")
    process, url, _ = start(data_dir, "--config", str(config), "--workers", "2")
    key = (data_dir / "admin.key").read_text().strip()
    with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=60) as client:
        yield Service(url, key, data_dir, client, process)
    assert stop(process) == 0
    assert not list(data_dir.glob("core.*.sock")), "nothing is left behind"


def test_the_cores_socket_is_open_to_its_owner_alone(two: Service) -> None:
    [path] = two.data_dir.glob("core.*.sock")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_small_and_large_batches_are_answered_in_order_and_1001_are_refused(two: Service) -> None:
    for count in (1, 3, 99, 101, 1000):
        urls = [f"http://host{number}.example/{number}" for number in range(count)]
        for analyse in ("none", "static"):
            if analyse == "static" and count > 101:
                continue
            answer = two.client.post(CHECK, json={"urls": urls, "analyse": analyse})
            assert [item["input"] for item in answer.json()["results"]] == urls
    refused = two.client.post(CHECK, json={"urls": ["http://a.example/"] * 1001})
    assert refused.status_code == 400 and refused.headers["content-type"].startswith(
        "application/problem+json"
    )


def test_every_bad_body_gets_the_cores_problem(two: Service) -> None:
    for body in (
        b"",
        b"{",
        b"\xff\xfe{}",
        b'{"urls":["\xff"]}',
        b'{"urls":[]}',
        b'{"urls":["a.example"],"x":1}',
    ):
        answer = two.client.post(CHECK, content=body)
        assert answer.status_code == 400 and answer.json()["status"] == 400, body
    assert httpx.post(two.url + CHECK, content=b"{}").status_code == 401


def raw(url: str, *parts: bytes, pause_s: float = 0.0, quiet_s: float = 0.6) -> bytes:
    """Sends bytes as they are and reads until the server closes or says no more for a while."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause_s)
        connection.settimeout(quiet_s)
        got = b""
        try:
            while chunk := connection.recv(65536):
                got += chunk
        except TimeoutError:
            pass
    return got


def request(
    key: str, body: bytes, *, length: int | None = None, more: bytes = b"", path: str = CHECK
) -> bytes:
    size = len(body) if length is None else length
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Length: {size}\r\n".encode()
        + more + b"\r\n" + body
    )  # fmt: skip


ONE = b'{"urls":["http://a.example/"],"analyse":"none"}'


def test_requests_in_a_row_on_one_connection_are_answered_in_order_whatever_way_they_take(
    two: Service,
) -> None:
    status = f"GET /api/v1/status HTTP/1.1\r\nHost: x\r\nX-API-Key: {two.key}\r\n\r\n".encode()
    large = json.dumps({"urls": ["http://b.example/"] * 300, "analyse": "none"}).encode()
    got = raw(two.url, request(two.key, ONE) + status + request(two.key, ONE) + request(two.key, large) + status
              + request(two.key, b"{") + request(two.key, ONE))  # fmt: skip
    heads = [got.find(mark) for mark in (b"a.example", b'"epoch"')]
    assert 0 < heads[0] < heads[1]
    assert got.count(b"HTTP/1.1 200 OK") == 6 and got.count(b"HTTP/1.1 400") == 1
    assert got.rstrip().endswith(b"}]}") and got.rfind(b"a.example") > got.rfind(b'"epoch"')


def test_who_asks_and_sends_no_more_is_answered(two: Service) -> None:
    host, port = two.url.removeprefix("http://").split(":")
    for _ in range(20):
        with socket.create_connection((host, int(port)), timeout=10) as client:
            client.sendall(request(two.key, ONE) * 2)
            client.shutdown(socket.SHUT_WR)
            got = b""
            while part := client.recv(65536):
                got += part
        assert got.count(b"HTTP/1.1 200 OK") == 2 and got.count(b"a.example") == 4


def test_a_request_that_comes_byte_by_byte_is_answered_while_others_are_not_held_up(two: Service) -> None:
    whole = request(two.key, ONE)
    slow: list[bytes] = []
    parts = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    thread = threading.Thread(target=lambda: slow.append(raw(two.url, *parts, pause_s=0.02)))
    thread.start()
    started = time.monotonic()
    for _ in range(20):
        check(two.url, two.key, "http://a.example/", two.client)
    assert time.monotonic() - started < 5
    thread.join()
    assert slow[0].startswith(b"HTTP/1.1 200 OK")


def test_a_chunked_body_and_an_expectation_are_understood(two: Service) -> None:
    chunked = (
        f"POST {CHECK} HTTP/1.1\r\nHost: x\r\nX-API-Key: {two.key}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (ONE[:9], ONE[9:])) + b"0\r\n\r\n"
    )  # fmt: skip
    assert raw(two.url, chunked).startswith(b"HTTP/1.1 200 OK")
    expecting = request(two.key, ONE, more=b"Expect: 100-continue\r\n")
    assert b"HTTP/1.1 200 OK" in raw(two.url, expecting)
    closing = request(two.key, ONE, more=b"Connection: close\r\n")
    assert b"connection: close" in raw(two.url, closing)


def test_a_huge_body_is_refused_by_the_core_and_the_worker_goes_on(two: Service) -> None:
    answer = two.client.post(CHECK, content=b'{"urls":["' + b"a" * (65 * 1024 * 1024) + b'"]}')
    assert answer.status_code == 413
    check(two.url, two.key, "http://a.example/")


def test_a_client_that_goes_away_harms_nobody(two: Service) -> None:
    host, _, port = two.url.removeprefix("http://").rpartition(":")
    for sent in (
        b"POST ",
        request(two.key, ONE[:9], length=len(ONE)),
        request(two.key, b"x" * 9999, length=10**7),
    ):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(sent)
    check(two.url, two.key, "http://a.example/")


def test_listing_and_withdrawing_under_load_loses_no_request_and_is_seen_within_two_seconds(
    two: Service,
) -> None:
    done = threading.Event()
    url = "http://load.example/x"

    def ask() -> int:
        count = 0
        with httpx.Client() as client:
            while not done.is_set():
                assert check(two.url, two.key, f"http://h{count}.example/", client)["level"] == "unknown"
                count += 1
        return count

    def seen(level: str) -> bool:
        # A new connection each time, so that both workers are asked.
        return all(check(two.url, two.key, url)["level"] == level for _ in range(4))

    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(ask) for _ in range(3)]
        try:
            for _ in range(3):
                listed = two.client.post("/api/v1/listings", json={"indicator": url, "reason": "t"})
                assert listed.status_code == 200
                wait_for(lambda: seen("malicious"), 2.0)
                two.client.post("/api/v1/withdrawals", json={"indicator": url, "reason": "t"})
                wait_for(lambda: seen("clean"), 2.0)
        finally:
            done.set()
        assert all(one.result() > 5 for one in running)


def test_a_worker_that_dies_is_started_again_and_the_port_stays_open(two: Service) -> None:
    before = children(two.process.pid)
    assert len(before) == 2
    os.kill(before[0], signal.SIGKILL)
    check(two.url, two.key, "http://a.example/")
    wait_for(lambda: len(set(children(two.process.pid)) - set(before)) == 1)
    wait_for(lambda: len(children(two.process.pid)) == 2)
    check(two.url, two.key, "http://a.example/")


def test_when_the_core_is_killed_workers_say_how_old_the_list_is_until_a_new_core_takes_over(
    tmp_path: Path,
) -> None:
    config = tmp_path / "mailrisk.toml"
    config.write_text("[network]\nenabled = false\n[index]\nmax_age_s = 2\n")
    process, url, _ = start(tmp_path, "--config", str(config), "--workers", "2")
    key = (tmp_path / "admin.key").read_text().strip()
    headers = {"X-API-Key": key}
    listed = {"indicator": "http://kept.example/", "reason": "t"}
    assert httpx.post(url + "/api/v1/listings", json=listed, headers=headers).status_code == 200
    workers = children(process.pid)
    process.kill()
    process.wait()

    wait_for(lambda: check(url, key, "http://a.example/")["reasons"][0]["code"] == "list-too-old")
    assert check(url, key, "http://a.example/")["list_age_s"] >= 2
    assert check(url, key, "http://kept.example/")["level"] == "malicious"
    assert httpx.get(url + "/readyz").status_code == 503
    away = httpx.get(url + "/api/v1/status", headers=headers)
    assert away.status_code == 503 and away.headers["retry-after"] and away.json()["status"] == 503

    port = url.rpartition(":")[2]
    again, same, _ = start(
        tmp_path, "--config", str(config), "--workers", "1", "--listen", f"127.0.0.1:{port}"
    )
    assert same == url
    wait_for(lambda: all(ended(pid) for pid in workers))
    assert check(url, key, "http://kept.example/")["list_age_s"] < 2
    assert stop(again) == 0


def test_a_graceful_stop_answers_what_has_begun(tmp_path: Path) -> None:
    process, url, _ = start(tmp_path, "--workers", "2")
    key = (tmp_path / "admin.key").read_text().strip()
    body = json.dumps({"urls": [f"http://host{n}.example/login/{n}" for n in range(1000)]}).encode()
    with ThreadPoolExecutor(4) as pool:
        # The server closes every connection when it stops: nobody has to guess when an answer is complete.
        whole = [pool.submit(raw, url, request(key, body), quiet_s=20) for _ in range(2)]
        cut = [
            pool.submit(raw, url, request(key, ONE)[:-20], request(key, ONE)[-20:], pause_s=0.8, quiet_s=20)
            for _ in range(2)
        ]
        time.sleep(0.5)
        assert stop(process) == 0
        assert all(b"HTTP/1.1 200 OK" in one.result() for one in (*whole, *cut))


def test_one_process_serves_everything_when_no_workers_are_wanted(tmp_path: Path) -> None:
    process, url, _ = start(tmp_path, "--workers", "0")
    key = (tmp_path / "admin.key").read_text().strip()
    assert children(process.pid) == []
    assert check(url, key, "http://a.example/")["level"] == "unknown"
    assert stop(process) == 0
