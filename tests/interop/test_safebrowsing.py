"""Safe Browsing v4 and v5 by Google's discovery client, by plain requests, and in protocol buffers."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx
import pytest
from googleapiclient.discovery import build  # type: ignore[import-untyped]  # it has no types
from tests.interop.conftest import MALWARE, SE_PAGE, Google

from mailrisk.listen.http.google import protobuf, schemas
from mailrisk.model.url.expressions import full_hash
from mailrisk.publish.webrisk import rice

FULL = full_hash("phish.example/login/form.html")
B64 = base64.b64encode(FULL[:4]).decode()
INFO = {
    "threatTypes": ["MALWARE", "SOCIAL_ENGINEERING"], "platformTypes": ["WINDOWS", "LINUX"],
    "threatEntryTypes": ["URL"],
}  # fmt: skip
LIST = {"threatType": "SOCIAL_ENGINEERING", "platformType": "ANY_PLATFORM", "threatEntryType": "URL"}


@pytest.fixture(scope="module")
def clients(google: Google) -> Iterator[dict[str, Any]]:
    built = {
        version: build(
            "safebrowsing", version, developerKey=google.key, static_discovery=True,
            client_options={"api_endpoint": google.url},
        )
        for version in ("v4", "v5")
    }  # fmt: skip
    yield built
    for client in built.values():
        client.close()


def post(google: Google, path: str, body: Any, **more: Any) -> httpx.Response:
    headers = {"x-goog-api-key": google.key, **more.pop("headers", {})}
    if isinstance(body, bytes):
        return httpx.post(google.url + path, content=body, headers=headers, timeout=30, **more)
    return httpx.post(google.url + path, json=body, headers=headers, timeout=30, **more)


def get(google: Google, path: str, params: Any) -> httpx.Response:
    return httpx.get(google.url + path, params=params, headers={"x-goog-api-key": google.key}, timeout=30)


def error_of(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert set(answer.json()) == {"error"} and error["code"] == answer.status_code
    return answer.status_code, error["status"]


# -- v4 -----------------------------------------------------------------------------------------------


def test_v4_threat_matches_answer_for_every_platform_asked_for(clients: dict[str, Any]) -> None:
    entries = [{"url": SE_PAGE}, {"url": "http://unknown.example/"}, {"url": MALWARE}]
    body = {"client": {"clientId": "t"}, "threatInfo": {**INFO, "threatEntries": entries}}
    found = clients["v4"].threatMatches().find(body=body).execute()["matches"]
    assert {(item["threat"]["url"], item["threatType"], item["platformType"]) for item in found} == {
        (url, threat, platform)
        for url, threat in ((SE_PAGE, "SOCIAL_ENGINEERING"), (MALWARE, "MALWARE"))
        for platform in ("WINDOWS", "LINUX")
    }
    assert all(item["cacheDuration"] in ("299s", "300s") for item in found)
    assert all(item["threatEntryMetadata"] == {} for item in found)
    nothing = {"threatInfo": {**INFO, "threatEntries": entries[1:2]}}
    assert clients["v4"].threatMatches().find(body=nothing).execute() == {}


@pytest.mark.parametrize("compression", ["RAW", "RICE"])
def test_v4_updates_lead_to_the_list_of_the_checksum(clients: dict[str, Any], compression: str) -> None:
    constraints = {"supportedCompressions": [compression]}
    body = {"listUpdateRequests": [{**LIST, "constraints": constraints}]}
    answer = clients["v4"].threatListUpdates().fetch(body=body).execute()
    assert answer["minimumWaitDuration"] == "300s"
    [update] = answer["listUpdateResponses"]
    assert update["responseType"] == "FULL_UPDATE"
    [added] = update["additions"]
    assert added["compressionType"] == compression
    if compression == "RAW":
        prefixes = base64.b64decode(added["rawHashes"]["rawHashes"])
    else:
        hashes = added["riceHashes"]
        data = base64.b64decode(hashes["encodedData"])
        coded = rice.Coded(int(hashes["firstValue"]), hashes["riceParameter"], hashes["numEntries"], data)
        prefixes = b"".join(sorted(value.to_bytes(4, "little") for value in rice.decode(coded)))
    assert sha256(prefixes).digest() == base64.b64decode(update["checksum"]["sha256"])
    body["listUpdateRequests"][0]["state"] = update["newClientState"]
    [again] = clients["v4"].threatListUpdates().fetch(body=body).execute()["listUpdateResponses"]
    assert again["responseType"] == "PARTIAL_UPDATE" and "additions" not in again


def test_v4_speaks_protocol_buffers_in_bodies_and_in_the_query(google: Google) -> None:
    asked = {"listUpdateRequests": [{**LIST, "constraints": {"supportedCompressions": ["RAW"]}}]}
    raw = protobuf.encode(asked, schemas.FETCH_REQUEST)
    kind = {"content-type": "application/x-protobuf"}
    by_post = post(google, "/v4/threatListUpdates:fetch?alt=proto", raw, headers=kind)
    assert by_post.headers["content-type"] == "application/x-protobuf"
    query = {
        "$ct": "application/x-protobuf", "$httpMethod": "POST", "key": google.key,
        "$req": base64.urlsafe_b64encode(raw).decode(),
    }  # fmt: skip
    by_get = httpx.get(google.url + "/v4/threatListUpdates:fetch", params=query)
    for answer in (by_post, by_get):
        assert answer.status_code == 200, answer.text
        message = protobuf.decode(answer.content, schemas.FETCH_RESPONSE)
        [update] = message["listUpdateResponses"]
        assert update["responseType"] == 2 and update["threatType"] == 2 and update["platformType"] == 6
        prefixes = base64.b64decode(update["additions"][0]["rawHashes"]["rawHashes"])
        assert sha256(prefixes).digest() == base64.b64decode(update["checksum"]["sha256"])
        assert FULL[:4] in [prefixes[at : at + 4] for at in range(0, len(prefixes), 4)]

    find = {"threatInfo": {**INFO, "threatEntries": [{"hash": B64}]}}
    raw = protobuf.encode(find, schemas.HASHES_REQUEST)
    answer = post(google, "/v4/fullHashes:find?alt=proto", raw, headers=kind)
    message = protobuf.decode(answer.content, schemas.HASHES_RESPONSE)
    assert base64.b64decode(message["matches"][0]["threat"]["hash"]) == FULL
    assert message["negativeCacheDuration"] in ("299s", "300s")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v4/threatMatches:find", {"threatInfo": {**INFO, "threatEntries": []}}),
        ("/v4/threatMatches:find", {"threatInfo": {**INFO, "threatEntries": [{"url": SE_PAGE}] * 501}}),
        ("/v4/threatMatches:find", {"threatInfo": {**INFO, "threatEntries": [{"url": "::"}]}}),
        ("/v4/threatMatches:find", {"threatInfo": {**INFO, "threatTypes": ["X"], "threatEntries": [{"url": SE_PAGE}]}}),
        ("/v4/threatMatches:find", {"threatInfo": {"threatEntries": [{"url": SE_PAGE}]}}),
        ("/v4/threatMatches:find", b"\xff\xfe"),
        ("/v4/fullHashes:find", {"threatInfo": {**INFO, "threatEntries": [{"hash": "AAA="}]}}),
        ("/v4/threatListUpdates:fetch", {"listUpdateRequests": []}),
        ("/v4/threatListUpdates:fetch", {"listUpdateRequests": [{**LIST, "threatEntryType": "IP_RANGE"}]}),
        ("/v4/threatListUpdates:fetch", {"listUpdateRequests": [{**LIST, "state": "*"}]}),
        ("/v4/threatListUpdates:fetch", {"listUpdateRequests": [{**LIST, "constraints": {"maxUpdateEntries": 5}}]}),
        ("/v4/threatListUpdates:fetch", {"listUpdateRequests": "x"}),
    ],
)  # fmt: skip
def test_v4_bad_requests_are_invalid_arguments(google: Google, path: str, body: Any) -> None:
    assert error_of(post(google, path, body)) == (400, "INVALID_ARGUMENT")


def test_v4_a_truncated_protocol_buffer_is_an_invalid_argument(google: Google) -> None:
    raw = protobuf.encode({"listUpdateRequests": [{**LIST, "state": B64}]}, schemas.FETCH_REQUEST)
    for cut in (raw[:-1], raw[:3], b"\x80", b"\x0b", raw + b"\x1a\xff\xff\xff\xff\x0f"):
        answer = post(
            google, "/v4/threatListUpdates:fetch", cut, headers={"content-type": "application/x-protobuf"}
        )
        assert error_of(answer) == (400, "INVALID_ARGUMENT")  # fmt: skip


# -- v5 -----------------------------------------------------------------------------------------------


def test_v5_hashes_and_urls_are_searched(clients: dict[str, Any]) -> None:
    found = clients["v5"].hashes().search(hashPrefixes=[B64, "AAECAw=="]).execute()
    [item] = found["fullHashes"]
    assert base64.b64decode(item["fullHash"]) == FULL
    assert item["fullHashDetails"] == [{"threatType": "SOCIAL_ENGINEERING"}]
    assert found["cacheDuration"] in ("299s", "300s")
    assert set(clients["v5"].hashes().search(hashPrefixes=["AAECAw=="]).execute()) == {"cacheDuration"}
    threats = clients["v5"].urls().search(urls=[MALWARE, "http://unknown.example/"]).execute()["threats"]
    assert threats == [{"url": MALWARE, "threatTypes": ["MALWARE"]}]


def v5_prefixes(hashes: Any) -> list[bytes]:
    data = base64.b64decode(hashes.get("encodedData", ""))
    coded = rice.Coded(
        hashes["firstValue"], hashes.get("riceParameter", 0), hashes.get("entriesCount", 0), data
    )
    assert not coded.count or coded.parameter in range(3, 31)
    return [value.to_bytes(4, "big") for value in rice.decode(coded)]


def test_v5_lists_are_named_fetched_and_followed(clients: dict[str, Any], google: Google) -> None:
    v5 = clients["v5"]
    assert {item["name"] for item in v5.hashLists().list().execute()["hashLists"]} == {
        "mw-4b", "se-4b", "uws-4b",
    }  # fmt: skip
    se, mw = v5.hashLists().batchGet(names=["se-4b", "mw-4b"]).execute()["hashLists"]
    for item in (se, mw):
        prefixes = v5_prefixes(item["additionsFourBytes"])
        assert sha256(b"".join(prefixes)).digest() == base64.b64decode(item["sha256Checksum"])
        assert not item.get("partialUpdate") and item["minimumWaitDuration"] == "300s"
    have = v5_prefixes(se["additionsFourBytes"])
    page = "http://v5.example/some/page"
    google.list(page)
    versions = [mw["version"], se["version"]]
    grown, same = v5.hashLists().batchGet(names=["se-4b", "mw-4b"], version=versions).execute()["hashLists"]
    assert grown["partialUpdate"] and same["partialUpdate"]
    assert "sha256Checksum" not in same and "additionsFourBytes" not in same
    have = sorted(have + v5_prefixes(grown["additionsFourBytes"]))
    assert sha256(b"".join(have)).digest() == base64.b64decode(grown["sha256Checksum"])
    google.withdraw(page)
    shrunk = v5.hashList().get(name="se-4b", version=grown["version"]).execute()
    removed = shrunk["compressedRemovals"]
    assert have[removed.get("firstValue", 0)] == full_hash("v5.example/some/page")[:4]


def test_v5_speaks_protocol_buffers(google: Google) -> None:
    answer = get(google, "/v5/hashLists:batchGet", {"names": "se-4b", "alt": "proto"})
    [item] = protobuf.decode(answer.content, schemas.HASH_LISTS)["hashLists"]
    assert item["name"] == "se-4b" and item["additionsFourBytes"]["firstValue"]
    hashes = get(google, "/v5/hashes:search", {"hashPrefixes": B64, "alt": "proto"})
    [found] = protobuf.decode(hashes.content, schemas.SEARCH_RESPONSE)["fullHashes"]
    assert base64.b64decode(found["fullHash"]) == FULL


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("hashes:search", {}, 400),
        ("hashes:search", {"hashPrefixes": "AAAAAAA="}, 400),
        ("hashes:search", [("hashPrefixes", B64)] * 1001, 400),
        ("urls:search", {"urls": "::"}, 400),
        ("urls:search", [("urls", SE_PAGE)] * 51, 400),
        ("urls:search", {"urls": SE_PAGE, "alt": "proto"}, 400),
        ("hashList/gc-32b", {}, 404),
        ("hashList/se-4b", {"sizeConstraints.maxUpdateEntries": "7"}, 400),
        ("hashList/se-4b", {"version": "A" * 3000}, 400),
        ("hashLists:batchGet", {}, 400),
        ("hashLists:batchGet", [("names", "se-4b"), ("names", "se-4b")], 400),
    ],
)
def test_v5_bad_requests_get_googles_own_error(google: Google, path: str, params: Any, status: int) -> None:
    name = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND"}[status]
    assert error_of(get(google, f"/v5/{path}", params)) == (status, name)
