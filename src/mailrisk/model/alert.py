"""Alerts: what an administrator must be told without asking."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be told, in English and Chinese, one line each. ``kind`` groups alike ones: ``account-high``."""

    kind: str
    at: datetime
    en: str
    zh: str


TITLES = {
    "account-high": ("Accounts that look stolen", "疑似被盗账号"),
    "account-medium": ("Accounts to look at", "需关注的账号"),
    "account-disabled": ("Accounts that were disabled", "已停用的账号"),
    "account-not-disabled": ("Accounts that could not be disabled", "停用失败的账号"),
    "feed-refused": ("Feeds that were refused", "被拒绝的情报源"),
    "test": ("A test", "测试"),
}
"""Kind -> its title in English and Chinese."""
