"""Intents by meaning: what the embedding says of texts that nobody trained on, within bounds."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing

import numpy as np
import pytest

from mailrisk.edge.embedding_process import make_embedder
from mailrisk.edge.embeddings import MOST, MOST_WINDOWS, WINDOW, TextEmbedder, embed, load_embedder, windows
from mailrisk.model.errors import Unavailable

UNSEEN = [
    ("您的包裹被海关扣住了，补交几十块钱税款就能放行，不交的话会退回去。", "delivery"),
    ("学校的邮箱快要装不下了，请扩大容量，否则别人给您写信会被退回。", "mailbox-quota"),
    ("The courier could not hand over your package, choose another day for the delivery.", "delivery"),
    ("Your inbox has run out of space and new mail bounces until you get more storage.", "mailbox-quota"),
    ("Le service des impôts vous doit un remboursement de 300 euros.", "tax"),
]
"""Hand-written, in the words of no template."""

ORDINARY = [
    "下午三点的会改到四点，地点不变。王老师的论文我看过了，第二节写得很好。",
    "The patch applies cleanly, but the test still fails on big endian machines. Any idea why?",
]


@pytest.fixture(scope="module")
def embedder() -> TextEmbedder:
    found = load_embedder()
    assert found is not None
    return found


@pytest.mark.parametrize(("text", "label"), UNSEEN)
def test_a_request_is_known_by_its_meaning(embedder: TextEmbedder, text: str, label: str) -> None:
    assert asyncio.run(embedder.intents(text)).get(label, -2.0) >= 0.0


def test_a_child_process_says_what_this_one_says_and_comes_again_after_its_end(
    embedder: TextEmbedder,
) -> None:
    process = make_embedder()
    assert process is not None
    with closing(process):
        process.start()
        for text, _ in UNSEEN[:2]:
            assert asyncio.run(process.intents(text)) == pytest.approx(embedder.read(text), abs=1e-3)
        assert process._child is not None
        process._child._process.kill()
        with pytest.raises(Unavailable):
            asyncio.run(process.intents(UNSEEN[0][0]))
        assert asyncio.run(process.intents(UNSEEN[0][0])) == pytest.approx(
            embedder.read(UNSEEN[0][0]), abs=1e-3
        )


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_talk_holds_no_label(embedder: TextEmbedder, text: str) -> None:
    assert not [label for label, sure in embedder.read(text).items() if sure >= 0.5]


def test_one_lure_in_a_long_letter_is_found(embedder: TextEmbedder) -> None:
    long = "The patch applies cleanly, but the test still fails. " * 12 + UNSEEN[2][0] * 3
    assert embedder.read(long).get("delivery", -2.0) >= 0.0


def test_no_label_is_surer_than_its_ceiling_nor_less_sure_than_even(embedder: TextEmbedder) -> None:
    found = embedder.read(" ".join(text for text, _ in UNSEEN))
    assert found
    assert all(0.0 <= sure <= MOST for sure in found.values())


@pytest.mark.parametrize("piece", ["a", "领", "ab ", "\n", "\ud800", "\0", "領取補貼", "🎁"])
def test_hostile_texts_are_read_to_a_limit(embedder: TextEmbedder, piece: str) -> None:
    cut = windows(piece * 500_000)
    assert len(cut) <= MOST_WINDOWS
    assert all(len(one) <= WINDOW for one in cut)
    embedder.read(piece * 500_000)


def test_nothing_to_read_holds_nothing(embedder: TextEmbedder) -> None:
    assert embedder.read(" \n ") == {}


def test_a_vector_has_length_one_and_is_the_same_each_time() -> None:
    first, again = embed(["hello world"]), embed(["hello world"])
    assert first.shape == (1, 512)
    assert np.allclose(np.linalg.norm(first), 1.0, atol=1e-3)
    assert np.array_equal(first, again)


def test_closing_does_not_wait_for_a_child_that_is_still_loading() -> None:
    process = make_embedder()
    assert process is not None
    process.start()
    while process._child is None:
        time.sleep(0.01)
    process.close()
    assert process._child is None
