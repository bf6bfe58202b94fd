"""Trained heads: what they say of texts that nobody trained on, and what they never do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.analyse.message.heads import MOST, _loudest, pieces, raised
from mailrisk.edge.shipped import load_heads, load_lexicon
from mailrisk.model.confusable import latin
from mailrisk.model.heads import TextHeads
from mailrisk.model.lexicon import Found

UNSEEN = [
    ("各位老师，请打开手机微信，扫一下文末的图码，补齐资料后补贴两小时内到账。", "asks-scan"),
    ("您的学校邮箱空间已经不够用了，点下面的链接免费升级到20G，不升级的话就收不到信了。", "mailbox-quota"),
    ("Please use your phone camera to scan the QR code below and finish the registration.", "asks-scan"),
    ("We left a message for you; please open the attached file on your computer to listen to it.", "asks-open"),
    ("附件为正式通知，请下载附件后打开查看，并按附件的要求填写。", "asks-open"),
]  # fmt: skip
"""Hand-written; no template or bank of tools/lures holds these sentences."""

ORDINARY = [
    "下午三点的会改到四点，地点不变，请大家带上上周的数据。王老师的论文我看过了，第二节写得很好。",
    "The patch applies cleanly to the current tree, but the test still fails on big endian machines. Any idea why?",
    "孩子今天发烧，我请半天假，晚上把代码提交上去，明天一早再一起看。",
]


@pytest.fixture(scope="module")
def heads() -> TextHeads:
    found = load_heads()
    assert found is not None
    return found


@pytest.mark.parametrize(("text", "label"), UNSEEN)
def test_a_head_knows_a_request_that_is_worded_in_a_new_way(heads: TextHeads, text: str, label: str) -> None:
    assert raised({}, latin(text), heads)[label].log_odds >= 0.0


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_talk_holds_no_label(heads: TextHeads, text: str) -> None:
    assert not [label for label, hit in raised({}, latin(text), heads).items() if hit.log_odds >= 0.5]


@pytest.mark.parametrize(("text", "label"), UNSEEN)
def test_a_head_alone_stays_below_its_ceiling_and_shows_the_place(
    heads: TextHeads, text: str, label: str
) -> None:
    hit = raised({}, latin(text), heads)[label]
    assert hit.log_odds <= MOST
    assert hit.phrases[0]
    assert hit.phrases[0].split()[0] in latin(text)


@given(
    st.text(max_size=300),
    st.dictionaries(st.sampled_from(["subsidy", "asks-scan", "threat"]), st.floats(-2, 6), max_size=3),
)
def test_no_label_is_ever_lowered(text: str, known: dict[str, float]) -> None:
    found = {label: Found(value, ("phrase",)) for label, value in known.items()}
    after = raised(found, latin(text), load_heads())
    assert all(after[label].log_odds >= hit.log_odds for label, hit in found.items())
    assert all(after[label].phrases == hit.phrases for label, hit in found.items())


@given(st.text(max_size=2_000))
def test_any_text_is_cut_into_pieces_in_bounds(text: str) -> None:
    cut = pieces(latin(text), 1 << 10)
    assert len(cut.buckets) == len(cut.starts)
    assert len(cut.buckets) <= 3 * len(cut.text) + 3
    assert not len(cut.buckets) or (cut.buckets.min() >= 0 and cut.buckets.max() < 1 << 10)


@pytest.mark.parametrize("piece", ["a", "补", "a@", "http://", " ", "补 a", "\ud800", "0", "www."])
def test_hostile_texts_are_read_to_a_limit(heads: TextHeads, piece: str) -> None:
    raised({}, piece * 200_000, heads)
    assert len(pieces(piece * 200_000, len(heads.weights)).buckets) <= 3 * 4_400 + 3


def test_the_same_text_gives_the_same_pieces_wherever_it_stands() -> None:
    alone = set(pieces("scan the code", 1 << 16).distinct)
    assert alone <= set(pieces("now scan the code please", 1 << 16).distinct) | alone
    assert np.array_equal(pieces("扫码领取", 1 << 16).buckets, pieces("扫 码领取", 1 << 16).buckets)


def test_which_number_and_which_address_stands_there_makes_no_difference() -> None:
    one = pieces("pay 123 to a.b@c.example at https://x.example/1 now", 1 << 16)
    other = pieces("pay 987 to zz@d.example at https://y.example/22/33 now", 1 << 16)
    assert np.array_equal(one.distinct, other.distinct)


def test_without_heads_the_lexicon_stands_alone() -> None:
    found = load_lexicon().find("please scan the qr code")
    assert raised(found, "please scan the qr code", None) == found


@pytest.mark.parametrize(
    ("text", "label", "whole"),
    [
        (
            "please use your phone camera to scan the qr code below and finish the registration.",
            "asks-scan",
            False,
        ),
        (
            "您好。各位老师，请打开手机微信扫一下文末的图码，补齐资料后补贴两小时内到账。谢谢！",
            "asks-scan",
            True,
        ),
    ],
)
def test_what_is_quoted_are_words_of_the_mail(heads: TextHeads, text: str, label: str, whole: bool) -> None:
    text = latin(text)
    shown = raised({}, text, heads)[label].phrases[0]
    assert shown in text and len(shown) >= 4
    if whole:  # A clause, and not a piece that begins and ends anywhere.
        assert any(text[text.index(shown) - 1] == mark for mark in "。,")
    else:
        assert set(shown.split()) <= set(text.rstrip(".").split())


def test_what_is_no_phrase_is_not_quoted(heads: TextHeads) -> None:
    cut = pieces("12 34 _ 56\n--- 9/9 ---\n=== (7) 8", len(heads.weights))
    for column in range(len(heads.labels)):
        assert _loudest(cut, heads.weights[:, column]) == ""
