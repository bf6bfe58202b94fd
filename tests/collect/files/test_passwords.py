"""Passwords as senders write them, and sentences about passwords that hold none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.collect.files.passwords import MOST, passwords_in


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("附件查看码：8899，请勿泄露", "8899"),
        ("解压密码为 abc123。", "abc123"),
        ("密码 8866", "8866"),
        ("提取码:x7k2", "x7k2"),
        ("文档查阅码：gmzzie", "gmzzie"),
        ("The password to open the file is Tax2024!", "Tax2024"),
        ("Password: 1234", "1234"),
        ("password - 777.", "777"),
        ("Das Passwort lautet 2233.", "2233"),
        ("mot de passe : XK-99", "XK-99"),
        ("La contraseña es 4455", "4455"),
        ("A senha do arquivo é 9090", "9090"),
        ("La password è 5511", "5511"),
        ("Het wachtwoord is 6677", "6677"),
        ("パスワードは1234です", "1234"),
        ("пароль: 555", "555"),
        ("Archive password (case sensitive): Kd83", "Kd83"),
        ("PW=infected", "infected"),
        ("Password\n\n  U523\n", "U523"),
    ],
)
def test_a_password_is_found_in_the_text(text: str, password: str) -> None:
    assert passwords_in([text])[0] == password


@pytest.mark.parametrize(
    ("name", "password"),
    [("invoice_pw_777.zip", "777"), ("账单 密码123.rar", "123"), ("doc(pass 2233).tar.gz", "2233")],
)
def test_a_password_is_found_in_a_file_name(name: str, password: str) -> None:
    assert passwords_in([], [name])[0] == password


@pytest.mark.parametrize(
    "text", ["请输入密码查看附件", "passengers and compasses", "", "The pin is in the post"]
)
def test_text_without_a_password_gives_none_with_a_digit(text: str) -> None:
    assert not any(any(letter.isdigit() for letter in word) for word in passwords_in([text]))


@given(st.text(alphabet="password密码 :1a\n是", max_size=500))
def test_there_are_never_more_than_the_limit(text: str) -> None:
    assert len(passwords_in([text, text], [text])) <= MOST
