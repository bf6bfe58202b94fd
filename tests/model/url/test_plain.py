"""A plain link is one that parsing and unwrapping leave as it is."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailrisk.edge.shipped import load_hosts
from mailrisk.model.url.canonical import MAX_LENGTH, parse_url
from mailrisk.model.url.plain import plain_link
from mailrisk.model.url.unwrap import Unwrapped, unwrap
from mailrisk.model.url.wrappers import WRAPPERS

HOSTS = load_hosts()
OWN = frozenset({"example.com"})
NOBODY: frozenset[str] = frozenset()

HOST = st.one_of(
    st.from_regex(r"[a-z0-9_.-]{1,70}\.?[a-z0-9-]{1,66}", fullmatch=True),
    st.from_regex(r"(?:[a-z0-9-]{1,9}\.){1,4}(?:com|cn|example|0x7f|1)\.?", fullmatch=True),
    st.sampled_from([wrapper.host.replace("*", "co.uk") for wrapper in WRAPPERS]),
    st.sampled_from(["1.2.3.4", "[::1]", "xn--bcher-kva.example", "a..b", "mail.example.com", "ex\u0430mple.com"]),
)  # fmt: skip
PIECE = st.one_of(
    st.sampled_from([
        "/", "//", "/.", "/..", "/../", "/go/", "1.abcd.AbcdefghijAbcdefghij12", "?", "#", "&", "=", "url=", "%2e", "%", ":", "@", "\\", " ", "\t", "https://b.example/",
        "=aHR0cHM6Ly9iLmV4YW1wbGUv", "/fmlurlsvc/", "/wis/clicktime/", "|", "{}", "'", "\u00e9", "=aHR0", "=a", "==",
    ]),
    st.text("abcXYZ019._-~!$()*+,;", max_size=12),
)  # fmt: skip
LINK = st.builds(
    lambda scheme, host, rest: scheme + host + "".join(rest),
    st.sampled_from(["http://", "https://", "https:/", "HTTP://", "ftp://", "//", "http:///", "https://a@"]),
    HOST,
    st.lists(PIECE, max_size=8),
)


@given(LINK, st.sampled_from([NOBODY, OWN]))
@example("https://mail.example.com/fmlurlsvc/?url=https", OWN)
@example("https://a.example/r?u=aHR0cHM6Ly9iLmV4YW1wbGUv", NOBODY)
@example("https://" + "a." * 130 + "com/", NOBODY)
def test_what_is_said_to_be_plain_is_what_the_whole_way_makes_of_it(text: str, own: frozenset[str]) -> None:
    plain = plain_link(text, own)
    if plain is None:
        return
    url = parse_url(text)
    assert (url.host, url.key, url.text, url.is_ip, url.cut) == (*plain, text, False, ())
    assert unwrap(url, HOSTS, own) == Unwrapped(url=url)


@pytest.mark.parametrize(
    "text",
    [
        "https://login-3fa2.example.co.uk/portal/3f2a1/index.php?id=74121",
        "http://shop.example/",
        "https://www.example.org/a/b",
        "https://cdn.example/x?a=1&b=c_d-e&f=~(g)",
    ],
)
def test_common_links_are_plain(text: str) -> None:
    assert plain_link(text, NOBODY) == (parse_url(text).host, parse_url(text).key)


@pytest.mark.parametrize(
    "wrapper", WRAPPERS, ids=lambda wrapper: f"{wrapper.name}-{wrapper.host}{wrapper.path}"
)
def test_no_link_of_a_wrapper_is_plain(wrapper) -> None:  # type: ignore[no-untyped-def]
    host = wrapper.host.replace("*", "com")
    assert plain_link(f"https://{host}{wrapper.path}x?k=v", NOBODY) is None


def test_a_link_beyond_the_limit_is_not_plain() -> None:
    assert plain_link("https://a.example/" + "a" * MAX_LENGTH, NOBODY) is None


def test_a_link_that_we_have_rewritten_is_not_plain() -> None:
    assert (
        plain_link("https://mail.example.com/go/1.kgHA.0123456789abcdefABCDEF?to=b.example", NOBODY) is None
    )
