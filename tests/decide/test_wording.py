"""Sentences show words of their language: no labels, no patterns, no empty quotation marks."""

from __future__ import annotations

from mailrisk.decide.wording import tidied, worded


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
