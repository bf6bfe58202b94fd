"""Unwrapping link-rewriting gateways and redirectors; the cases lie in samples/url/wrapped.tsv."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stalling import at_most

from mailrisk.edge.shipped import load_hosts
from mailrisk.model.errors import BadInput
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.hosts import Hosts
from mailrisk.model.url.unwrap import MAX_DEPTH, unwrap
from mailrisk.model.url.wrappers import WRAPPERS

SAMPLES = Path(__file__).parents[2] / "samples" / "url" / "wrapped.tsv"
CASES = [line.split("\t") for line in SAMPLES.read_text("utf-8").splitlines() if not line.startswith("#")]
HOSTS = load_hosts()


@pytest.fixture
def hosts() -> Hosts:
    return HOSTS


@pytest.mark.parametrize(("link", "names", "opaque", "target"), CASES)
def test_a_wrapped_link_leads_to_its_target(
    hosts: Hosts, link: str, names: str, opaque: str, target: str
) -> None:
    found = unwrap(parse_url(link), hosts)
    assert (",".join(name for name, _ in found.hops), found.opaque, found.url.text) == (names, opaque, target)
    assert found.cut == ()


def _wrapped(target: str) -> str:
    return "https://www.google.com/url?q=" + quote(target, safe="")


def test_eight_wrappers_are_taken_off_and_a_ninth_is_reported_as_cut(hosts: Hosts) -> None:
    link = "https://evil.example/"
    for number in range(MAX_DEPTH):
        link = _wrapped(f"{link}&n={number}")
    assert unwrap(parse_url(link), hosts).url.host == "evil.example"
    deeper = unwrap(parse_url(_wrapped(link)), hosts)
    assert deeper.cut == ("depth",)
    assert len(deeper.hops) == MAX_DEPTH


def test_a_link_that_wraps_itself_ends(hosts: Hosts) -> None:
    found = unwrap(parse_url("https://href.li/?https://href.li/?https://href.li/"), hosts)
    assert found.url.host == "href.li"


def test_a_target_that_is_no_url_is_reported_as_cut(hosts: Hosts) -> None:
    found = unwrap(parse_url("https://www.google.com/url?q=https%3A%2F%2F%3C%3E"), hosts)
    assert (found.url.host, found.cut) == ("www.google.com", ("bad-target",))


def test_an_unknown_hosts_parameter_is_no_redirect(hosts: Hosts) -> None:
    found = unwrap(parse_url("https://evil.example/r?url=https://www.icbc.com.cn/"), hosts)
    assert (found.url.host, found.hops) == ("evil.example", ())
    assert [url.host for url in found.embedded] == ["www.icbc.com.cn"]


def test_a_known_sites_redirecting_page_is_an_open_redirect(hosts: Hosts) -> None:
    found = unwrap(parse_url("https://www.icbc.com.cn/redirect?url=https://evil.example/"), hosts)
    assert [(name, url.host) for name, url in found.hops] == [("open-redirect", "www.icbc.com.cn")]
    assert found.url.host == "evil.example"


@pytest.mark.parametrize(
    "link",
    [
        "https://accounts.google.com/signin?continue=https://mail.google.com/",
        "https://login.microsoftonline.com/common/oauth2/authorize?redirect_uri=https://app.example/",
        "https://www.paypal.com/signin?returnUrl=https://www.paypal.com/pay",
        "https://mail.163.com/js6/main.jsp?sid=x",
        "https://www.google.com/search?q=https://evil.example",
        "https://www.icbc.com.cn/redirect?url=https://mybank.icbc.com.cn/",
    ],
)
def test_sign_in_flows_and_same_site_links_are_no_redirects(hosts: Hosts, link: str) -> None:
    found = unwrap(parse_url(link), hosts)
    assert (found.hops, found.opaque) == ((), "")


def test_a_customers_own_gateway_is_believed_only_on_own_hosts(hosts: Hosts) -> None:
    link = parse_url("https://mx.corp.example/fmlurlsvc/?fewReq=:B:x&url=https%3a%2f%2fevil.example")
    assert unwrap(link, hosts).hops == ()
    assert unwrap(link, hosts, frozenset({"corp.example"})).url.host == "evil.example"


@given(
    st.sampled_from(WRAPPERS),
    st.text("ab/?&=%;_*!:.~-#0", max_size=40),
    st.text("ab/?&=%;_*!:.~-#0", max_size=40),
)
def test_any_link_of_a_wrapper_is_answered(wrapper: object, path: str, query: str) -> None:
    rule = next(entry for entry in WRAPPERS if entry is wrapper)
    try:
        url = parse_url(
            f"https://{rule.host.replace('*', 'com')}{rule.path}{path}?u=https%3A{query}&url={query}"
        )
    except BadInput:
        return
    found = unwrap(url, HOSTS)
    assert len(found.hops) <= MAX_DEPTH


@pytest.mark.parametrize(
    "link",
    [
        "https://www.google.com/aclk?" + "&" * 16_000,
        "https://www.google.com/aclk?" + "?;&" * 5_000 + "adurl",
        "https://urldefense.com/v3/__" + "__;" * 5_000,
        "https://protect.checkpoint.com/v2/" + "/___a" * 3_000,
        "https://r.search.yahoo.com/" + "/RU=" * 4_000,
        "https://secure-web.cisco.com/" + "/http%25252525" * 1_000,
    ],
    ids=["separators", "mixed-separators", "proofpoint", "checkpoint", "yahoo", "tail"],
)
def test_a_wrapper_full_of_its_own_marks_costs_little(hosts: Hosts, link: str) -> None:
    with at_most(0.4):
        assert unwrap(parse_url(link), hosts).url.text
