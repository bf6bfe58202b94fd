"""Host knowledge: suffixes, classes, customers' own hosts, ranks."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from mailrisk.edge.shipped import load_hosts
from mailrisk.model.url.hosts import HostClass, Hosts

SHARED = Path(__file__).parents[4] / "shared" / "data" / "vectors" / "url_vectors.tar.xz"
SUFFIXES = """
// ===BEGIN ICANN DOMAINS===
com
cn
com.cn
*.ck
!www.ck
// ===END ICANN DOMAINS===
// ===BEGIN PRIVATE DOMAINS===
pages.com
// ===END PRIVATE DOMAINS===
""".splitlines()


@pytest.fixture(scope="module")
def small() -> Hosts:
    return Hosts(
        SUFFIXES,
        {
            HostClass.SHORTENER: ["sho.cn"],
            HostClass.FREE_SUBDOMAIN: ["free.com", "bucket.files.com"],
            HostClass.FILE_HOST: ["files.com", "docs.big.com"],
            HostClass.REDIRECTOR: ["=big.com"],
            HostClass.WRAPPER: ["wrap.big.com"],
        },
        {"big.com": 1, "free.com": 40, "files.com": 50},
    )


@pytest.fixture(scope="module")
def shipped() -> Hosts:
    return load_hosts()


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("a.b.evil.com", "evil.com"), ("evil.com.cn", "evil.com.cn"), ("com.cn", ""), ("com", ""), ("x.y.pages.com", "y.pages.com"),
        ("pages.com", ""), ("a.b.c.ck", "b.c.ck"), ("www.ck", "www.ck"), ("1.2.3.4", ""), ("[::1]", ""), ("a.unknown", "a.unknown"),
    ],
)  # fmt: skip
def test_the_registrable_domain_stops_at_public_and_private_suffixes(
    small: Hosts, host: str, domain: str
) -> None:
    assert small.registrable(host) == domain


LABELS = st.sampled_from(["com", "cn", "ck", "www", "pages", "w", "x", "COM", "", "1", "unknown", "xn--p1ai"])


@given(
    host=st.lists(LABELS, min_size=1, max_size=5).map(".".join).filter(lambda host: not host[-1:].isdigit())
)
def test_the_short_way_to_a_suffix_leads_where_the_library_leads(small: Hosts, host: str) -> None:
    library = PublicSuffixList(source=SUFFIXES, accept_encoded_idn=False)
    assert small.is_public_suffix(host) == bool(host and library.publicsuffix(host) == host)
    if host == host.lower().strip("."):
        assert small.registrable(host) == (library.privatesuffix(host) or "")


def test_a_domain_with_a_suffix_below_it_is_not_one_owners_alone() -> None:
    hosts = Hosts(["com", "s3.cloud.com", "*.compute.eu.cloud.com", "!www.own.com", "*.own.com"], {}, {})
    divided = ("cloud.com", "eu.cloud.com", "compute.eu.cloud.com", "own.com")
    assert all(map(hosts.has_suffix_below, divided))
    assert not any(map(hosts.has_suffix_below, ("com", "s3.cloud.com", "evil.com", "www.own.com", "")))


def test_classes_hold_below_their_name_and_exact_ones_do_not(small: Hosts) -> None:
    assert small.classes("a.docs.big.com") == {HostClass.FILE_HOST}
    assert small.classes("www.big.com") == small.classes("big.com") == {HostClass.REDIRECTOR}
    assert small.classes("login.big.com") == frozenset()
    assert small.has("x.sho.cn", HostClass.SHORTENER, HostClass.WRAPPER)


@pytest.mark.parametrize(
    "host", ["sho.cn", "free.com", "www.free.com", "files.com", "a.files.com", "big.com", "pages.com", "com"]
)
def test_hosts_where_anyone_publishes_are_shared(small: Hosts, host: str) -> None:
    assert small.is_shared(host)


@pytest.mark.parametrize(
    "host", ["evil.free.com", "x.bucket.files.com", "evil.pages.com", "evil.com", "login.big.com", "1.2.3.4"]
)
def test_a_customers_own_host_is_not_shared(small: Hosts, host: str) -> None:
    assert not small.is_shared(host)


def test_the_service_above_a_customers_host_is_named(small: Hosts) -> None:
    assert small.tenant_of("a.evil.free.com") == "free.com"
    assert small.tenant_of("evil.pages.com") == "pages.com"
    assert small.tenant_of("free.com") == small.tenant_of("evil.com") == ""


def test_a_customer_has_no_share_in_the_services_rank(small: Hosts) -> None:
    assert [small.rank(host) for host in ("a.big.com", "free.com", "evil.free.com", "evil.com")] == [
        1,
        40,
        0,
        0,
    ]


@pytest.mark.parametrize(
    ("host", "host_class"),
    [
        ("docs.google.com", HostClass.DOCUMENT), ("forms.gle", HostClass.FORM_BUILDER), ("wj.qq.com", HostClass.FORM_BUILDER),
        ("t.cn", HostClass.SHORTENER), ("dwz.cn", HostClass.SHORTENER), ("suo.im", HostClass.SHORTENER), ("url.cn", HostClass.SHORTENER),
        ("nam02.safelinks.protection.outlook.com", HostClass.WRAPPER), ("urldefense.com", HostClass.WRAPPER),
        ("shimo.im", HostClass.DOCUMENT), ("www.kdocs.cn", HostClass.DOCUMENT), ("x.feishu.cn", HostClass.TENANT),
        ("jinshuju.net", HostClass.FORM_BUILDER), ("www.wjx.cn", HostClass.FORM_BUILDER), ("contoso.sharepoint.com", HostClass.TENANT),
        ("x.cos.ap-guangzhou.myqcloud.com", HostClass.FILE_HOST), ("x.oss-cn-hangzhou.aliyuncs.com", HostClass.FREE_SUBDOMAIN),
        ("x.duckdns.org", HostClass.DYNAMIC_DNS), ("ipfs.io", HostClass.IPFS_GATEWAY), ("www.google.com", HostClass.REDIRECTOR),
        ("163.com", HostClass.FREE_MAIL), ("linktr.ee", HostClass.SOCIAL_LANDING), ("link.zhihu.com", HostClass.REDIRECTOR),
    ],
)  # fmt: skip
def test_the_shipped_lists_know_what_mail_is_abused_with(
    shipped: Hosts, host: str, host_class: HostClass
) -> None:
    assert host_class in shipped.classes(host)


@pytest.mark.parametrize(
    "host",
    [
        "docs.google.com", "drive.google.com", "sites.google.com", "storage.googleapis.com", "github.io", "bit.ly", "eur01.safelinks.protection.outlook.com",
        "blob.core.windows.net", "weebly.com", "docs.qq.com", "mp.weixin.qq.com", "contoso.sharepoint.com", "pages.dev", "vercel.app", "s3.amazonaws.com",
    ],
)  # fmt: skip
def test_shipped_shared_hosts_are_never_crossed(shipped: Hosts, host: str) -> None:
    assert shipped.is_shared(host)


@pytest.mark.parametrize(
    "host",
    ["accounts.google.com", "www.icbc.com.cn", "www.paypal.com", "mail.qq.com.example", "evil.github.io"],
)
def test_ordinary_hosts_are_not_shared(shipped: Hosts, host: str) -> None:
    assert not shipped.is_shared(host)


def test_ranks_belong_to_registrable_domains(shipped: Hosts) -> None:
    assert shipped.rank("www.google.com") == 1
    assert shipped.rank("evil.github.io") == shipped.rank("evil.weebly.com") == shipped.rank("8.8.8.8") == 0


@pytest.mark.skipif(not SHARED.exists(), reason="shared data absent")
def test_all_public_suffix_vectors_pass(shipped: Hosts) -> None:
    with tarfile.open(SHARED) as archive:
        member = archive.extractfile("url_vectors/tests.txt")
        assert member is not None
        lines = member.read().decode("utf-8").splitlines()
    for line in lines:
        host, _, expected = line.partition(" ")
        # Hosts reach us as ASCII in lower case, without a dot in front.
        if not line or line.startswith("//") or not host.isascii() or host.startswith(".") or host == "null":
            continue
        assert shipped.registrable(host.lower()) == ("" if expected == "null" else expected), host


_NAMES = (
    "www",
    "a",
    "x-203-0-113-7-",
    "203.0.113.7.x",
    "free",
    "bucket",
    "files",
    "docs",
    "big",
    "wrap",
    "sho",
    "pages",
    "com",
    "cn",
    "ck",
)


@given(
    host=st.lists(st.sampled_from(_NAMES), max_size=5).map(".".join)
    | st.sampled_from(["1.2.3.4", "[::1]", ""])
)
def test_what_is_told_together_is_what_each_question_tells(small: Hosts, host: str) -> None:
    apart = (
        small.registrable(host), small.tenant_of(host), small.rank(host), small.is_shared(host), small.classes(host)
    )  # fmt: skip
    assert small.about(host) == apart == small.about(host)
