"""What a certificate claims, read from DER that others made; and DER that is broken in every place."""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime
from pathlib import Path

import certifi
import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from tests.collect.certificates import BEGAN, ENDS, make

from mailrisk.collect.certificate import MAX_BYTES, MAX_NAMES, read_certificate
from mailrisk.model.domain import Certificate
from mailrisk.model.errors import BadInput, TooLarge

DER, _ = make("evil.example", "*.EVIL.example")


def test_issuer_times_and_names_are_read() -> None:
    assert read_certificate(DER) == Certificate(
        issuer="Let's Test",
        not_before=BEGAN,
        not_after=ENDS,
        names=("evil.example", "*.evil.example"),
        self_issued=True,
    )


def test_without_an_organisation_the_common_name_is_the_issuer() -> None:
    found = read_certificate(make(organisation="", common_name="测试")[0])
    assert (found.issuer, found.names) == ("测试", ())


def test_times_after_2049_are_written_another_way() -> None:
    ends = datetime(2060, 1, 1, tzinfo=UTC)
    assert read_certificate(make(ends=ends)[0]).not_after == ends


def test_of_many_names_the_first_are_kept() -> None:
    found = read_certificate(make(*(f"h{number}.example" for number in range(MAX_NAMES + 20)))[0])
    assert len(found.names) == MAX_NAMES


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_the_authorities_of_the_world_are_read_as_another_library_reads_them() -> None:
    found = re.findall(
        r"-----BEGIN[^-]+-----[^-]+-----END[^-]+-----", Path(certifi.where()).read_text("utf-8")
    )
    assert len(found) > 100
    for pem in found[::4]:
        raw = ssl.PEM_cert_to_DER_cert(pem)
        other = x509.load_der_x509_certificate(raw)
        mine = read_certificate(raw)
        assert mine.not_before == other.not_valid_before_utc and mine.not_after == other.not_valid_after_utc
        assert mine.self_issued == (other.issuer == other.subject)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"0",
        b"\x30\x80",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x00",
        b"\x30\x02\x30\x00",
        b"-----BEGIN CERTIFICATE-----",
        DER + b"\x30\x00",
        b"\x30\x82\xfd\xe8" + b"\x30\x00" * 32_500,
        b"\x30\x82\xff\x00" * 16_000,
    ],
)
def test_what_is_no_certificate_is_refused(raw: bytes) -> None:
    with pytest.raises(BadInput):
        read_certificate(raw)


def test_a_certificate_over_the_limit_is_not_read() -> None:
    with pytest.raises(TooLarge):
        read_certificate(DER + bytes(MAX_BYTES))


@given(st.integers(0, len(DER) - 1), st.integers(0, 255), st.integers(0, 3))
def test_a_certificate_with_changed_bytes_is_read_or_refused(at: int, byte: int, cut: int) -> None:
    changed = bytearray(DER)
    changed[at] = byte
    del changed[at + 1 : at + 1 + cut]
    try:
        found = read_certificate(bytes(changed))
    except BadInput:
        return
    assert found.not_before.tzinfo is not None and len(found.names) <= MAX_NAMES


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(BadInput):
        read_certificate(raw)
