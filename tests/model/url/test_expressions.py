"""Host suffixes and path prefixes, by the examples of the Safe Browsing documentation."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.expressions import expressions, full_hash, full_hashes, host_suffixes


def test_a_deep_url_has_the_documented_expressions() -> None:
    assert set(expressions(parse_url("http://a.b.com/1/2.html?param=1"))) == {
        "a.b.com/1/2.html?param=1", "a.b.com/1/2.html", "a.b.com/", "a.b.com/1/",
        "b.com/1/2.html?param=1", "b.com/1/2.html", "b.com/", "b.com/1/",
    }  # fmt: skip


def test_a_host_of_many_labels_is_cut_to_its_last_five() -> None:
    assert set(expressions(parse_url("http://a.b.c.d.e.f.com/1.html"))) == {
        "a.b.c.d.e.f.com/1.html", "a.b.c.d.e.f.com/", "c.d.e.f.com/1.html", "c.d.e.f.com/",
        "d.e.f.com/1.html", "d.e.f.com/", "e.f.com/1.html", "e.f.com/", "f.com/1.html", "f.com/",
    }  # fmt: skip


def test_an_address_has_no_suffixes() -> None:
    assert expressions(parse_url("http://1.2.3.4/1/")) == ("1.2.3.4/1/", "1.2.3.4/")


def test_at_most_four_prefixes_are_made() -> None:
    found = expressions(parse_url("http://b.com/1/2/3/4/5/6.html?q"))
    assert found == (
        "b.com/1/2/3/4/5/6.html?q", "b.com/1/2/3/4/5/6.html", "b.com/", "b.com/1/", "b.com/1/2/", "b.com/1/2/3/",
    )  # fmt: skip


def test_five_labels_give_the_exact_host_and_three_suffixes() -> None:
    assert host_suffixes("a.b.c.d.com") == ("a.b.c.d.com", "b.c.d.com", "c.d.com", "d.com")
    assert host_suffixes("localhost") == ("localhost",)


def test_hashes_are_sha256_of_the_expressions() -> None:
    url = parse_url("https://evil.example/a")
    assert full_hashes(url)[0] == sha256(b"evil.example/a").digest()


def test_the_prefixes_of_the_documented_rice_example_come_out() -> None:
    # The Safe Browsing v5 documents encode the hashes of these three; see protocols.md.
    first, second, third = sorted(
        int.from_bytes(full_hash(f"{label}.example.com/")[:4], "big") for label in "aby"
    )
    assert first == 489_866_504
    # k = 30: quotient in unary, remainder in 30 bits, least significant bit first.
    bits = ""
    for delta in (second - first, third - second):
        bits += "1" * (delta >> 30) + "0" + format(delta & (1 << 30) - 1, "030b")[::-1]
    bits += "0" * (-len(bits) % 8)
    data = bytes(int(bits[i : i + 8][::-1], 2) for i in range(0, len(bits), 8))
    assert data.hex() == "7400d2971bed497400"


@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=9), st.text("ab/?", max_size=20))
def test_expressions_are_few_distinct_and_begin_with_the_key(labels: list[str], tail: str) -> None:
    url = parse_url(f"http://{'.'.join(labels)}.example/{tail}")
    found = expressions(url)
    assert found[0] == url.key
    assert len(set(found)) == len(found) <= 30
