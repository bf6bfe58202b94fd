"""Google's Python clients, unmodified, with their endpoint alone changed."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, Forbidden, NotFound
from google.cloud import webrisk_v1
from googleapiclient.discovery import build  # type: ignore[import-untyped]  # it has no types
from googleapiclient.errors import HttpError  # type: ignore[import-untyped]  # it has no types
from tests.interop.conftest import DOMAIN, GAMBLING, MALWARE, SE_PAGE, Google

from mailrisk.model.url.expressions import full_hash
from mailrisk.publish.webrisk import rice

SE: Any = webrisk_v1.ThreatType.SOCIAL_ENGINEERING
MW: Any = webrisk_v1.ThreatType.MALWARE
COMPRESSIONS: Any = webrisk_v1.CompressionType


def connect(google: Google, key: str = "") -> Any:
    """The client with its endpoint and its key changed, and nothing else."""
    options = {"api_endpoint": google.url, "api_key": key or google.key}
    return webrisk_v1.WebRiskServiceClient(transport="rest", client_options=options)


@pytest.fixture(scope="module")
def client(google: Google) -> Any:
    return connect(google)


@pytest.fixture(scope="module")
def discovered(google: Google) -> Iterator[Any]:
    """The discovery client, built from the document that it ships."""
    with build(
        "webrisk", "v1", developerKey=google.key, static_discovery=True, client_options={"api_endpoint": google.url}
    ) as built:  # fmt: skip
        yield built


# -- google-cloud-webrisk ---------------------------------------------------------------------------


def test_uris_search_finds_the_page_with_any_query_and_nothing_beside_it(
    client: Any,
) -> None:
    found = client.search_uris(uri=SE_PAGE + "?user=1", threat_types=[MW, SE])
    assert list(found.threat.threat_types) == [SE]
    left = datetime.fromtimestamp(found.threat.expire_time.timestamp(), UTC) - datetime.now(UTC)
    assert timedelta(seconds=200) < left <= timedelta(seconds=301)
    assert not client.search_uris(uri=SE_PAGE, threat_types=[MW]).threat.threat_types
    for other in (SE_PAGE.replace("form", "other"), GAMBLING, "http://unknown.example/"):
        assert not client.search_uris(uri=other, threat_types=[MW, SE]).threat.threat_types
    assert client.search_uris(uri=MALWARE, threat_types=[MW, SE]).threat.threat_types == [MW]
    below = client.search_uris(uri=f"https://a.b.{DOMAIN}/x?y", threat_types=[SE])
    assert below.threat.threat_types == [SE]


def test_hashes_search_gives_full_hashes_for_prefixes_of_4_to_32_bytes(
    client: Any,
) -> None:
    full = full_hash("phish.example/login/form.html")
    for length in (4, 7, 32):
        found = client.search_hashes(hash_prefix=full[:length], threat_types=[MW, SE])
        assert [(item.hash, list(item.threat_types)) for item in found.threats] == [(full, [SE])]
        assert found.negative_expire_time.timestamp() > datetime.now(UTC).timestamp()
    assert not client.search_hashes(hash_prefix=full[:4], threat_types=[MW]).threats
    assert not client.search_hashes(hash_prefix=b"\0\1\2\3", threat_types=[MW, SE]).threats


def prefixes_of(additions: webrisk_v1.ThreatEntryAdditions) -> list[bytes]:
    found = []
    for raw in additions.raw_hashes:
        assert raw.prefix_size == 4
        found += [raw.raw_hashes[at : at + 4] for at in range(0, len(raw.raw_hashes), 4)]
    coded = additions.rice_hashes
    if coded.first_value or coded.entry_count:
        values = rice.decode(
            rice.Coded(coded.first_value, coded.rice_parameter, coded.entry_count, coded.encoded_data)
        )
        found += [value.to_bytes(4, "little") for value in values]
    return sorted(found)


class DiffClient:
    """A list as a client keeps it: sorted prefixes, a token, and every checksum compared."""

    def __init__(self, client: Any, compression: str) -> None:
        self.client = client
        self.constraints = webrisk_v1.ComputeThreatListDiffRequest.Constraints(
            supported_compressions=[COMPRESSIONS[compression]], max_diff_entries=1024
        )
        self.prefixes: list[bytes] = []
        self.token = b""

    def follow(self) -> str:
        """Asks for a diff, applies it and returns its type."""
        answer: Any = self.client.compute_threat_list_diff(
            threat_type=SE, version_token=self.token, constraints=self.constraints
        )
        kind = str(answer.response_type.name)
        have = [] if kind == "RESET" else self.prefixes
        for position in reversed(removals_of(answer.removals)):
            del have[position]
        self.prefixes = sorted(have + prefixes_of(answer.additions))
        assert sha256(b"".join(self.prefixes)).digest() == answer.checksum.sha256
        self.token = answer.new_version_token
        return kind


def removals_of(removals: Any) -> list[int]:
    coded = removals.rice_indices
    if coded.first_value or coded.entry_count:
        return rice.decode(
            rice.Coded(coded.first_value, coded.rice_parameter, coded.entry_count, coded.encoded_data)
        )
    return list(removals.raw_indices.indices)


@pytest.mark.parametrize("compression", ["RAW", "RICE"])
def test_a_list_is_fetched_followed_and_right_by_its_checksum(
    client: Any, google: Google, compression: str
) -> None:
    own = DiffClient(client, compression)
    assert own.follow() == "RESET"
    before = list(own.prefixes)
    assert full_hash(f"{DOMAIN}/")[:4] in before

    names = [f"http://{compression.lower()}{number}.example/page" for number in range(12)]
    for name in names:
        google.list(name)
    google.withdraw(names[0])
    assert own.follow() == "DIFF" and len(own.prefixes) == len(before) + 11
    for name in names[1:]:
        google.withdraw(name)
    assert own.follow() == "DIFF" and own.prefixes == before
    assert own.follow() == "DIFF" and own.prefixes == before
    other = client.compute_threat_list_diff(
        threat_type=MW, version_token=own.token, constraints=own.constraints
    )
    assert other.response_type.name == "RESET", "a token of another list starts again"


def test_submissions_are_taken_and_the_operation_ends(client: Any, google: Google) -> None:
    uri = "http://reported.example/page"
    assert client.create_submission(parent="projects/p1", submission={"uri": uri}).uri == uri
    operation = client.submit_uri(
        request={"parent": "projects/p1", "submission": {"uri": uri}, "threat_info": {"abuse_type": 2}}
    )
    assert operation.metadata.state.name == "RUNNING"
    assert operation.result(timeout=20).uri == uri
    assert operation.metadata.state.name == "CLOSED", "one report alone lists nothing"
    listed = client.submit_uri(parent="projects/p1", submission={"uri": SE_PAGE})
    assert SE in listed.result(timeout=20).threat_types and listed.metadata.state.name == "SUCCEEDED"
    explained = google.native.get("/api/v1/explain", params={"indicator": uri}).json()
    assert [item["code"] for item in explained["evidence"]].count("user-report") == 1


def test_errors_are_the_clients_own_exceptions(client: Any, google: Google) -> None:
    with pytest.raises(BadRequest, match="threat_types"):
        client.search_uris(uri=SE_PAGE, threat_types=[])
    with pytest.raises(BadRequest):
        client.search_uris(uri="not a url", threat_types=[SE])
    with pytest.raises(BadRequest, match="4 to 32"):
        client.search_hashes(hash_prefix=b"abc", threat_types=[SE])
    with pytest.raises(BadRequest, match="power of 2"):
        client.compute_threat_list_diff(threat_type=SE, constraints={"max_diff_entries": 1000})
    with pytest.raises(BadRequest, match="required"):
        client.create_submission(parent="projects/p1", submission={"uri": ""})
    with pytest.raises(BadRequest, match="API key not valid"):
        connect(google, "AIzaNotOurs").search_uris(uri=SE_PAGE, threat_types=[SE])
    with pytest.raises(NotFound):
        client.get_operation({"name": "projects/p1/operations/none"})


def test_a_key_that_may_only_read_cannot_submit(google: Google) -> None:
    reader = connect(google, google.new_key("reader"))
    assert reader.search_uris(uri=SE_PAGE, threat_types=[SE]).threat.threat_types == [SE]
    with pytest.raises(Forbidden):
        reader.create_submission(parent="projects/p1", submission={"uri": SE_PAGE})


# -- google-api-python-client -----------------------------------------------------------------------


def test_the_discovery_client_asks_in_its_own_dialect(discovered: Any) -> None:
    found = discovered.uris().search(uri=SE_PAGE, threatTypes=["MALWARE", "SOCIAL_ENGINEERING"]).execute()
    assert found["threat"]["threatTypes"] == ["SOCIAL_ENGINEERING"] and set(found) == {"threat"}
    assert discovered.uris().search(uri="http://unknown.example/", threatTypes="MALWARE").execute() == {}
    full = full_hash("files.example/setup.exe?id=1")
    hashes = discovered.hashes().search(
        hashPrefix=base64.b64encode(full[:4]).decode(), threatTypes=["MALWARE"]
    )
    [threat] = hashes.execute()["threats"]
    assert base64.b64decode(threat["hash"]) == full and threat["threatTypes"] == ["MALWARE"]
    diff = discovered.threatLists().computeDiff(
        threatType="MALWARE", constraints_supportedCompressions=["RICE", "RAW"]
    ).execute()  # fmt: skip
    assert diff["responseType"] == "RESET"
    assert diff["additions"]["riceHashes"] == {"firstValue": str(int.from_bytes(full[:4], "little"))}
    assert base64.b64decode(diff["checksum"]["sha256"]) == sha256(full[:4]).digest()


def test_a_query_too_long_for_an_address_comes_in_the_body(discovered: Any) -> None:
    uri = SE_PAGE + "?session=" + "a" * 5_000
    found = discovered.uris().search(uri=uri, threatTypes="SOCIAL_ENGINEERING").execute()
    assert found["threat"]["threatTypes"] == ["SOCIAL_ENGINEERING"]


def test_the_discovery_client_submits_and_reads_errors(discovered: Any) -> None:
    made = discovered.projects().submissions().create(parent="projects/p2", body={"uri": SE_PAGE})
    assert made.execute() == {"uri": SE_PAGE}
    with pytest.raises(HttpError) as caught:
        discovered.uris().search(uri="::", threatTypes="MALWARE").execute()
    assert caught.value.status_code == 400 and "url" in caught.value.reason
