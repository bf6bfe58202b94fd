"""SPF, RFC 7208: hand-written cases that ship, and the public suite where ../shared is present."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from tests.analyse.message.auth.world import Records, World
from tools.auth_suites import spf_records

from mailrisk.analyse.message.auth.answers import Answers
from mailrisk.analyse.message.auth.spf import check_spf
from mailrisk.model.facts import Facts
from mailrisk.model.message import AuthResult

SUITE = Path(__file__).parents[5] / "shared/data/mailauth/spf_rfc4408.tar.xz"


def check(records: Records, ip: str, sender: str, helo: str = "mail.example.net") -> tuple[AuthResult, World]:
    world = World(records)

    def step(facts: Facts) -> AuthResult:
        answers = Answers(facts)
        result = answers.attempt(lambda: check_spf(ip, sender, helo, answers))
        answers.settle()
        assert result is not None
        return result

    return world.run(step), world


@pytest.mark.parametrize(
    ("record", "ip", "word"),
    [
        (b"v=spf1 ip4:192.0.2.0/24 -all", "192.0.2.7", "pass"),
        (b"v=spf1 ip4:192.0.2.0/24 -all", "198.51.100.7", "fail"),
        (b"v=spf1 ip4:192.0.2.0/24 ~all", "198.51.100.7", "softfail"),
        (b"v=spf1 ip4:192.0.2.0/24 ?all", "198.51.100.7", "neutral"),
        (b"v=spf1 ip4:192.0.2.0/24", "198.51.100.7", "neutral"),
        (b"v=spf1 ip6:2001:db8::/32 -all", "2001:db8::1", "pass"),
        (b"v=spf1 ip4:192.0.2.0/24 -all", "::ffff:192.0.2.7", "pass"),
        (b"v=spf1 ipv4:192.0.2.0/24 -all", "192.0.2.7", "permerror"),
        (b"v=spf10 -all", "192.0.2.7", "none"),
        (b"v=spf1 " + b"ip4:192.0.2.7 " * 300 + b"-all", "192.0.2.7", "none"),
    ],
)
def test_result_follows_the_first_term_that_matches(record: bytes, ip: str, word: str) -> None:
    result, _ = check({"example.org": [("TXT", record)]}, ip, "a@example.org")
    assert result.result == word
    assert result.domain == "example.org"
    assert result.reason


def test_bounces_are_checked_by_their_helo_name() -> None:
    records: Records = {"mail.example.net": [("TXT", b"v=spf1 ip4:192.0.2.1 -all")]}
    result, _ = check(records, "192.0.2.1", "")
    assert (result.result, result.domain) == ("pass", "mail.example.net")


def test_neither_sender_nor_helo_is_none() -> None:
    assert check({}, "192.0.2.1", "", "")[0].result == "none"


def test_two_records_are_a_permanent_error() -> None:
    records: Records = {"example.org": [("TXT", b"v=spf1 -all"), ("TXT", b"v=spf1 +all")]}
    assert check(records, "192.0.2.1", "a@example.org")[0].result == "permerror"


def test_a_silent_name_server_is_a_temporary_error() -> None:
    result, _ = check({"example.org": [("TIMEOUT", None)]}, "192.0.2.1", "a@example.org")
    assert result.result == "temperror"


def test_the_eleventh_term_that_asks_the_dns_is_a_permanent_error() -> None:
    includes = b" ".join(b"include:i%d.example.org" % number for number in range(20))
    records: Records = {"example.org": [("TXT", b"v=spf1 " + includes + b" -all")]} | {
        f"i{number}.example.org": [("TXT", b"v=spf1 ip4:203.0.113.9")] for number in range(20)
    }
    result, world = check(records, "192.0.2.1", "a@example.org")
    assert result.result == "permerror"
    assert len(world.asked) <= 11


def test_the_third_question_without_an_answer_is_a_permanent_error() -> None:
    records: Records = {
        "example.org": [("TXT", b"v=spf1 a:x.example.org a:y.example.org a:z.example.org +all")]
    }
    assert check(records, "192.0.2.1", "a@example.org")[0].result == "permerror"


def test_an_include_of_itself_ends() -> None:
    records: Records = {"example.org": [("TXT", b"v=spf1 include:example.org -all")]}
    assert check(records, "192.0.2.1", "a@example.org")[0].result == "permerror"


def test_terms_of_a_record_are_asked_in_one_round() -> None:
    records: Records = {
        "example.org": [("TXT", b"v=spf1 a mx include:one.example.org include:two.example.org -all")],
        "one.example.org": [("TXT", b"v=spf1 ip4:203.0.113.0/24 -all")],
        "two.example.org": [("TXT", b"v=spf1 ip4:192.0.2.0/24 -all")],
    } | {"example.org.": [("TXT", b"v=spf1 include:one.example.org include:two.example.org -all")]}
    result, world = check(records, "192.0.2.1", "a@example.org")
    assert result.result == "pass"
    assert world.rounds == 3


def _suite() -> list[Any]:
    """(scenario, name, case, records) of the openspf suite; empty without ../shared."""
    if not SUITE.exists():
        return []
    with tarfile.open(SUITE) as archive:
        member = next(item for item in archive if item.name.endswith(".yml"))
        stream = archive.extractfile(member)
        assert stream is not None
        text = io.TextIOWrapper(stream, "utf-8").read()
    cases = []
    for scenario in yaml.safe_load_all(text):
        records = {name: spf_records(values) for name, values in scenario["zonedata"].items()}
        cases += [
            pytest.param(case, records, id=f"{scenario['description']}: {name}")
            for name, case in scenario["tests"].items()
        ]
    return cases


@pytest.mark.skipif(not SUITE.exists(), reason="shared data absent: the openspf suite")
@pytest.mark.parametrize(("case", "records"), _suite())
def test_the_openspf_suite_passes(case: dict[str, Any], records: Records) -> None:
    wanted = case["result"] if isinstance(case["result"], list) else [case["result"]]
    result, _ = check(records, case["host"], case["mailfrom"], case["helo"])
    assert result.result in wanted, result.reason
