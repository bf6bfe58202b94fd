"""Indicators as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.model.errors import BadInput, TooLarge
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.indicator import parse_indicator

SHA = "ab" * 32


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("https://evil.example/a?b#c", Kind.URL, "evil.example/a?b"),
        ("hxxps://evil[.]example/a", Kind.URL, "evil.example/a"),
        ("evil.example/a", Kind.URL, "evil.example/a"),
        ("evil.example/", Kind.URL, "evil.example/"),
        ("https://evil.example", Kind.URL, "evil.example/"),
        ("evil.example", Kind.HOST, "evil.example"),
        ("Evil[.]Example.", Kind.HOST, "evil.example"),
        ("例え.example", Kind.HOST, "xn--r8jz45g.example"),
        ("evil.example:8080", Kind.HOST, "evil.example"),
        ("192.0.2.1", Kind.IP, "192.0.2.1"),
        ("192[.]0[.]2[.]1", Kind.IP, "192.0.2.1"),
        ("::ffff:192.0.2.1", Kind.IP, "192.0.2.1"),
        ("2001:DB8::1", Kind.IP, "2001:db8::1"),
        ("192.0.2.7/24", Kind.NETWORK, "192.0.2.0/24"),
        ("2001:db8::/32", Kind.NETWORK, "2001:db8::/32"),
        ("192.0.2.1/login", Kind.URL, "192.0.2.1/login"),
        ("http://192.0.2.1", Kind.URL, "192.0.2.1/"),
        (SHA.upper(), Kind.FILE, SHA),
        (f"file:{SHA}", Kind.FILE, SHA),
        (f"sample:{SHA}", Kind.SAMPLE, SHA),
        ("url:evil.example", Kind.URL, "evil.example/"),
        ("path:https://evil.example/a/b", Kind.PATH, "evil.example/a/b/"),
        ("host:evil.example", Kind.HOST, "evil.example"),
        ("host:192.0.2.1", Kind.HOST, "192.0.2.1"),
        ("domain: evil.example", Kind.DOMAIN, "evil.example"),
        ("ip:192.0.2.1", Kind.IP, "192.0.2.1"),
        ("net:192.0.2.0/24", Kind.NETWORK, "192.0.2.0/24"),
        ("network:192.0.2.1", Kind.NETWORK, "192.0.2.1/32"),
    ],
)
def test_each_form_names_its_subject(text: str, kind: Kind, value: str) -> None:
    assert parse_indicator(text)[0] == Subject(kind, value)


@pytest.mark.parametrize(
    "text",
    ["", "word", "a@b.example", "1.2.3", "0x7f.1", "file:abc", "sample:" + "g" * 64, "path:evil.example", "path:evil.example/a?b",
     "host:evil.example/a", "domain:192.0.2.1", "ip:evil.example", "net:evil", "192.0.2.1/99", "javascript:x", "file:///etc/passwd"],
)  # fmt: skip
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_indicator(text)


def test_an_endless_text_is_too_large() -> None:
    with pytest.raises(TooLarge):
        parse_indicator("a." * 40_000)


def test_the_scheme_of_a_url_is_kept_for_display() -> None:
    subject, scheme = parse_indicator("http://evil.example/a")
    assert subject.display(scheme) == "http://evil.example/a"


@given(
    st.sampled_from(["evil.example/a?b", "evil.example", "192.0.2.1/x/y?z", "[2001:db8::1]/a"]),
    st.sampled_from(["", "http://", "https://"]),
)
def test_what_is_displayed_is_understood_again(text: str, scheme: str) -> None:
    subject, found = parse_indicator(scheme + text)
    again, _ = parse_indicator(subject.display(found))
    assert again == subject


@given(st.text(max_size=80))
def test_any_text_is_an_indicator_or_bad_input(text: str) -> None:
    try:
        parse_indicator(text)
    except BadInput:
        return
