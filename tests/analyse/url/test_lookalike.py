"""Hosts and paths that imitate brands or the organisation itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.analyse.message.letters import OWN, policy, shipped

from mailrisk.analyse.url.lookalike import analyse, brand_in_path, imitates, imitates_own
from mailrisk.model.url.canonical import parse_url

AT = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("host", "brand_id"),
    [
        ("support-trustwallet.com", "trust-wallet"),
        ("micros0ft-login.example", "microsoft"),
        ("zhifubao-anquan.example", "alipay"),
        ("paypal.com.check.example", "paypal"),
    ],
)
def test_an_imitated_brand_is_named(host: str, brand_id: str) -> None:
    look = imitates(host, shipped())
    assert look is not None
    assert look.brand.id == brand_id


@pytest.mark.parametrize(
    "host", ["www.paypal.com", "wikipedia.org", "192.0.2.7", "localhost", "garden-world.example"]
)
def test_genuine_popular_and_other_hosts_imitate_nobody(host: str) -> None:
    assert imitates(host, shipped()) is None


@pytest.mark.parametrize("host", ["q1nghe.example.com", "qinghe-mail.net", "qingbe.com", "qinghe.top"])
def test_the_own_domain_is_guarded_too(host: str) -> None:
    if host == "q1nghe.example.com":
        assert imitates_own(host, shipped()) is None
        return
    found = imitates_own(host, shipped())
    assert found is not None
    assert found.domain == OWN


def test_the_own_domain_does_not_imitate_itself() -> None:
    assert imitates_own(f"mail.{OWN}", shipped()) is None


def test_a_brand_in_the_path_of_another_host_is_seen() -> None:
    assert (
        brand_in_path(parse_url("https://x.example/www.paypal.com/login"), shipped().brands)
        == "www.paypal.com"
    )
    assert brand_in_path(parse_url("https://www.paypal.com/paypal.com"), shipped().brands) == ""


def test_evidence_names_the_brand_and_does_not_convict() -> None:
    url = parse_url("http://paypal-verify.example/www.paypal.com/x")
    found = list(analyse(url, shipped(), AT, url.subject))
    assert [item.code for item in found] == ["brand-lookalike-host", "brand-in-path"]
    assert found[0].data["brand"] == "PayPal"
    assert not any(policy().rule(item.code).convicts for item in found)
