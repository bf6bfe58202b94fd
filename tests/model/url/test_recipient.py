"""A stored URL names nobody, and covers nothing that belongs to others."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.edge.shipped import load_hosts
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.recipient import scrub

WHO = "Alice.Li@corp.example"
B64 = base64.b64encode(WHO.encode()).decode()
SHIFTED = base64.urlsafe_b64encode(b"id=" + WHO.encode() + b"&x").decode()
MD5 = hashlib.md5(WHO.lower().encode(), usedforsecurity=False).hexdigest()
HOSTS = load_hosts()


@pytest.mark.parametrize(
    ("link", "kind", "value", "reason"),
    [
        ("https://evil.example/a?b=1", Kind.URL, "evil.example/a?b=1", ""),
        (f"https://evil.example/a?e={WHO}", Kind.URL, "evil.example/a", "address-in-query"),
        (f"https://evil.example/a?e={quote(quote(WHO, safe=''))}", Kind.URL, "evil.example/a", "address-in-query"),
        (f"https://evil.example/a?e={B64}", Kind.URL, "evil.example/a", "address-in-query"),
        (f"https://evil.example/a?{SHIFTED}", Kind.URL, "evil.example/a", "address-in-query"),
        (f"https://evil.example/a?e=x{B64}", Kind.URL, "evil.example/a", "address-in-query"),
        (f"https://evil.example/a?e={WHO.encode().hex()}", Kind.URL, "evil.example/a", "address-in-query"),
        (f"https://evil.example/a?h={MD5}", Kind.URL, "evil.example/a", "address-in-query"),
        ("https://evil.example/a?user=alice.li&domain=corp.example", Kind.URL, "evil.example/a", "address-in-query"),
        ("https://evil.example/a?e=bob@other.example", Kind.URL, "evil.example/a", "address-in-query"),
        (f"https://evil.example/x/{WHO}/y?z", Kind.PATH, "evil.example/x/", "address-in-path"),
        (f"https://evil.example/x/{B64}", Kind.PATH, "evil.example/x/", "address-in-path"),
        (f"https://evil.example/{WHO}", Kind.HOST, "evil.example", "address-in-path"),
        (f"http://192.0.2.1/{WHO}", Kind.HOST, "192.0.2.1", "address-in-path"),
        ("https://alice-li-corp-example.evil.example/", Kind.DOMAIN, "evil.example", "address-in-host"),
        (f"https://{WHO.encode().hex()}.evil.example/", Kind.DOMAIN, "evil.example", "address-in-host"),
        (f"https://docs.google.com/forms/d/e/1FAIpQLSc0aBcDeFg/viewform?entry.1={WHO}", Kind.URL,
         "docs.google.com/forms/d/e/1FAIpQLSc0aBcDeFg/viewform", "address-in-query"),
        (f"https://drive.google.com/open?id=1AbC&u={WHO}", Kind.URL, "drive.google.com/open?id=1AbC", "address-in-query"),
        (f"https://bit.ly/3xYz?e={WHO}", Kind.URL, "bit.ly/3xYz", "address-in-query"),
        ("https://evil.example/a#alice.li@corp.example", Kind.URL, "evil.example/a", ""),
        ("https://unpkg.com/react@16.8.0/index.js", Kind.URL, "unpkg.com/react@16.8.0/index.js", ""),
        ("https://medium.com/@someone/story", Kind.URL, "medium.com/@someone/story", ""),
    ],
)  # fmt: skip
def test_the_narrowest_nameless_subject_is_stored(link: str, kind: Kind, value: str, reason: str) -> None:
    found = scrub(parse_url(link), [WHO], HOSTS)
    assert (found.subject, found.reason) == (Subject(kind, value), reason)


@pytest.mark.parametrize(
    "link",
    [
        f"https://docs.google.com/{WHO}",
        f"https://docs.google.com/forms/{WHO}",
        f"https://www.google.com/url?q={WHO}",
        f"https://www.icbc.com.cn/redirect?to={B64}",
        f"https://www.paypal.com/{B64}",
        "https://alice-li-corp-example.github.io/",
        "https://alice-li-corp-example.weebly.com/",
        f"https://bit.ly/{WHO}",
    ],
)
def test_nothing_is_stored_that_covers_what_belongs_to_others(link: str) -> None:
    found = scrub(parse_url(link), [WHO], HOSTS)
    assert (found.subject, found.reason) == (None, "address-on-shared-host")


_DISGUISES = st.sampled_from(
    [
        lambda text: text,
        lambda text: quote(text, safe=""),
        lambda text: text.upper(),
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
        lambda text: text.encode().hex(),
        lambda text: hashlib.sha256(text.encode()).hexdigest(),
    ]
)
_PLACES = st.sampled_from(["/a/b/{}", "/{}/c", "/a?x=1&e={}", "/a?{}", "/a/{}?b={}", "/x{}y", "/a?b={}&c#d"])


@given(_DISGUISES, _PLACES, st.sampled_from(["evil.example", "docs.google.com", "x.github.io", "192.0.2.1"]))
def test_no_disguise_survives_anywhere(disguise, place: str, host: str) -> None:  # type: ignore[no-untyped-def]
    who = "alice.li@corp.example"
    found = scrub(parse_url(f"https://{host}{place.replace('{}', disguise(who))}"), [who], HOSTS)
    if found.subject is not None:
        stored = found.subject.value.lower()
        assert who not in stored
        assert disguise(who).lower() not in stored
        assert found.subject.kind in (Kind.URL, Kind.PATH) or not HOSTS.is_shared(host)


@given(st.text("ab/?=&@.%+-_Zz09", max_size=200))
def test_any_url_is_answered(tail: str) -> None:
    scrub(parse_url("https://evil.example/" + tail), [WHO], HOSTS)
