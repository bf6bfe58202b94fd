"""Which links of a page are found: those that a browser or a mail program would follow, however they are written."""

from __future__ import annotations

import pytest
from tests.collect.rewriting.test_message import MARK, done, link, page, text_of, unlink

from mailrisk.collect.rewriting.message import rewrite


def targets(html: str) -> list[str]:
    """Where the links of a page lead, as it was rewritten."""
    raw = page(html)
    found = done(raw)
    said = text_of(found.raw).split('"' + MARK)[1:]
    assert found.links == len(said)
    return [unlink(MARK + one.partition('"')[0]) for one in said]


def test_links_of_elements_are_found_and_text_is_not() -> None:
    assert targets('<a href="http://a.example/">x</a><area href=http://b.example/><svg><a xlink:href="//c.example/">') == [
        "http://a.example/", "http://b.example/", "http://c.example/",
    ]  # fmt: skip
    assert targets('<form action="https://d.example/"><input formaction=https://e.example/><button formaction="f.example">') == [
        "https://d.example/", "https://e.example/",
    ]  # fmt: skip
    left = [
        "mailto:a@b.example", "tel:+4912345", "cid:1@b", "#top", "", "javascript:alert(1)", "data:text/html,x", "sub/page.html",
    ]  # fmt: skip
    assert targets("".join(f'<a href="{one}">x</a>' for one in left)) == []
    assert (
        targets('<img src="http://a.example/"><link href="http://a.example/"><base href="http://a.example/">')
        == []
    )
    assert targets('<!-- <a href="http://a.example/"> --><style>a[href="http://a.example/"]{}</style>') == []


@pytest.mark.parametrize(
    "hostile",
    [
        '<!--[if mso]><a title="--><a href="http://evil.example/">x',
        '<!--[if mso]><a href="http://evil.example/"><![endif]-->',
        '<!--><a href="http://evil.example/">',
        '<!---><a href="http://evil.example/">',
        '<!-- --!><a href="http://evil.example/">',
        '<svg><style><a href="http://evil.example/">',
        '<svg></math><title><a href="http://evil.example/">',
        '<svg x=/><style><a href="http://evil.example/">',
        '<script><!--<script></script><a title="--></script><a href="http://evil.example/">',
        '<style></styles></style/><a href="http://evil.example/">',
        "<a/href='http://evil.example/'>",
        '<a title=">" href="http://evil.example/">',
        "<a title=it's href=http://evil.example/ >",
        '<a\nHREF\n=\n"http://evil.example/">',
        '<a href="\thttp://evil.exam\nple/ ">',
        '<a href="&#104;ttp&colon;&sol;&#x2f;evil.example&sol;">',
        '</p title=\'"\'><a href="http://evil.example/">',
        '<?x "><a href="http://evil.example/">',
        '<noscript><a href="http://evil.example/"></noscript>',
    ],
)
def test_hostile_markup_hides_no_link(hostile: str) -> None:
    found = [one.rstrip("/") for one in targets(hostile)]
    assert found == ["http://evil.example"], found


def test_a_reference_in_an_attribute_is_read_as_browsers_read_it() -> None:
    assert targets('<a href="http://a.example/?x=1&copy=2&lt=3&amp;y=%26amp;&notit;&#x41">') == [
        "http://a.example/?x=1&copy=2&lt=3&y=%26amp;&notit;A"
    ]


def test_what_is_relative_is_so_to_the_first_base_wherever_that_stands() -> None:
    html = (
        '<a href="a/b">1</a><a href="#x">2</a><a href="">3</a><a href="?q">4</a><a href="//c.example/">5</a>'
    )
    assert targets(html) == ["http://c.example/"]
    assert targets(html + '<base target=_top><base href="http://b.example/d/"><base href="http://x.example/">') == [
        "http://b.example/d/a/b", "http://b.example/d/#x", "http://b.example/d/", "http://b.example/d/?q", "http://c.example/",
    ]  # fmt: skip


EVIL = "http://evil.example/"


