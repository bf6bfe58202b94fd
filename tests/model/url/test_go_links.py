"""Rewritten links: signed, opened by old keys too, and unwrapped where they come back."""

from __future__ import annotations

import contextlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.edge.shipped import load_hosts
from mailrisk.model.errors import BadInput
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.go_links import MAX_TARGET, GoLink, open_link, packed, seal_link, wrapped_target
from mailrisk.model.url.unwrap import unwrap

KEY, OLD = b"k" * 32, b"o" * 32
HOSTS = load_hosts()
BASE = "mail.example.org/gate"
LINKS = st.builds(
    GoLink,
    target=st.text(max_size=300).map(packed),
    tenant=st.integers(0, 2**31),
    until=st.integers(0, 2**40),
    message=st.binary(max_size=8),
    recipient=st.binary(max_size=8),
)


@given(LINKS)
def test_what_is_sealed_is_opened_by_the_key_that_sealed_it_and_by_no_other(link: GoLink) -> None:
    text = seal_link(OLD, link)
    assert open_link([KEY, OLD], text) == link
    with pytest.raises(BadInput):
        open_link([KEY], text)
    with pytest.raises(BadInput):
        open_link([], text)


@given(st.text(max_size=MAX_TARGET // 4))
def test_an_address_comes_out_as_it_went_in(url: str) -> None:
    assert GoLink(packed(url)).url == url.encode("utf-8", "replace").decode()


@given(st.data())
def test_one_changed_character_closes_a_link(data: st.DataObject) -> None:
    text = seal_link(KEY, GoLink(packed("http://evil.example/a"), 7, 0, b"12345678"))
    at = data.draw(st.integers(0, len(text) - 1))
    new = data.draw(st.characters(codec="ascii").filter(lambda char: char != text[at]))
    for changed in (text[:at] + new + text[at + 1 :], text[:at], text[:at] + text[at + 1 :], text + new):
        if changed != text:
            with pytest.raises(BadInput):
                open_link([KEY], changed)


@given(st.binary(max_size=300))
def test_a_damaged_payload_raises_bad_input_alone(raw: bytes) -> None:
    with contextlib.suppress(BadInput):
        assert isinstance(GoLink(raw).url, str)


def test_a_bomb_is_not_unpacked() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(b"a" * 50_000_000) + packer.flush()
    with pytest.raises(BadInput):
        _ = GoLink(b"\1" + bomb).url
    with pytest.raises(BadInput):
        packed("http://a.example/" + "a" * MAX_TARGET)


def test_a_link_of_ours_leads_to_its_target_whatever_scheme_it_has_and_whoever_signed_it() -> None:
    target = "https://evil.example/a?b=c"
    segment = seal_link(KEY, GoLink(packed(target)))
    for scheme in ("http", "https"):
        found = unwrap(parse_url(f"{scheme}://{BASE}/go/{segment}?to=good.example"), HOSTS, link_base=BASE)
        assert found.url.text == target and [name for name, _ in found.hops] == ["mailrisk"]
    inner = f"https://{BASE}/go/{segment}"
    twice = seal_link(KEY, GoLink(packed("https://slack-redir.net/link?url=http%3A%2F%2Fevil.example%2F")))
    found = unwrap(parse_url(f"https://{BASE}/go/{twice}"), HOSTS, link_base=BASE)
    assert found.url.text == "http://evil.example/" and len(found.hops) == 2
    for other in (
        inner.replace("mail.", "mail2."),
        inner.replace("/gate", ""),
        inner[:-1],
        f"https://x.example/?{inner}",
    ):
        assert (
            wrapped_target(parse_url(other), BASE) in ("", target)
            and unwrap(parse_url(other), HOSTS).hops == ()
        )
    assert wrapped_target(parse_url(inner), "") == ""
