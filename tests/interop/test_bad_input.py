"""Bad input gets Google's own error and changes nothing; hash routes leave no trace in the log."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from tests.interop.conftest import SE_PAGE, Google

from mailrisk.model.url.expressions import full_hash

PREFIX = base64.b64encode(full_hash("phish.example/login/form.html")[:4]).decode()
SE = {"threatTypes": "SOCIAL_ENGINEERING"}
LIST = {"threatType": "SOCIAL_ENGINEERING"}
TOKENS = [base64.b64encode(raw).decode() for raw in (b"x", b"m" * 23, b"\0" * 1024)]


def ask(google: Google, path: str, params: Any, **more: Any) -> httpx.Response:
    headers = {"x-goog-api-key": google.key} if "headers" not in more else more.pop("headers")
    return httpx.get(google.url + path, params=params, headers=headers, timeout=30, **more)


def error_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/json; charset=UTF-8", answer.text
    body = answer.json()
    assert set(body) == {"error"} and set(body["error"]) == {"code", "message", "status"}
    assert body["error"]["code"] == answer.status_code and body["error"]["message"]
    return answer.status_code, body["error"]["status"]


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v1/uris:search", SE),
        ("/v1/uris:search", {"uri": SE_PAGE}),
        ("/v1/uris:search", {"uri": SE_PAGE, "threatTypes": "NO_SUCH_THREAT"}),
        ("/v1/uris:search", {"uri": SE_PAGE, "threatTypes": "77"}),
        ("/v1/uris:search", {"uri": SE_PAGE, "threatTypes": "THREAT_TYPE_UNSPECIFIED"}),
        ("/v1/uris:search", {"uri": "http://a.example/" + "x" * 60_000, **SE}),
        ("/v1/uris:search", {"uri": "javascript:alert(1)", **SE}),
        ("/v1/uris:search", {"uri": SE_PAGE, **SE, "urii": "x"}),
        ("/v1/uris:search", [("uri", SE_PAGE), ("uri", SE_PAGE), ("threatTypes", "MALWARE")]),
        ("/v1/uris:search", {"uri": SE_PAGE, **SE, "alt": "media"}),
        ("/v1/hashes:search", SE),
        ("/v1/hashes:search", {"hashPrefix": "AAA=", **SE}),
        ("/v1/hashes:search", {"hashPrefix": "*?*?", **SE}),
        ("/v1/hashes:search", {"hashPrefix": "é" * 8, **SE}),
        ("/v1/hashes:search", {"hashPrefix": "A" * 48, **SE}),
        ("/v1/threatLists:computeDiff", {}),
        ("/v1/threatLists:computeDiff", {"threatType": "NO_SUCH_LIST"}),
        ("/v1/threatLists:computeDiff", {**LIST, "versionToken": "%%%"}),
        ("/v1/threatLists:computeDiff", {**LIST, "versionToken": "A" * 4096}),
        ("/v1/threatLists:computeDiff", {**LIST, "constraints.maxDiffEntries": "-5"}),
        ("/v1/threatLists:computeDiff", {**LIST, "constraints.max_diff_entries": "9" * 30}),
        ("/v1/threatLists:computeDiff", {**LIST, "constraints.supportedCompressions": "ZIP"}),
        ("/v1/uris:search", {f"a{number}": "1" for number in range(1300)}),
    ],
)
def test_a_bad_argument_is_an_invalid_argument(google: Google, path: str, params: Any) -> None:
    assert error_of(ask(google, path, params)) == (400, "INVALID_ARGUMENT")


def test_invalid_utf_8_and_unknown_routes_are_errors_in_googles_form(google: Google) -> None:
    raw = httpx.get(f"{google.url}/v1/uris:search?uri=%ff%fe&threatTypes=1&key={google.key}")
    assert error_of(raw) == (400, "INVALID_ARGUMENT")
    assert error_of(ask(google, "/v1/nothing:here", {})) == (404, "NOT_FOUND")
    posted = httpx.post(google.url + "/v1/uris:search", headers={"x-goog-api-key": google.key})
    assert error_of(posted) == (404, "NOT_FOUND")


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_of_another_server_or_list_starts_again(google: Google, token: str) -> None:
    answer = ask(google, "/v1/threatLists:computeDiff", {**LIST, "versionToken": token})
    assert answer.status_code == 200 and answer.json()["responseType"] == "RESET"


def test_a_missing_wrong_or_revoked_key_is_refused_wherever_it_stands(google: Google) -> None:
    params = {"uri": SE_PAGE, **SE}
    assert error_of(ask(google, "/v1/uris:search", params, headers={})) == (403, "PERMISSION_DENIED")
    for headers in ({"x-goog-api-key": "AIza"}, {"authorization": "Bearer nonsense"}):
        assert error_of(ask(google, "/v1/uris:search", params, headers=headers)) == (400, "INVALID_ARGUMENT")
    wrong = ask(google, "/v1/uris:search", {**params, "key": google.key[:-1] + "~"}, headers={})
    assert error_of(wrong) == (400, "INVALID_ARGUMENT")
    for name in ("key",):
        right = ask(google, "/v1/uris:search", {**params, name: google.key}, headers={})
        assert right.json()["threat"]["threatTypes"] == ["SOCIAL_ENGINEERING"]
    native = httpx.get(google.url + "/api/v1/status", params={"key": google.key})
    assert native.status_code == 401, "a key in the query is for the compatibility routes alone"


@pytest.mark.parametrize("body", [b"", b"{", b'{"uri": 5}', b"\xff", b'{"uri": "::"}', b"[" * 9000])
def test_a_bad_submission_changes_nothing(google: Google, body: bytes) -> None:
    before = google.native.get("/api/v1/changes").json()["last"]
    answer = httpx.post(
        f"{google.url}/v1/projects/p/submissions", content=body, headers={"x-goog-api-key": google.key}
    )
    assert error_of(answer) == (400, "INVALID_ARGUMENT")
    assert google.native.get("/api/v1/changes").json()["last"] == before


def test_a_submission_that_is_too_large_is_refused(google: Google) -> None:
    answer = httpx.post(
        f"{google.url}/v1/projects/p/submissions", content=b" " * 1_100_000,
        headers={"x-goog-api-key": google.key},
    )  # fmt: skip
    assert error_of(answer) == (400, "INVALID_ARGUMENT")


def test_all_three_dialects_of_the_query_are_one(google: Google) -> None:
    for params in (
        {"uri": SE_PAGE, "threat_types": "SOCIAL_ENGINEERING", "key": google.key},
        {"uri": SE_PAGE, "threatTypes": "SOCIAL_ENGINEERING", "alt": "json", "key": google.key},
        {"uri": SE_PAGE, "threatTypes": "2", "$alt": "json;enum-encoding=int", "key": google.key},
    ):
        answer = ask(google, "/v1/uris:search", params, headers={}).json()
        assert set(answer) == {"threat"} and set(answer["threat"]) == {"threatTypes", "expireTime"}
        assert answer["threat"]["threatTypes"] == [2 if "$alt" in params else "SOCIAL_ENGINEERING"]
    unpadded = {"hash_prefix": PREFIX.rstrip("=").replace("+", "-").replace("/", "_"), "threat_types": "2"}
    assert ask(google, "/v1/hashes:search", unpadded).json()["threats"]


def test_what_is_left_off_the_hash_lists_is_counted_for_administrators(google: Google) -> None:
    status = google.native.get("/api/v1/hash-lists").json()
    assert status["left_out"]["no-threat-type"] == 1
    sizes = {item["threat_type"]: item["entries"] for item in status["lists"]}
    assert sizes["SOCIAL_ENGINEERING"] >= 2 and sizes["MALWARE"] == 1


def test_neither_hashes_nor_urls_nor_keys_nor_addresses_reach_the_log(google: Google) -> None:
    params = {"hashPrefix": PREFIX, "threatTypes": "MALWARE", "key": google.key}
    assert ask(google, "/v1/hashes:search", params, headers={}).status_code == 200
    assert ask(google, "/v1/hashes:search", {**params, "hashPrefix": "AAA"}, headers={}).status_code == 400
    secret = "http://a-secret-page.example/path"
    assert ask(google, "/v1/uris:search", {"uri": secret, **SE, "key": google.key}, headers={}).json() == {}
    written = google.log.read_text()
    for word in (
        PREFIX,
        PREFIX.rstrip("="),
        "AAA",
        secret,
        "a-secret-page",
        google.key,
        "127.0.0.1",
        "hashes:",
    ):
        assert word not in written, json.dumps(written[-500:])
