"""Alerts as text, and as the bodies that chat robots and webhooks take.

WeCom's group robot (https://developer.work.weixin.qq.com/document/path/91770), DingTalk's custom robot with a signature
(https://open.dingtalk.com/document/robots/customize-robot-security-settings), Feishu's custom robot with a signature
(https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot). All three answer HTTP 200 with a code in the body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote_plus

import msgspec

from mailrisk.model.alert import TITLES, Alert

MAX_LINES: Final = 20
"""Alerts of a kind that a message names; the rest are counted."""

MAX_LINE: Final = 200
MAX_BYTES: Final = 2_000
"""Bytes of a text: WeCom takes 2,048 of UTF-8."""

_NO_TAGS: Final = str.maketrans("<>", "\u2039\u203a")  # single guillemets
_EVERYBODY: Final = re.compile(r"(?<![\w.])@(?=all\b|everyone\b|here\b|channel\b|所有人)", re.IGNORECASE)

_encode = msgspec.json.Encoder().encode


class Request(msgspec.Struct, frozen=True):
    """What is to be posted."""

    url: str
    body: bytes
    headers: Mapping[str, str]


def text_of(alerts: Sequence[Alert], *, chinese: bool) -> str:
    """The alerts of a kind, one a line under a title with their number; at most MAX_BYTES of UTF-8."""
    title = TITLES.get(alerts[0].kind, (alerts[0].kind,) * 2)[chinese]
    lines = [f"[mailrisk] {title}: {len(alerts)}"]
    for alert in alerts[:MAX_LINES]:
        said = alert.zh if chinese else alert.en
        lines.append(f"{alert.at:%Y-%m-%d %H:%MZ} {_one_line(said)}")
    if len(alerts) > MAX_LINES:
        rest = len(alerts) - MAX_LINES
        lines.append(f"另有 {rest} 条" if chinese else f"and {rest} more")
    text = "\n".join(lines)
    cut = text.encode()[:MAX_BYTES].decode(errors="ignore")
    return cut if cut == text else cut.rpartition("\n")[0] + "\n…"


def _one_line(text: str) -> str:
    """Names in alerts come from outside: no control characters, no line of their own, and nothing that a chat would take
    for a tag (Feishu: ``<at user_id="all">``), a call to everybody, or a link to tap on."""
    shown = "".join(char if char.isprintable() else " " for char in text[: 4 * MAX_LINE])
    shown = shown.translate(_NO_TAGS).replace("://", "[:]//")
    shown = _EVERYBODY.sub("\N{FULLWIDTH COMMERCIAL AT}", shown)
    return shown if len(shown) <= MAX_LINE else shown[: MAX_LINE - 1] + "…"


def wecom(url: str, secret: str, text: str, alerts: Sequence[Alert], now: datetime) -> Request:
    """For WeCom: the secret is in the URL."""
    return _json(url, {"msgtype": "text", "text": {"content": text}})


def dingtalk(url: str, secret: str, text: str, alerts: Sequence[Alert], now: datetime) -> Request:
    """For DingTalk: with a secret, the time and its HMAC stand in the URL."""
    if secret:
        stamp = str(int(now.timestamp() * 1000))
        mac = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
        url += f"{'&' if '?' in url else '?'}timestamp={stamp}&sign={quote_plus(base64.b64encode(mac))}"
    return _json(url, {"msgtype": "text", "text": {"content": text}})


def feishu(url: str, secret: str, text: str, alerts: Sequence[Alert], now: datetime) -> Request:
    """For Feishu and Lark: with a secret, the time and the HMAC of nothing under both stand in the body."""
    body: dict[str, object] = {"msg_type": "text", "content": {"text": text}}
    if secret:
        stamp = str(int(now.timestamp()))
        mac = hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
        body = {"timestamp": stamp, "sign": base64.b64encode(mac).decode(), **body}
    return _json(url, body)


def webhook(url: str, secret: str, text: str, alerts: Sequence[Alert], now: datetime) -> Request:
    """For any receiver: the alerts as data, signed with HMAC-SHA-256 of the body where there is a secret."""
    body = _encode({"type": "mailrisk.alerts", "timestamp": now, "text": text, "alerts": alerts})
    headers = {"Content-Type": "application/json"}
    if secret:
        mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers["X-Mailrisk-Signature"] = f"sha256={mac}"
    return Request(url, body, headers)


ROBOTS: Final = {"wecom": wecom, "dingtalk": dingtalk, "feishu": feishu, "webhook": webhook}
"""Every channel that is a POST, by its kind."""


def refused(body: bytes) -> str:
    """What a robot says went wrong, '' if nothing did: a code other than 0 in an answer of HTTP 200."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return ""
    if not isinstance(said, dict):
        return ""
    code = said.get("errcode", said.get("code", said.get("StatusCode", 0)))
    return "" if code in (0, "0") else str(said.get("errmsg") or said.get("msg") or code)[:200]


def _json(url: str, body: object) -> Request:
    return Request(url, _encode(body), {"Content-Type": "application/json"})
