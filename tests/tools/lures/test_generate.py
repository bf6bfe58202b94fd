"""The generator of synthetic lures and their honest twins."""

from __future__ import annotations

import io
import random
import re
import zipfile

import pytest
from tools.lures.generate import generate
from tools.lures.grammar import Bank, Writer, lines_of
from tools.lures.letters import letters
from tools.lures.locked import locked_zip
from tools.lures.material import banks, of_split, templates

from mailrisk.collect.message.parse import parse_message


def test_the_same_seed_gives_the_same_messages_and_another_one_gives_others() -> None:
    first = [one.raw for one in generate(3, 40, "train")]
    assert first == [one.raw for one in generate(3, 40, "train")]
    assert first != [one.raw for one in generate(4, 40, "train")]


def test_no_family_of_texts_is_in_training_and_in_testing() -> None:
    train = {one.id for one in of_split("train")}
    test = {one.id for one in of_split("test")}
    assert not train & test
    assert len(train | test) == len(templates()) == len({one.id for one in templates()})


@pytest.mark.parametrize("words", ["zh", "en"])
def test_no_line_of_a_larger_labelled_bank_is_in_training_and_in_testing(words: str) -> None:
    for name, bank in banks(words).items():
        if bank.labels and len(bank.lines) >= 5:
            assert not set(lines_of(name, bank, "train")) & set(lines_of(name, bank, "test")), name


def test_both_splits_hold_lures_and_twins_of_chinese_and_english() -> None:
    for split in ("train", "test"):
        for language in ("zh", "en"):
            kinds = [one.kind for one in of_split(split) if one.language == language]
            assert kinds.count("lure") >= 20
            assert kinds.count("twin") >= 20


def test_there_are_sixty_families_of_each_kind_in_chinese_and_in_english() -> None:
    for language in ("zh", "en"):
        for kind in ("lure", "twin"):
            assert sum(one.language == language and one.kind == kind for one in templates()) >= 60


def test_every_slot_of_every_template_can_be_filled_and_none_is_left_over() -> None:
    for split in ("train", "test"):
        for letter in letters(1, 3 * len(of_split(split)), split):
            assert not re.search(r"[{}\[\]|]", letter.subject + letter.body.replace("[GitHub]", "")), (
                letter.template.id
            )


def test_every_message_parses_without_limits_reached() -> None:
    for one in generate(5, 120, "test"):
        message = parse_message(one.raw)
        assert not message.cuts
        assert message.from_
        assert message.header("Authentication-Results")


def test_a_text_differs_between_letters_of_one_template() -> None:
    template = next(one for one in of_split("train") if one.id.startswith("zh-wage"))
    texts = {letter.text for letter in letters(1, 20, "train", [template])}
    assert len(texts) >= 18


def test_banks_give_their_labels_to_the_text_that_uses_them() -> None:
    writer = Writer(
        {"hush": Bank(("tell nobody",), "secrecy"), "say": Bank(("[well|so], {hush}",))},
        "train",
        random.Random(1),
    )
    text, labels = writer.expand("{say} {name}", {"name": "Ann"})
    assert text.endswith(", tell nobody Ann")
    assert labels == {"secrecy"}


def test_a_locked_archive_opens_with_its_password_alone() -> None:
    archive = zipfile.ZipFile(io.BytesIO(locked_zip("a.txt", b"what is inside", "s3cret")))
    assert archive.read("a.txt", pwd=b"s3cret") == b"what is inside"
    with pytest.raises(RuntimeError, match="password"):
        archive.read("a.txt")
