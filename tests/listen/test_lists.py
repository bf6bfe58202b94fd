"""Lists over HTTP: keys, parameters, validators, compression."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import httpx
import pytest
from tests.listen.conftest import Service


@pytest.fixture(scope="module")
def lists(service: Service) -> Iterator[httpx.Client]:
    for number in range(40):
        body = {"indicator": f"203.0.113.{number}", "reason": "a test", "category": "brute-force"}
        assert service.client.post("/api/v1/listings", json=body).status_code == 200
    yield service.client


def test_a_list_is_given_compressed_and_again_only_when_it_changed(lists: httpx.Client) -> None:
    first = lists.get("/lists/ip.txt")
    assert first.headers["content-encoding"] == "gzip" and first.headers["x-entries"] == "40"
    for tag in (first.headers["etag"], first.headers["etag"].removeprefix("W/"), "*"):
        same = lists.get("/lists/ip.txt", headers={"If-None-Match": f'"other", {tag}'})
        assert (same.status_code, same.content) == (304, b"")
    plain = lists.get("/lists/ip.txt", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.text == first.text
    lists.post("/api/v1/withdrawals", json={"indicator": "203.0.113.39", "reason": "a test"})
    later = lists.get("/lists/ip.txt", headers={"If-None-Match": first.headers["etag"]})
    assert later.status_code == 200 and "203.0.113.39" not in later.text.split()


def test_parameters_choose(lists: httpx.Client) -> None:
    assert len(lists.get("/lists/ip.txt?limit=5").text.split()) == 5
    assert lists.get("/lists/ip.txt?category=spam-source,password-spray").text == ""
    assert lists.get("/lists/ip6.txt").text == ""
    assert lists.get("/lists/ip.txt?max_age_d=1&local=true&level=low").text


@pytest.mark.parametrize(
    "query",
    ["level=malicious", "level=x", "limit=0", "limit=-1", "limit=x", "max_age_d=0", "max_age_d=nan", "category=x",
     "limit=99999999999999999999", "local=maybe"],
)  # fmt: skip
def test_wrong_parameters_are_told(lists: httpx.Client, query: str) -> None:
    assert lists.get(f"/lists/ip.txt?{query}").status_code == 400


@pytest.mark.parametrize("name", ["ip", "ip.exe", "..%2fadmin.key", "x" * 5000, "domain.mmdb", "%00"])
def test_other_lists_are_not_found(lists: httpx.Client, name: str) -> None:
    assert lists.get(f"/lists/{name}").status_code == 404


def test_a_device_is_asked_for_basic_and_a_wrong_key_gets_nothing(service: Service) -> None:
    for auth in (None, ("any", "wrong"), ("any", "")):
        answer = httpx.get(f"{service.url}/lists/ip.txt", auth=auth)
        assert answer.status_code == 401
        assert 'Basic realm="mailrisk"' in answer.headers["www-authenticate"]
    assert httpx.get(f"{service.url}/lists/ip.txt", auth=("any", service.key)).status_code == 200


def test_gzip_is_a_whole_file(lists: httpx.Client) -> None:
    with lists.stream("GET", "/lists/ip.txt") as answer:
        raw = b"".join(answer.iter_raw())
    assert gzip.decompress(raw).startswith(b"203.0.113.")
