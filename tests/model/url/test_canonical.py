"""Canonical URLs: the published Safe Browsing table, browsers' oddities, hostile input."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailrisk.model.errors import BadUrl, MailriskError, TooLarge
from mailrisk.model.subject import Kind
from mailrisk.model.url import canonical
from mailrisk.model.url.canonical import Url, parse_url, resolve

# The table of https://developers.google.com/safe-browsing/v4/urls-hashing, as keys (no scheme, no port).
SAFE_BROWSING = [
    ("http://host/%25%32%35", "host/%25"),
    ("http://host/%25%32%35%25%32%35", "host/%25%25"),
    ("http://host/%2525252525252525", "host/%25"),
    ("http://host/asdf%25%32%35asd", "host/asdf%25asd"),
    ("http://host/%%%25%32%35asd%%", "host/%25%25%25asd%25%25"),
    ("http://www.google.com/", "www.google.com/"),
    (
        "http://%31%36%38%2e%31%38%38%2e%39%39%2e%32%36/%2E%73%65%63%75%72%65/%77%77%77%2E%65%62%61%79%2E%63%6F%6D/",
        "168.188.99.26/.secure/www.ebay.com/",
    ),
    (
        "http://195.127.0.11/uploads/%20%20%20%20/.verify/.eBaysecure=updateuserdataxplimnbqmn-xplmvalidateinfoswqpcmlx=hgplmcx/",
        "195.127.0.11/uploads/%20%20%20%20/.verify/.eBaysecure=updateuserdataxplimnbqmn-xplmvalidateinfoswqpcmlx=hgplmcx/",
    ),
    (
        "http://host.com/%257Ea%2521b%2540c%2523d%2524e%25f%255E00%252611%252A22%252833%252944_55%252B",
        "host.com/~a!b@c%23d$e%25f^00&11*22(33)44_55+",
    ),
    ("http://3279880203/blah", "195.127.0.11/blah"),
    ("http://www.google.com/blah/..", "www.google.com/"),
    ("www.google.com/", "www.google.com/"),
    ("www.google.com", "www.google.com/"),
    ("http://www.evil.com/blah#frag", "www.evil.com/blah"),
    ("http://www.GOOgle.com/", "www.google.com/"),
    ("http://www.google.com.../", "www.google.com/"),
    ("http://www.google.com/foo\tbar\rbaz\n2", "www.google.com/foobarbaz2"),
    ("http://www.google.com/q?", "www.google.com/q?"),
    ("http://www.google.com/q?r?", "www.google.com/q?r?"),
    ("http://www.google.com/q?r?s", "www.google.com/q?r?s"),
    ("http://evil.com/foo#bar#baz", "evil.com/foo"),
    ("http://evil.com/foo;", "evil.com/foo;"),
    ("http://evil.com/foo?bar;", "evil.com/foo?bar;"),
    ("http://notrailingslash.com", "notrailingslash.com/"),
    ("http://www.gotaport.com:1234/", "www.gotaport.com/"),
    ("  http://www.google.com/  ", "www.google.com/"),
    ("https://www.securesite.com/", "www.securesite.com/"),
    ("http://host.com/ab%23cd", "host.com/ab%23cd"),
    ("http://host.com//twoslashes?more//slashes", "host.com/twoslashes?more//slashes"),
]

# Rows of the same table whose host no browser opens today: errors for us.
NO_LONGER_URLS = [
    "http://host%23.com/%257Ea",
    "http://\x01\x80.com/",
    "http:// leadingspace.com/",
    "http://%20leadingspace.com/",
    "%20leadingspace.com/",
]


@pytest.mark.parametrize(("text", "key"), SAFE_BROWSING)
def test_the_published_safe_browsing_table_holds(text: str, key: str) -> None:
    assert parse_url(text).key == key


@pytest.mark.parametrize("text", NO_LONGER_URLS)
def test_hosts_that_no_browser_opens_are_refused(text: str) -> None:
    with pytest.raises(BadUrl):
        parse_url(text)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://017700000001/", "127.0.0.1"),
        ("http://127.1/", "127.0.0.1"),
        ("http://0xC0.0250.01/", "192.168.0.1"),
        ("http://192.168.0.1./", "192.168.0.1"),
        ("http://[::ffff:10.1.2.3]/", "10.1.2.3"),
        ("http://[64:ff9b::c000:221]/", "192.0.2.33"),
        ("http://[2001:DB8:0:0::1]/", "[2001:db8::1]"),
        ("http://１２７．０．０．１/", "127.0.0.1"),
    ],
)
def test_every_spelling_of_an_address_gives_one_host(text: str, host: str) -> None:
    url = parse_url(text)
    assert (url.host, url.is_ip, url.ip) == (host, True, host.strip("[]"))


@pytest.mark.parametrize(
    ("text", "canonical_text"),
    [
        ("hxxp://evil[.]example/a", "http://evil.example/a"),
        ("hxxps[://]evil[.]example/a[.]php", "https://evil.example/a.php"),
        ("hXXps[:]//evil(.)example", "https://evil.example/"),
        ("h**p://evil{dot}example/", "http://evil.example/"),
        ("evil[dot]example/login", "http://evil.example/login"),
        ("evil。example/login", "http://evil.example/login"),
        ("evil．example", "http://evil.example/"),
        ("10[.]0[.]0[.]1", "http://10.0.0.1/"),
        ("[2001:db8::1]/x", "http://[2001:db8::1]/x"),
        ("//evil.example/x", "http://evil.example/x"),
        ("evil.example:8080/x", "http://evil.example:8080/x"),
        ("fxp://files.example/a", "ftp://files.example/a"),
        ("http://a.example/?x=[.]", "http://a.example/?x=[.]"),
    ],
)
def test_defanged_and_bare_forms_are_understood(text: str, canonical_text: str) -> None:
    assert parse_url(text).text == canonical_text


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "mailto:a@b.example", "javascript:alert(1)", "data:text/html,x", "a@b.example", "word", "/path",
        "http://", "https:///", "http://a b.example/", "http://a!b.example/", "http://evil.example;x/", "http://'x.example/",
        "file:///etc/passwd", "http://[::1", "http://1.2.3.4.5/", "http://256.1.1.1/", "http://" + "a." * 127 + "example/",
        "http://" + "a" * 64 + ".example/", "http://\ud800.example/", "tel:+123", "evil.example:x/",
    ],
)  # fmt: skip
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(BadUrl):
        parse_url(text)


def test_a_url_of_64_kb_is_too_large() -> None:
    with pytest.raises(TooLarge):
        parse_url("http://evil.example/" + "a" * 65_536)


def test_credentials_leave_and_a_host_posing_as_user_is_kept() -> None:
    url = parse_url("https://www.paypal.com:secret@evil.example:8443/a?b#c@d.example")
    assert url.text == "https://evil.example:8443/a?b"
    assert (url.has_credentials, url.decoy, url.port) == (True, "www.paypal.com", 8443)
    assert "secret" not in repr(url)


def test_backslashes_tabs_and_dot_segments_are_read_as_browsers_do() -> None:
    url = parse_url("HTTP:\\\\Evil.Example\\a\\.\\b\\..\\c\td")
    assert url.key == "evil.example/a/cd"


def test_punycode_and_unicode_name_the_same_host() -> None:
    assert parse_url("https://例え.example/").host == parse_url("https://xn--r8jz45g.example/").host


def test_the_subject_is_the_key_without_scheme_and_port() -> None:
    subject = parse_url("https://evil.example:8443/a?b=1").subject
    assert (subject.kind, subject.value) == (Kind.URL, "evil.example/a?b=1")


def test_escapes_nested_beyond_the_limit_are_reported_as_cut() -> None:
    nested = "%2" + "%3" * 100 + "5"  # every round turns the last %35 into a 5
    assert parse_url(f"http://evil.example/{nested}").cut == ("escapes",)


def test_deeply_nested_simple_escapes_are_undone() -> None:
    url = parse_url("http://evil.example/%" + "25" * 5_000 + "41")
    assert (url.key, url.cut) == ("evil.example/A", ())


def test_a_reference_is_resolved_against_its_page() -> None:
    base = parse_url("https://evil.example/a/b?c")
    assert resolve(base, "../d?e").text == "https://evil.example/d?e"
    assert resolve(base, "//other.example").text == "https://other.example/"
    with pytest.raises(BadUrl):
        resolve(base, "mailto:a@b.example")


_LABEL = st.text("abcz09-_", min_size=1, max_size=8)
_TAIL = st.text("abzAZ09%25eE41/.~!$'()*,;=:@&?+{}|\\^`<>\" é", max_size=30)
_URLS = st.builds(
    lambda scheme, labels, tail, end: f"{scheme}://{'.'.join(labels)}.example/{tail}{end}",
    st.sampled_from(["http", "https"]),
    st.lists(_LABEL, min_size=1, max_size=4),
    _TAIL,
    st.sampled_from(["", "#f", "?q", "?", "%2", "%2525"]),
)


@given(_URLS)
@example("http://a.example/%5c..%5c%3f/../x")
@example("http://a.example/a//%2e%2e//b")
def test_a_key_is_canonical_already(text: str) -> None:
    try:
        url = parse_url(text)
    except BadUrl:
        return
    again = parse_url(f"{url.scheme}://{url.key}")
    assert (again.key, again.host) == (url.key, url.host)
    assert parse_url(url.text).text == url.text


@given(_URLS)
def test_the_fast_path_agrees_with_the_browser_parser(text: str) -> None:
    def slowly() -> Url | None:
        try:
            return canonical._from_href(canonical._href(text))
        except MailriskError:
            return None

    try:
        fast: Url | None = parse_url(text)
    except MailriskError:
        fast = None
    assert fast == slowly()


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_bad_input(text: str) -> None:
    for candidate in (text, "http://" + text, "hxxp://" + text):
        try:
            url = parse_url(candidate)
        except MailriskError:
            continue
        assert url.key.isascii() and url.key.isprintable() and " " not in url.key
