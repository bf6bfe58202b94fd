"""Sentences show words of their language: no labels, no patterns, no empty quotation marks."""

from __future__ import annotations

from mailrisk.decide.wording import counted, tidied, worded


def test_labels_and_places_are_put_into_words() -> None:
    shown = {
        "wants": "asks-card, asks-scan",
        "where": "display name",
        "claimed": "mailbox",
        "host": "a.example",
    }
    assert worded(shown, chinese=True) == {
        "wants": "索要银行卡信息、要求扫码",
        "where": "显示名称",
        "claimed": "邮箱系统",
        "host": "a.example",
    }
    assert worded(shown, chinese=False)["wants"] == "card details, scan a code"


def test_words_of_the_message_stay_as_they_are() -> None:
    shown = {"claimed": "Costco, Inc", "host": "threat", "brand": "subject"}
    assert worded(shown, chinese=True) == shown


def test_a_phrase_shows_an_ellipsis_where_its_pattern_leaves_room() -> None:
    assert worded({"phrase": "代开~发票"}, chinese=True)["phrase"] == "代开…发票"
    assert worded({"phrase": "mailbox ~ full"}, chinese=False)["phrase"] == "mailbox…full"
    assert worded({"phrase": "gutter*"}, chinese=False)["phrase"] == "gutter…"


def test_quotation_marks_that_hold_nothing_are_left_out() -> None:
    assert tidied("Speaks of an invoice or order: “”") == "Speaks of an invoice or order"
    assert tidied("asks the reader to open t.co ()") == "asks the reader to open t.co"
    assert tidied("诱导打开 bt.example（“”）") == "诱导打开 bt.example"
    assert tidied("Threatens: “now” (soon)") == "Threatens: “now” (soon)"


def test_one_of_a_kind_is_singular() -> None:
    assert (
        counted("1 failure(s) on 2 account name(s) of 1 address(es)")
        == "1 failure on 2 account names of 1 address"
    )
    assert counted("0 account(s) in 10 minutes, 21 account(s)") == "0 accounts in 10 minutes, 21 accounts"
    assert counted("network(s)") == "network(s)"


def test_where_no_author_can_be_read_the_sentence_says_so() -> None:
    for author in ("", "?"):
        assert worded({"author": author}, chinese=False) == {"author": "(none)"}
        assert worded({"author": author}, chinese=True) == {"author": "（无）"}
