"""The page that a visitor sees: hostile names are text, in both languages; routes want keys and tokens."""

from __future__ import annotations

import httpx
from tests.listen.conftest import Service

from mailrisk.listen.accept_language import wants_chinese
from mailrisk.listen.http.visit_page import visit_page
from mailrisk.model.verdict import Category, Level
from mailrisk.service.answers import ShortReason
from mailrisk.service.visit_check import Found
from mailrisk.service.visit_words import PageToken

EVIL = 'http://evil.example/"><script>alert(1)</script>'


def page(action: str, url: str = EVIL, *, chinese: bool = False) -> str:
    reason = ShortReason(code="x", text="<img src=x onerror=y>", text_zh="<b>原因</b>", weight=1.0)
    found = Found(level=Level.MALICIOUS, score=97, category=Category.CREDENTIAL_PHISHING, reasons=(reason,))
    token = PageToken(url, "GET", action, 0, 1, 0)
    return visit_page(token, found, '"><script>', chinese=chinese)


def test_names_and_reasons_are_text_and_nothing_more() -> None:
    for action in ("warn", "block", "hold"):
        for chinese in (False, True):
            text = page(action, chinese=chinese)
            assert "<script" not in text and "<img" not in text and "<b>" not in text
    assert "javascript" not in page("hold", "javascript:alert(1)").partition("</head>")[0]


def test_only_a_warning_has_a_way_on() -> None:
    assert "<form" in page("warn") and "<form" not in page("block") and "<form" not in page("hold")


def test_the_language_is_the_visitors() -> None:
    assert "骗取账号密码" in page("block", chinese=True) and "passwords" in page("block")
    assert wants_chinese("zh-CN,en;q=0.8") and wants_chinese("zh") and not wants_chinese("en,zh;q=0.5")
    assert not wants_chinese("")


def test_routes_want_a_key_and_a_token_of_ours(service: Service) -> None:
    body = {"visits": [{"url": "http://good.example/"}]}
    assert httpx.post(f"{service.url}/api/v1/visits:decide", json=body).status_code == 401
    assert service.client.post("/api/v1/visits:decide", json={"visits": []}).status_code == 400
    assert service.client.post("/api/v1/visits:decide", json={"visits": [{"uri": "x"}]}).status_code == 400
    bad = service.client.post("/api/v1/visits:decide", json={"visits": [{"url": "::"}]}).json()["results"][0]
    assert bad["error"]
    assert httpx.get(f"{service.url}/visit?t=forged").status_code == 400
    assert httpx.post(f"{service.url}/visit", data={"t": "forged"}).status_code == 400
    assert "<script" not in httpx.get(f"{service.url}/visit", params={"t": "<script>"}).text
