"""Honest newsletters of the kind that hard ham is made of: short links among many, pages that programs make."""

from __future__ import annotations

import pytest
from tests.analyse.message.letters import codes, letter, view

from mailrisk.analyse.message.links import leads_to_program
from mailrisk.analyse.message.view import LinkedUrl
from mailrisk.model.message import Link
from mailrisk.model.url.canonical import parse_url


@pytest.mark.parametrize(
    ("url", "is_program"),
    [
        ("http://shop.example/scripts/runisa.dll?AO:495SHOP::DAILY", False),
        ("http://shop.example/cgi-bin/order.exe", False),
        ("http://count.example/click/12/*http://www.tesco.com", False),
        ("http://evil.example/update.exe?id=7", True),
        ("http://evil.example/helper.dll", True),
        ("http://evil.example/old/command.com", True),
    ],
)
def test_a_program_is_what_the_reader_gets_and_not_what_makes_a_page(url: str, is_program: bool) -> None:
    assert (
        leads_to_program(LinkedUrl(link=Link(url=url, how="a", artefact=""), url=parse_url(url)))
        is is_program
    )


def page(*hosts: str) -> str:
    return "<p>Your daily horoscope, and a miracle cure that works.</p>" + "".join(
        f"<a href='http://{host}/story'>more</a>" for host in hosts
    )


def test_one_short_link_among_many_does_not_make_a_newsletter_a_scam() -> None:
    few = view(letter("Offers", "news@stars-weekly.example", "Today", html=page("tinyurl.com")))
    many = view(
        letter(
            "Offers",
            "news@stars-weekly.example",
            "Today",
            html=page("tinyurl.com", "paper-one.example", "paper-two.example", "paper-three.example"),
        )
    )
    assert "affiliate-scam" in codes(few)
    assert "affiliate-scam" not in codes(many)