@pytest.mark.parametrize(
    "html",
    [
        '<math href="%s"><mi>x</mi></math>',
        '<math><mrow href="%s"><mi>x</mi></mrow></math>',
        '<math><mtext xlink:href="%s">x</mtext></math>',
        '<!--[if mso]><v:roundrect href="%s" arcsize="10%%"><center>x</center></v:roundrect><![endif]-->',
        '<!--[if mso]><base href="http://evil.example/"><![endif]--><a href="/">x</a>',
        '<h:a xmlns:h="http://www.w3.org/1999/xhtml" href="%s">x</h:a>',
        '<meta http-equiv=refresh content="0; url=%s">',
        "<META CONTENT=\"3;URL='%s'\" HTTP-EQUIV=Refresh>",
    ],
)
def test_what_only_some_programs_take_for_a_link_is_one(html: str) -> None:
    found = done(page(html.replace("%s", EVIL)))
    assert (found.links, found.left) == (1, {})
    said = text_of(found.raw)
    assert unlink(MARK + said.partition(MARK)[2].partition('"')[0]) == EVIL
    if "efresh" in html:
        assert f";url={MARK}" in said


@pytest.mark.parametrize(
    "html",
    [
        '<title/><a href="%s">',
        "<plaintext><a href='%s'>",
        '<svg><![CDATA[><a title="]]><a href=%s>">',
        '<svg><p><style><a title="</style><a href=%s>">',
        '<svg><foreignObject><style><a title="</style><a href=%s>">',
        '<select><style></select><a href="%s">x',
        '<select><style><!--</select><a href="%s">x--></style>',
        '<noscript><a title="</noscript><a href=%s>">',
        "<style><svg><style><a title='</style><a href=\"%s\">x'></style>",
        "<a title=\"<a href=#x href='%s'>\">",
        '<a href="%s',
        '<textarea><form action="%s">',
    ],
)
def test_what_this_reading_takes_for_text_and_another_for_a_link_is_replaced_within_its_quotes(
    html: str,
) -> None:
    for value in (EVIL, "&#104;ttp:&#x2f;/evil.example/"):
        found = done(page(html.replace("%s", value)))
        assert found.links == 1
        said = text_of(found.raw).strip()
        new = said.partition(MARK)[2].partition(".x")[0]
        assert unlink(MARK + new + ".x") == EVIL and said == html.replace("%s", MARK + new + ".x")


def test_text_and_comments_stay_where_nobody_reads_them_otherwise() -> None:
    assert (
        targets(
            '<p>Write &lt;a href="http://a.example/"&gt;, or "href=http://a.example/"</p><!-- <a href="http://a.example/"> -->'
        )
        == []
    )
    assert (
        targets('<style>a[href="http://a.example/"]{}</style><svg><use href="http://a.example/"/></svg>')
        == []
    )


def test_what_leads_somewhere_and_cannot_be_replaced_is_told() -> None:
    for html in (
        '<svg><a><set attributeName="xlink:href" to="http://evil.example/"/>x</a></svg>', '<iframe src="http://evil.example/">',
        '<a href="ms-word:ofe|u|http://evil.example/x.docm">x</a>', '<a href="file://evil.example/x">x</a>',
        '<base href="http://a.example/"><!--[if mso]><base href="http://b.example/"><![endif]-->',
    ):  # fmt: skip
        assert done(page(html)).left == {"other-kind": 1}, html
    assert not done(page('<a href="mailto:a@b.example">x</a><a href="tel:1">x</a><a href="#a:b">x</a>')).left


def test_a_host_without_a_scheme_is_a_link_where_its_top_level_domain_exists() -> None:
    def linked(html: str) -> tuple[list[str], dict[str, int]]:
        found = rewrite(page(html), link, exists=lambda host: host.endswith((".berlin", ".zip")))
        return [
            unlink(MARK + one.partition('"')[0]) for one in text_of(found.raw).split('"' + MARK)[1:]
        ], found.left

    for value in ("evil.berlin", "evil.berlin/login", "www.evil.berlin:8080/x", " evil.berlin?x", "a.zip/x"):
        assert linked(f'<a href="{value}">x</a>') == ([f"http://{value.strip()}"], {})
    assert linked('<a href="page.html">x</a><a href="sub/evil.berlin">x</a>') == ([], {})
    assert linked('<a href="report.zip">x</a>') == ([], {"relative": 1})


def test_many_attributes_in_many_places_are_looked_through_once() -> None:
    html = "<style>" + " href=" * 200_000 + "</style>" + "<a title='<" + ' href="x' * 100_000 + "'>"
    assert done(page(html)).links == 0
