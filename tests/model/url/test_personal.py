"""Addresses that nobody named are found in every disguise, at any alignment."""

import base64
import string

from hypothesis import given
from hypothesis import strategies as st

from mailrisk.model.url.personal import People, personal_at

NOBODY = People((), ())
LOCAL = st.text(string.ascii_letters + string.digits + "._+'-", min_size=1, max_size=20)
NAME = st.text(string.ascii_letters + string.digits, min_size=1, max_size=12)
JUNK = st.binary(max_size=7).filter(lambda raw: b"@" not in raw)


@given(LOCAL, NAME, st.sampled_from(["com", "co.uk", "com.cn"]), JUNK, st.booleans(), st.booleans())
def test_an_address_in_base64_is_found_behind_any_bytes(
    local: str, name: str, suffix: str, before: bytes, urlsafe: bool, padded: bool
) -> None:
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    hidden = encode(before + f"{local}@{name}.{suffix}".encode()).decode()
    hidden = hidden if padded else hidden.rstrip("=")
    at = personal_at(f"host.example/{hidden}", NOBODY)
    assert at >= 0 or len(hidden.rstrip("=")) < 10


@given(LOCAL, NAME)
def test_an_address_in_hexadecimal_is_found(local: str, name: str) -> None:
    hidden = f"{local}@{name}.com".encode().hex()
    assert personal_at(f"host.example/?q={hidden}", NOBODY) >= 0


def test_what_only_looks_like_base64_is_no_address() -> None:
    for text in (
        "host.example/QAkAZAQAkAZAQAkA",
        "host.example/4040404040404040",
        "host.example/" + "QA" * 400,
    ):
        assert personal_at(text, NOBODY) == -1
