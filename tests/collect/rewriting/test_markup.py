"""Which links of a page are found: those that a browser or a mail program would follow, however they are written."""

from __future__ import annotations

import pytest
from tests.collect.rewriting.test_message import MARK, done, page, text_of, unlink


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
    assert (
        targets('<!-- <a href="http://a.example/"> --><style>a{}<a href="http://a.example/"></style>') == []
    )


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
