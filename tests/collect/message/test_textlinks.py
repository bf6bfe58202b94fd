"""Where bare URLs in text begin and end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.collect.message.textlinks import find_urls


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see http://a.example/b.", ["http://a.example/b"]),
        ("(http://a.example/b)", ["http://a.example/b"]),
        ("http://a.example/wiki_(x)", ["http://a.example/wiki_(x)"]),
        ('"http://a.example/b", then', ["http://a.example/b"]),
        ("<http://a.example/long\r\n/tail>", ["http://a.example/long/tail"]),
        ("<URL:http://a.example/>", ["http://a.example/"]),
        ("[click](https://a.example/x?y=1&z=2#f)!", ["https://a.example/x?y=1&z=2#f"]),
        ("www.a.example/x and WWW.B.example", ["www.a.example/x", "WWW.B.example"]),
        ("请访问http://a.example/b立即登录", ["http://a.example/b"]),
        ("网址：https://a.example/b，密码", ["https://a.example/b"]),
        ("点击https://a.example/b。谢谢", ["https://a.example/b"]),
        ("【https://a.example/b】（http://c.example）", ["https://a.example/b", "http://c.example"]),
        ("登录http://中国银行.example/登录", ["http://中国银行.example/"]),
        ("“http://a.example/b”", ["http://a.example/b"]),
        ("http://a.example:8080/x;y=1,z", ["http://a.example:8080/x;y=1,z"]),
        ("http://user:pw@a.example/", ["http://user:pw@a.example/"]),
        ("http://[2001:db8::1]/x", ["http://[2001:db8::1]/x"]),
        ("hxxp://a.example/ https:\\\\b.example\\c", ["hxxp://a.example/", "https:\\\\b.example"]),
        ("HTTPS://A.EXAMPLE", ["HTTPS://A.EXAMPLE"]),
        ("http://a.example/%E4%BD%A0?q=ü", ["http://a.example/%E4%BD%A0?q=ü"]),
        ("no url: http:// or www. or awww.x.example or a@www.example", []),
        ("*http://a.example/b*", ["http://a.example/b"]),
        ("http://a.example\u200bhidden", ["http://a.example"]),
    ],
)
def test_urls_end_where_readers_see_them_end(text: str, urls: list[str]) -> None:
    assert list(find_urls(text)) == urls


@given(st.text(st.sampled_from("htp:/.wa中。，()<> \n@[]x"), max_size=80))
def test_any_text_is_searched(text: str) -> None:
    for url in find_urls(text):
        assert " " not in url and len(url) > 4
