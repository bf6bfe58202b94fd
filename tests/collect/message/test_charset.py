"""Charset labels that are missing, unknown or wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.collect.message.charset import codec_of, decode

CHINESE = "尊敬的用户您好，您的邮箱容量已满，请立即点击链接升级。"
TAIWAN = "親愛的客戶您好，您的帳戶已被暫停使用，請儘快登入並驗證您的資料。"
JAPANESE = "お客様のアカウントは一時的に停止されました。ログインして確認してください。"
KOREAN = "고객님의 계정이 일시적으로 정지되었습니다. 로그인하여 확인해 주십시오."


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (CHINESE, "gbk", "gb2312"),
        (CHINESE, "gbk", "GBK"),
        (CHINESE, "gb18030", "gb18030"),
        (CHINESE, "gbk", ""),
        (CHINESE, "gbk", "utf-8"),
        (CHINESE, "gbk", "iso-8859-1"),
        (CHINESE, "gbk", "us-ascii"),
        (CHINESE, "gbk", "x-klingon"),
        (CHINESE, "gbk", "unicode_escape"),
        (CHINESE, "utf-8", "gb2312"),
        (CHINESE, "utf-8", ""),
        (CHINESE, "utf-8", "iso-8859-1"),
        (CHINESE, "hz", "hz-gb-2312"),
        (TAIWAN, "big5", "big5"),
        (TAIWAN, "big5", ""),
        (JAPANESE, "iso2022_jp", "iso-2022-jp"),
        (JAPANESE, "iso2022_jp", ""),
        (JAPANESE, "shift_jis", "shift_jis"),
        (JAPANESE, "shift_jis", ""),
        (KOREAN, "euc_kr", "ks_c_5601-1987"),
        (KOREAN, "euc_kr", "utf-8"),
        ("Привет, ваш счёт заблокирован", "koi8_r", "koi8-r"),
        ("ПРИВЕТ ВАШ СЧЁТ ЗАБЛОКИРОВАН", "cp1251", "windows-1251"),
        ("Señor, su cuenta está bloqueada — ¡aquí!", "cp1252", "iso-8859-1"),
        ("Señor, su cuenta está bloqueada", "utf-8", "us-ascii"),
    ],
)
def test_text_is_read_whatever_the_label_says(text: str, codec: str, label: str) -> None:
    assert decode(text.encode(codec), label)[0] == text


@pytest.mark.parametrize(
    ("label", "told"), [("gb2312", False), ("utf-8", True), ("", True), ("nonsense", True)]
)
def test_a_label_that_is_wrong_is_told(label: str, told: bool) -> None:
    problem = decode(CHINESE.encode("gbk"), label)[2]
    assert bool(problem) == told
    assert "\n" not in problem


def test_a_few_damaged_bytes_do_not_change_the_charset() -> None:
    raw = CHINESE.encode("gbk") * 5
    text, codec, problem = decode(raw[:11] + b"\xff" + raw[12:], "gb2312")
    assert codec == "gb18030" and problem
    assert "邮箱容量已满" in text


@pytest.mark.parametrize(
    "label", ["idna", "punycode", "unicode_escape", "raw_unicode_escape", "rot13", "base64", "zlib"]
)
def test_codecs_that_are_no_charsets_are_refused(label: str) -> None:
    assert codec_of(label) == ""


@given(
    st.binary(max_size=200),
    st.sampled_from(["", "gb2312", "utf-7", "utf-16", "big5", "iso-2022-jp", "hz", "x\0y"]),
)
def test_any_bytes_become_text_that_can_be_stored(raw: bytes, label: str) -> None:
    text, _, _ = decode(raw, label)
    text.encode("utf-8")


def test_stray_bytes_before_chinese_text_do_not_overrule_its_utf8_label() -> None:
    raw = ("été " * 3_000).encode("cp1252") + "请扫描二维码领取补贴".encode()
    text, codec, problem = decode(raw, "utf-8")
    assert "请扫描二维码领取补贴" in text
    assert (codec, problem) == ("utf-8", "bytes that are no utf-8")


def test_gb18030_text_under_a_utf8_label_is_still_read() -> None:
    text, codec, _ = decode("请扫描二维码领取补贴".encode("gb18030") * 50, "utf-8")
    assert codec == "gb18030"
    assert "补贴" in text
