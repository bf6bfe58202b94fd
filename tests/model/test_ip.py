"""Addresses have one spelling, and ambiguous ones are refused."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.model.errors import BadAddress
from mailrisk.model.ip import aggregate, counting_key, parse_ip, parse_network, reserved_range, split_port


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1\t", "192.0.2.1"),
        ("[192.0.2.1]", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:201", "192.0.2.1"),
        ("64:ff9b::192.0.2.1", "192.0.2.1"),
        ("[IPv6:2001:DB8:0:0::1]", "2001:db8::1"),
        ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:db8::1:25", "2001:db8::1:25"),
        ("::1.2.3.4", "::102:304"),
    ],
)
def test_every_spelling_of_an_address_becomes_one(text: str, canonical: str) -> None:
    assert parse_ip(text) == canonical


@pytest.mark.parametrize(
    "text",
    ["", "1.2.3", "1.2.3.4.5", "010.0.0.1", "0x7f.0.0.1", "256.1.1.1", "1.2.3.4%eth0", "1.2.3.4:25", "16909060",
     "１.2.3.4", "1.2.3.4\n", "1 .2.3.4", "[1.2.3.4", "::1::2", ":::", "12345::", "localhost", "unknown",
     "192.0.2.1, 192.0.2.2", "[[::1]]", "\x00", "1.2.3.4\x00", "a" * 10_000, "::%" + "x" * 90],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        parse_ip(text)


def test_an_error_message_holds_no_control_characters_of_the_sender() -> None:
    with pytest.raises(BadAddress) as caught:
        parse_ip("1.2.3.4\r\n\x1b[2J")
    assert str(caught.value).isprintable()


@given(st.ip_addresses(v=4))
def test_every_ipv4_address_is_its_own_canonical_form(address: ipaddress.IPv4Address) -> None:
    assert parse_ip(str(address)) == str(address)
    assert parse_ip(f"::ffff:{address}") == str(address)


@given(st.ip_addresses(v=6))
def test_canonical_form_is_stable_and_means_the_same_address(address: ipaddress.IPv6Address) -> None:
    canonical = parse_ip(address.exploded.upper())
    assert parse_ip(canonical) == canonical
    if ":" in canonical:
        assert ipaddress.ip_address(canonical) == address


@given(st.one_of(st.text(max_size=60), st.text(alphabet="0123456789abcdef.:%[]/ x", max_size=45)))
def test_a_text_is_parsed_or_refused_with_the_one_error(text: str) -> None:
    for parse in (parse_ip, parse_network, split_port):
        try:
            parse(text)
        except BadAddress:
            continue
    try:
        ip = parse_ip(text)
    except BadAddress:
        return
    assert str(ipaddress.ip_address(ip)) == ip
    assert isinstance(reserved_range(ip), str)
    for network in aggregate(ip):
        assert ipaddress.ip_address(ip) in ipaddress.ip_network(network)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1:993", ("192.0.2.1", 993)),
        ("192.0.2.1", ("192.0.2.1", None)),
        ("[2001:db8::1]:25", ("2001:db8::1", 25)),
        ("[2001:db8::1]", ("2001:db8::1", None)),
        ("2001:db8::1", ("2001:db8::1", None)),
        ("[::ffff:192.0.2.1]:25", ("192.0.2.1", 25)),
    ],
)
def test_a_port_is_split_off_only_where_it_is_unambiguous(
    text: str, expected: tuple[str, int | None]
) -> None:
    assert split_port(text) == expected


@pytest.mark.parametrize("text", ["192.0.2.1:", "192.0.2.1:66000", "192.0.2.1:x", "[::1]x", ":25", "host:25"])
def test_a_bad_port_is_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        split_port(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_networks_are_canonical(text: str, canonical: str) -> None:
    assert parse_network(text) == canonical


@pytest.mark.parametrize(
    "text", ["192.0.2.0/33", "192.0.2.0/", "192.0.2.0/024", "192.0.2.0/255.255.255.0", "::ffff:1.2.3.4/24",
             "2001:db8::/129", "/24", "1.2.3/24", "192.0.2.0/-1", "192.0.2.0/24/24"],
)  # fmt: skip
def test_bad_networks_are_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        parse_network(text)


@pytest.mark.parametrize(
    ("ip", "name"),
    [
        ("8.8.8.8", ""), ("0.0.0.0", "unspecified"), ("10.1.2.3", "private"), ("100.64.0.1", "carrier-nat"),
        ("100.128.0.1", ""), ("127.0.0.1", "loopback"), ("169.254.1.1", "link-local"), ("172.31.0.1", "private"),
        ("172.32.0.1", ""), ("192.168.0.1", "private"), ("192.0.0.8", "reserved"), ("198.19.0.1", "benchmark"),
        ("224.0.0.1", "multicast"), ("240.0.0.1", "reserved"), ("255.255.255.255", "broadcast"),
        ("::", "unspecified"), ("::1", "loopback"), ("fe80::1", "link-local"), ("fd00::1", "private"),
        ("ff02::1", "multicast"), ("2606:4700::1111", ""), ("2002:a00:1::1", "private"), ("2002:808:808::1", ""),
        ("::102:304", "reserved"), ("100::1", "reserved"),
    ],
)  # fmt: skip
def test_reserved_ranges_have_names(ip: str, name: str) -> None:
    assert reserved_range(ip) == name


@pytest.mark.parametrize("ip", ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"])
def test_documentation_ranges_play_attackers_and_are_not_reserved(ip: str) -> None:
    assert reserved_range(ip) == ""


@given(st.ip_addresses())
def test_every_address_that_python_calls_global_is_not_reserved(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    ip = parse_ip(str(address))
    if reserved_range(ip) and ":" not in ip and not ip.startswith(("192.0.0.", "192.88.99.")):
        assert not ipaddress.ip_address(ip).is_global or ipaddress.ip_address(ip).is_multicast


def test_ipv6_counts_per_64_and_ipv4_per_address() -> None:
    assert counting_key("2001:db8:1:2:3::4") == "2001:db8:1:2::/64"
    assert counting_key("192.0.2.1") == "192.0.2.1"
    assert aggregate("2001:db8:1:2:3::4") == ("2001:db8:1:2::/64", "2001:db8:1::/48")
    assert aggregate("192.0.2.1") == ("192.0.2.0/24",)
