"""The shipped host lists: every name is one that a parsed host can match, and every omission is a real one."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from mailrisk.edge.shipped import _LISTS, _lines, load_hosts
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.hosts import HostClass
from mailrisk.model.url.wrappers import WRAPPERS

FOLDER = files("mailrisk") / "data" / "hosts"
CURATED = tomllib.loads((FOLDER / "classes.toml").read_text("utf-8"))


@pytest.mark.parametrize("host_class", [name for name in CURATED["add"] if name != HostClass.ABUSED_TLD])
def test_curated_names_are_canonical_hosts_and_stand_once(host_class: str) -> None:
    names = CURATED["add"][host_class]
    assert len(names) == len(set(names))
    for name in names:
        host = name.removeprefix("=")
        assert parse_url(f"https://{host}/").host == host


@pytest.mark.parametrize("host_class", CURATED["remove"])
def test_every_omitted_name_is_in_a_shipped_list(host_class: str) -> None:
    shipped = {name for file in _LISTS[HostClass(host_class)] for name in _lines(FOLDER / file)}
    assert set(CURATED["remove"][host_class]) <= shipped
    assert not set(CURATED["remove"][host_class]) & set(CURATED["add"].get(host_class, ()))


def test_every_redirecting_or_wrapping_host_is_shared() -> None:
    hosts = load_hosts()
    # These wrap links on one path only and are ordinary sites otherwise.
    with_other_pages = {
        "baidu.com", "bdimg.com", "google.*", "infoq.cn", "menlosecurity.com", "oschina.net", "qiye.163.com",
        "search.yahoo.com", "sogou.com", "translate.google.com", "trendmicro.com", "weibo.cn", "yandex.ru",
    }  # fmt: skip
    for host in {wrapper.host for wrapper in WRAPPERS} - with_other_pages:
        assert hosts.is_shared(host), host


@pytest.mark.parametrize(
    "host", ["shop-login.zzux.com", "cq1.tw1.ru", "my-page.blogspot.it", "x.wikaba.com", "firm.wpengine.com"]
)
def test_customers_of_hosting_with_a_rank_do_not_pass_for_a_widely_used_site(host: str) -> None:
    hosts = load_hosts()
    assert hosts.tenant_of(host)
    assert hosts.rank(host) == 0
