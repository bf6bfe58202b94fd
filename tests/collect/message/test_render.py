"""HTML as a person sees it: what shows, what hides, where links lead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stalling import at_most

from mailrisk.collect.message.hrefs import refresh_target
from mailrisk.collect.message.render import render


@pytest.mark.parametrize(
    "style",
    [
        "display:none", "DISPLAY : NONE !important", "visibility:hidden", "font-size:0", "font-size:0px;line-height:0",
        "font-size:1px", "opacity:0", "opacity:0.01", "max-height:0;overflow:hidden", "height:0;overflow:hidden",
        "width:0px; overflow: hidden", "color:#fff", "color:white", "color:#fefefe", "color:rgb(255,255,255)",
        "color:transparent", "color:rgba(0,0,0,0)", "position:absolute;left:-9999px", "text-indent:-9999px",
        "mso-hide:all", "background:#123456;color:#123457",
    ],
)  # fmt: skip
def test_what_a_style_hides_is_hidden_text(style: str) -> None:
    found = render(f'<p>shown<span style="{style}">secret</span></p>')
    assert (found.text, found.hidden) == ("shown", "secret")


@pytest.mark.parametrize(
    "style",
    [
        "display:block", "font-size:12px", "font-size:0.8em", "opacity:1", "opacity:.9", "max-height:100px",
        "height:0", "color:#000", "color:#eee", "background:url(x.png);color:#fff", "background:#000;color:#fff",
        "background-image:linear-gradient(red,blue);color:white", "position:absolute;left:10px", "line-height:0",
        "color:#333333 !important", "margin:0;padding:0", "color:bogus", "font: 14px Arial",
    ],
)  # fmt: skip
def test_what_a_style_leaves_visible_is_text(style: str) -> None:
    assert render(f'<p style="{style}">shown</p>').text == "shown"


@pytest.mark.parametrize(
    "html",
    [
        '<style>.x{display:none}</style><p>shown<b class="a x">secret</b></p>',
        '<style>/* c */ #y , p.z { font-size : 0 }</style><p>shown<b id=y>secret</b></p>',
        "<p>shown<b hidden>secret</b></p>",
        '<body bgcolor="#ffffff"><p>shown<font color="#FFFFFF">secret</font></p>',
        '<table bgcolor=black><tr><td><font color=white>shown</font><font color=black>secret</font></table>',
        '<div style="font-size:0">secret<span style="font-size:14px">shown</span></div>',
        '<div style="visibility:hidden">secret<span style="visibility:visible">shown</span></div>',
    ],
)  # fmt: skip
def test_rules_attributes_and_inheritance_count(html: str) -> None:
    found = render(html)
    assert (found.text, found.hidden) == ("shown", "secret")


@pytest.mark.parametrize(
    "html",
    [
        "<style>.mail td a.btn{background:#c00}</style><a class=btn style='color:#fff'>shown</a>",
        "<style>td.dark > a{background-color:navy}</style><a style='color:#fff'>shown</a>",
        "<style>td{background:#000}</style><table><tr><td><font color=white>shown</font></table>",
        "<style>/* never closed .x{display:none}</style><p class=x>shown</p>",
    ],
)
def test_a_background_that_may_be_there_hides_nothing(html: str) -> None:
    assert render(html).text == "shown"


def test_nothing_below_a_hidden_element_comes_back() -> None:
    assert render('<div style="display:none"><b style="display:block">secret</b></div>').text == ""


def test_rules_for_small_screens_hide_nothing() -> None:
    assert render("<style>@media (max-width:480px){.m{display:none}}</style><p class=m>shown").text == "shown"


def test_scripts_styles_and_titles_are_not_seen() -> None:
    html = "<head><title>t</title><style>p{}</style></head><body><script>s</script><!-- c --><p>shown</p>"
    assert render(html)[:2] == ("shown", "")


def test_blocks_are_lines_and_cells_are_words() -> None:
    html = "<p>one</p><p>two<br>three</p><table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>"
    assert [line for line in render(html).text.split("\n") if line] == ["one", "two", "three", "a b", "c"]


def test_words_of_blocked_pictures_are_seen_and_those_of_enclosed_ones_are_not() -> None:
    assert (
        render('<img src="http://x.example/p" alt="Pay now"><img src="cid:1" alt="logo">').text == "Pay now"
    )


def test_links_come_in_order_with_their_kind_and_text() -> None:
    html = (
        '<head><base href="http://base.example/d/"><meta http-equiv="Refresh" content="0; URL=\'http://r.example/\'">'
        '<link href="http://s.example/s.css"></head><body background="http://bg.example/b">'
        '<a href=" ht\ntps://a.example/x ">Click <b>here</b></a><a href="rel/path">r</a><map><area href=//area.example/></map>'
        '<form action="http://f.example/p"><button formaction=http://g.example/>x</button></form>'
        '<img src="http://i.example/1" srcset="http://i.example/2 2x, http://i.example/3 3x">'
        '<iframe src="http://frame.example/"></iframe><p style="background:url(http://css.example/i)">'
        '<a href="mailto:a@b.example">m</a><a href="javascript:x()">j</a><a href="#top">t</a><a href="www.w.example">w</a>'
        "<!-- <a href=http://comment.example/>c</a> -->"
    )
    assert [(link.how, link.url, link.text) for link in render(html).links] == [
        ("base", "http://base.example/d/", ""),
        ("meta", "http://r.example/", ""),
        ("css", "http://s.example/s.css", ""),
        ("img", "http://bg.example/b", ""),
        ("a", "https://a.example/x", "Click here"),
        ("a", "http://base.example/d/rel/path", "r"),
        ("area", "http://area.example/", ""),
        ("form", "http://f.example/p", ""),
        ("form", "http://g.example/", ""),
        ("img", "http://i.example/1", ""),
        ("img", "http://i.example/2", ""),
        ("img", "http://i.example/3", ""),
        ("frame", "http://frame.example/", ""),
        ("css", "http://css.example/i", ""),
        ("a", "http://www.w.example", "w"),
    ]


def test_the_text_of_a_link_is_what_shows_of_it() -> None:
    html = '<a href="http://e.example/"><span style="display:none">evil</span>https://bank.example</a>'
    assert render(html).links[0].text == "https://bank.example"


def test_the_text_of_a_link_is_no_bare_text() -> None:
    html = "<p>see http://bare.example/ <a href=http://e.example/>https://b.example</a> and <a name=x>www.y.example</a>"
    assert render(html).bare.split() == ["see", "http://bare.example/", "and", "www.y.example"]


@given(
    st.lists(
        st.sampled_from(
            [
                "<div>",
                "</div>",
                "<a href=http://x.example/>",
                "</a>",
                "<table>",
                "<td>",
                "</table>",
                "<p>",
                "<b style='font-size:0'>",
                "</b>",
                "x",
                "<!--",
                "-->",
                "<select>",
                "<svg>",
                "<style>",
                "</style>",
                "<template>",
                "<title>",
                "\0",
                "&#0;",
            ]
        ),
        max_size=40,
    )
)
def test_any_soup_of_tags_is_rendered(pieces: list[str]) -> None:
    render("".join(pieces)).text.encode("utf-8")


@given(st.text(max_size=200))
def test_any_text_is_rendered(text: str) -> None:
    render(text.encode("utf-8", "replace").decode("utf-8"))


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0; url=http://a.example/", "http://a.example/"),
        ("  3 , URL = 'http://x.example/' ", "http://x.example/"),
        ("0.5;http://x.example/ ", "http://x.example/"),
        ("5", ""),
        ("0;", ""),
        ('0; url="a' + " " * 4_000 + "\0!", 'a' + " " * 4_000 + "\0!"),
    ],
)  # fmt: skip
def test_a_refresh_leads_where_a_browser_goes(content: str, target: str) -> None:
    with at_most(0.2):
        assert refresh_target(content) == target
