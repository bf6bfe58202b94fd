"""What a code holds is told by its form, and the addresses in it are taken out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.collect.pictures.payloads import LONGEST, kind_of, urls_of

CASES = {
    "https://a.example/x": "url",
    "HTTP://A.EXAMPLE/X": "url",
    "www.a.example/x": "url",
    "evil.example/login": "url",
    "URLTO: https://a.example": "url",
    "\ufeff https://a.example ": "url",
    "WIFI:T:WPA;S:net;P:secret;;": "wifi",
    "BEGIN:VCARD\nFN:A\nEND:VCARD": "vcard",
    "MECARD:N:A;;": "vcard",
    "BEGIN:VEVENT\nSUMMARY:A\nEND:VEVENT": "event",
    "otpauth://totp/A?secret=B": "otp",
    "otpauth-migration://offline?data=A": "otp",
    "BCD\n002\n1\nSCT\n\nA\nDE89": "payment",
    "SPC\r\n0200\r\n1\r\nCH44": "payment",
    "00020101021226890014": "payment",
    "wxp://f2f0abc": "payment",
    "weixin://wxpay/bizpayurl?pr=a": "payment",
    "https://qr.alipay.com/fkx1": "payment",
    "alipays://platformapi/startapp?saId=10000007&qrcode=https%3A%2F%2Fa.example": "payment",
    "upi://pay?pa=a@b": "payment",
    "bitcoin:1A1zP1": "payment",
    "weixin://dl/business": "app",
    "alipays://platformapi/startapp?appId=20000067&url=https%3A%2F%2Fa.example": "app",
    "tel:+861234": "tel",
    "SMSTO:10086:hi": "sms",
    "mailto:a@b.example": "mailto",
    "geo:1,2": "geo",
    "TKT-2231": "text",
    "version 1.2": "text",
    "https://qr.alipay.com.evil.example/a": "url",
}


@pytest.mark.parametrize("payload", sorted(CASES))
def test_the_kind_of_a_payload(payload: str) -> None:
    assert kind_of(payload) == CASES[payload]


def test_addresses_are_taken_out_of_every_kind_that_a_scanner_opens() -> None:
    def urls(payload: str) -> tuple[str, ...]:
        return urls_of(payload, kind_of(payload))

    assert urls("https://a.example/x") == ("https://a.example/x",)
    assert urls("www.a.example") == ("http://www.a.example",)
    assert urls("evil.example/a") == ("http://evil.example/a",)
    assert urls("URLTO: https://a.example") == ("https://a.example",)
    assert urls("BEGIN:VCARD\nURL:https://a.example/b\nEND:VCARD") == ("https://a.example/b",)
    assert urls("alipays://platformapi/startapp?appId=2&url=https%3A%2F%2Fa.example%2Fb") == (
        "https://a.example/b",
    )
    assert urls("otpauth://totp/A?secret=B") == ()
    assert urls("WIFI:T:WPA;S:https://a.example;;") == ()


@given(st.text(max_size=LONGEST))
def test_any_text_has_a_kind_and_bounded_addresses(text: str) -> None:
    assert len(urls_of(text, kind_of(text))) <= 5
