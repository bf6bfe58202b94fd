"""Where a message's links lead, seen together with its author: weak facts, and what they leave alone."""

from __future__ import annotations

import base64

import pytest
from tests.analyse.message.letters import READER, codes, judged, letter, page, view

from mailrisk.edge.policy_files import load_policy
from mailrisk.model.verdict import Level

NOBODY = "offers@qpwmailing.example"
FREE = "somebody.else@gmail.com"
WORDS = "Here is what is new this week in our small shop of books and papers. " * 12


def told(address: str, html: str, subject: str = "News", text: str = "") -> set[str]:
    return set(codes(view(letter("Shop", address, subject, text, html=page(html) if html else ""))))


def link(url: str, text: str = "Read more") -> str:
    return f'<a href="{url}">{text}</a>'


def test_links_that_have_nothing_to_do_with_the_author_are_told() -> None:
    found = told(NOBODY, WORDS + link("https://kwpzz.example/a"))
    assert {"leads-elsewhere", "one-unknown-target"} <= found


@pytest.mark.parametrize(
    "url",
    [
        "https://www.qpwmailing.example/a",  # Home.
        "https://click.list-manage.com/track?u=1",  # The counter of a sender of newsletters.
        "https://github.com/openbmc/openbmc/issues/1",  # A place for code.
        "https://www.wikipedia.org/",  # A widely used site.
    ],
)
def test_links_home_through_a_newsletter_sender_or_to_known_sites_are_left_alone(url: str) -> None:
    assert not told(NOBODY, WORDS + link(url)) & {"leads-elsewhere", "one-unknown-target", "throwaway-target"}


@pytest.mark.parametrize(
    "url", ["https://storage.googleapis.com/bucket9/x.html", "http://203.0.113.9/cl/1", "https://bit.ly/3xYz"]
)
def test_a_link_to_a_place_that_costs_nothing_is_told(url: str) -> None:
    assert "throwaway-target" in told(NOBODY, WORDS + link(url))


def test_data_behind_the_hash_is_told_and_a_place_on_the_page_is_not() -> None:
    assert "payload-in-fragment" in told(NOBODY, WORDS + link("https://kw.example/x#4IMIcN4972ZemU19fj"))
    assert "payload-in-fragment" not in told(
        NOBODY, WORDS + link("https://kw.example/x#frequently-asked-questions")
    )


def test_the_fragment_is_not_kept_in_the_evidence() -> None:
    html = page(WORDS + link("https://kw.example/x#4IMIcN4972ZemU19fj"))
    found = judged(view(letter("Shop", NOBODY, "News", html=html)))
    assert all("4IMIcN" not in reason.text for reason in found.reasons)


def test_a_number_made_for_the_reader_is_told_on_little_known_hosts_alone() -> None:
    path = "/track/6WrzSv0VeIN3ekqeukwdby0GVEWWOLH"
    assert "numbered-reader" in told(NOBODY, WORDS + link(f"https://kw.example{path}"))
    assert "numbered-reader" not in told(NOBODY, WORDS + link(f"https://www.amazon.com{path}"))


@pytest.mark.parametrize("form", ["plain", "percent", "base64"])
def test_a_link_that_carries_the_readers_address_is_told(form: str) -> None:
    shown = {
        "plain": READER,
        "percent": READER.replace("@", "%40"),
        "base64": base64.b64encode(READER.encode()).decode(),
    }[form]
    assert "reader-in-link" in told(NOBODY, WORDS + link(f"https://kw.example/login?u={shown}"))


def test_pictures_on_a_free_host_are_told_and_pictures_at_home_are_not() -> None:
    assert "pictures-on-free-host" in told(NOBODY, WORDS + '<img src="https://i.imgur.com/p9tZ1Wr.jpeg">')
    assert "pictures-on-free-host" not in told(
        NOBODY, WORDS + '<img src="https://img.qpwmailing.example/a.png">'
    )


def test_a_way_to_unsubscribe_that_leads_to_strangers_is_told() -> None:
    assert "leave-link-elsewhere" in told(NOBODY, WORDS + link("https://kw.example/u/1", "Unsubscribe"))
    assert "leave-link-elsewhere" not in told(
        NOBODY, WORDS + link("https://qpwmailing.example/u", "Unsubscribe")
    )


def test_next_to_nothing_but_a_link_is_told_unless_it_answers_somebody() -> None:
    assert "little-but-a-link" in told(FREE, "", text="Click for date http://kwpzz.example/s7")
    assert "little-but-a-link" not in told(FREE, "", "Re: holidays", text="Look: http://kwpzz.example/s7")
    assert "little-but-a-link" not in told(FREE, "", text=WORDS + "http://kwpzz.example/s7")


def test_all_of_them_together_do_not_make_a_message_suspicious() -> None:
    """The group's cap: a small firm's clumsy newsletter stays unknown."""
    body = link("https://kw.example/6WrzSv0VeIN3ekqeukwdby0#4IMIcN4972ZemU19fj") + link(
        "https://kw.example/u", "Unsubscribe"
    )
    picture = '<img src="https://i.imgur.com/p9tZ1Wr.jpeg">'
    found = judged(view(letter("Shop", NOBODY, "NEWS (1) !!", html=page(WORDS + body + picture))))
    assert found.level is Level.UNKNOWN
    assert load_policy({}).document.caps["structure"] < 4.0
