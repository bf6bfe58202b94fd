"""What the links of a message say about it: one word on the worst of those that are not listed."""

from __future__ import annotations

import pytest
from tests.worlds import NOW, shipped_knowledge, shipped_policy

from mailrisk.decide.verdict import decide
from mailrisk.model.evidence import Evidence
from mailrisk.model.message import Link
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.unwrap import unwrap
from mailrisk.model.verdict import Verdict
from mailrisk.service.check_url import Looked
from mailrisk.service.link_evidence import FoundUrl, from_urls

SAMPLE = Subject(Kind.SAMPLE, "0" * 64)


def found(url: str, *reasons: str, how: str = "a", value: float = 1.0) -> FoundUrl:
    """A link whose address has these reasons against it."""
    parsed = parse_url(url)
    unwrapped = unwrap(parsed, shipped_knowledge().hosts)
    evidence = [
        Evidence(code=code, subject=parsed.subject, source="t", seen_at=NOW, value=value) for code in reasons
    ]
    verdict: Verdict = decide(parsed.subject, evidence, NOW, shipped_policy())
    looked = Looked(url=parsed, unwrapped=unwrapped, rule=None)
    link = Link(url=url, how=how, artefact="part 1, link 1")
    return FoundUrl(link=link, where=(link.artefact,), looked=looked, verdict=verdict)


def told(*links: FoundUrl) -> list[Evidence]:
    return from_urls(SAMPLE, links, NOW, shipped_policy(), lambda host: host.endswith("author.example"))


def test_of_several_links_the_most_dubious_one_is_told_with_how_dubious_it_is() -> None:
    plain, odd = found("https://a.example/"), found("https://kq7.example/x", "odd-port", "abused-tld")
    (evidence,) = told(plain, odd)
    assert evidence.code == "dubious-link"
    assert evidence.data["url"] == "https://kq7.example/x"
    assert 0 < evidence.value < 1


def test_the_oddest_of_many_places_surprises_less_but_cannot_be_hidden_among_them() -> None:
    odd = found("https://kq7.example/x", "odd-port", "abused-tld")
    (alone,) = told(odd)
    few = told(odd, found("https://a.example/"))[0].value
    many = told(odd, *(found(f"https://a{number}.example/") for number in range(4)))[0].value
    more = told(odd, *(found(f"https://a{number}.example/") for number in range(40)))[0].value
    assert alone.value > few > many == more > 0


def test_a_link_with_next_to_nothing_against_it_is_not_told() -> None:
    assert told(found("https://a.example/")) == []
    assert told(found("https://a.example/", "odd-port", value=0.3)) == []


@pytest.mark.parametrize("how", ["text", "img", "css", "header"])
def test_an_address_that_nobody_is_made_to_click_is_not_dubious(how: str) -> None:
    assert told(found("https://kq7.example/x", "odd-port", "abused-tld", how=how)) == []


def test_a_link_to_the_authors_own_site_is_not_dubious() -> None:
    assert told(found("https://click.author.example/x", "odd-port", "abused-tld")) == []


def test_a_suspicious_link_is_told_instead_of_a_dubious_one() -> None:
    suspicious = found(
        "https://kq7.example/x", "brand-lookalike-host", "ip-literal-host", "odd-port", value=2.0
    )
    assert [item.code for item in told(found("https://b.example/", "odd-port"), suspicious)] == [
        "suspicious-link"
    ]


def test_a_link_that_is_no_url_says_nothing() -> None:
    link = Link(url="http://[", how="a", artefact="part 1, link 1")
    assert told(FoundUrl(link=link, where=(), looked=None, verdict=None, error="no host")) == []
