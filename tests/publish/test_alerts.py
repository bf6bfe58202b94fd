"""Alerts as text and as bodies of robots: bounded, one line each, signed as their makers document."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from mailrisk.model.alert import Alert
from mailrisk.publish.alerts import MAX_BYTES, dingtalk, feishu, refused, text_of, webhook, wecom

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ALERT = Alert(kind="account-high", at=NOW, en="alice: test letter", zh="alice:测试信")


def test_alerts_of_a_kind_are_one_message_with_a_title_and_a_line_each() -> None:
    assert text_of([ALERT], chinese=False) == (
        "[mailrisk] Accounts that look stolen: 1\n2026-11-23 12:00Z alice: test letter"
    )
    assert text_of([ALERT] * 30, chinese=True).splitlines()[-1] == "另有 10 条"


@given(st.lists(st.text(max_size=400), min_size=1, max_size=40), st.booleans())
def test_whatever_names_say_the_text_is_bounded_and_has_no_line_of_theirs(
    names: list[str], chinese: bool
) -> None:
    alerts = [Alert(kind="account-high", at=NOW, en=name, zh=name) for name in names]
    text = text_of(alerts, chinese=chinese)
    assert len(text.encode()) <= MAX_BYTES + 4
    assert len(text.splitlines()) <= len(names) + 2


def test_dingtalk_is_signed_in_the_url() -> None:
    request = dingtalk("https://oapi.example/robot/send?access_token=x", "SEC1", "text", [ALERT], NOW)
    asked = parse_qs(urlsplit(request.url).query)
    stamp = str(int(NOW.timestamp() * 1000))
    mac = hmac.new(b"SEC1", f"{stamp}\nSEC1".encode(), hashlib.sha256).digest()
    assert asked == {"access_token": ["x"], "timestamp": [stamp], "sign": [base64.b64encode(mac).decode()]}
    assert json.loads(request.body) == {"msgtype": "text", "text": {"content": "text"}}


def test_feishu_is_signed_in_the_body() -> None:
    body = json.loads(feishu("https://open.example/hook/x", "SEC1", "text", [ALERT], NOW).body)
    stamp = str(int(NOW.timestamp()))
    mac = hmac.new(f"{stamp}\nSEC1".encode(), b"", hashlib.sha256).digest()
    assert body["timestamp"] == stamp and body["sign"] == base64.b64encode(mac).decode()
    assert body["content"] == {"text": "text"} and body["msg_type"] == "text"


def test_wecom_and_a_webhook_get_their_forms() -> None:
    assert json.loads(wecom("u", "", "text", [ALERT], NOW).body)["text"]["content"] == "text"
    request = webhook("u", "secret", "text", [ALERT], NOW)
    assert json.loads(request.body)["alerts"][0]["kind"] == "account-high"
    mac = hmac.new(b"secret", request.body, hashlib.sha256).hexdigest()
    assert request.headers["X-Mailrisk-Signature"] == f"sha256={mac}"


def test_a_code_in_an_answer_of_200_is_a_refusal() -> None:
    assert refused(b'{"errcode":0,"errmsg":"ok"}') == "" and refused(b'{"StatusCode":0}') == ""
    assert refused(b'{"errcode":45009,"errmsg":"api freq out of limit"}') == "api freq out of limit"
    assert refused(b'{"code":19021,"msg":"sign match fail"}') == "sign match fail"
    assert refused(b"ok") == ""


def test_a_name_calls_nobody_and_is_no_link_in_a_chat() -> None:
    name = '<at user_id="all">所有人</at> @all @所有人 [x](http://evil.example) <@anna> bob@all.example'
    text = text_of([Alert(kind="account-high", at=NOW, en=name, zh=name)], chinese=False)
    assert "<" not in text and "@all " not in text and "@所有人" not in text and "://" not in text
    assert "bob@all.example" in text


def test_an_answer_nested_without_end_is_no_failure() -> None:
    assert refused(b"[" * 60_000) == ""
