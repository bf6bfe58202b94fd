"""Slow stages: done where they could change the verdict, bounded, told, and never lowering anything."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace
from tests.analyse.message.letters import letter, view

from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.intent import ASKS, LURES, PRESSURE, UNWANTED
from mailrisk.analyse.message.opinion import NAMES_ZH
from mailrisk.analyse.message.view import MessageView
from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.model.evidence import Evidence
from mailrisk.model.facts import Fact
from mailrisk.model.file import Picture, ReadPicture
from mailrisk.model.message import Envelope
from mailrisk.model.opinion import LABELS, Opinion, Question
from mailrisk.model.policy import Policy
from mailrisk.service.answers import MessageAnswer
from mailrisk.service.check_message import check_message
from mailrisk.service.context import Context
from mailrisk.service.deep_count import MOST_WAITING
from mailrisk.service.deepen import deepen
from mailrisk.service.message_links import Known
from mailrisk.service.readers import Depth, Readers
from mailrisk.service.slow_stages import STAGES

UNCERTAIN = Depth(band=(0.0, 0.9))
"""Everything that is not malicious is uncertain: what the weights of a day are does not matter here."""

PICTURES = [(f"{name}.png", "image/png", bytes([number]) * size) for number, (name, size) in enumerate(
    [("small", 500), ("a", 3_000), ("b", 9_000), ("c", 6_000)])]  # fmt: skip
LUNCH = letter("Bob", "bob@friend.example", "lunch", "See you at noon in the usual place?")
QUOTA = letter(
    "IT", "it@lianhe-info.example", "邮箱升级", "您的邮箱需要升级，请登录验证账号：http://youxiang.top/a"
)
GALLERY = letter("Eve", "eve@far.example", "Photos", "Here are the pictures of last week.", files=PICTURES)


class Eyes:
    """A picture reader that notes what it was given."""

    def __init__(
        self, *, error: Exception | None = None, lines: tuple[str, ...] = (), slow: bool = False
    ) -> None:
        self.error, self.lines, self.slow = error, lines, slow
        self.read_pictures: list[Picture] = []
        self.inside = self.most_inside = 0

    async def read(self, picture: Picture) -> ReadPicture:
        self.read_pictures.append(picture)
        self.inside += 1
        self.most_inside = max(self.inside, self.most_inside)
        await asyncio.sleep(30 if self.slow else 0)
        self.inside -= 1
        if self.error is not None:
            raise self.error
        return ReadPicture(lines=tuple((line, 0.9) for line in self.lines), artefact=picture.artefact)


class Meanings:
    """An embedder that answers the same to all."""

    def __init__(self, found: Mapping[str, float] | Exception) -> None:
        self.found = found
        self.texts: list[str] = []

    async def intents(self, text: str) -> Mapping[str, float]:
        self.texts.append(text)
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class Model:
    """A language model that answers the same to all."""

    name = "stub"

    def __init__(self, fact: Fact) -> None:
        self.fact = fact
        self.questions: list[Question] = []

    async def ask(self, question: Question) -> Fact:
        self.questions.append(question)
        return self.fact


def loud(context: Context) -> Context:
    """The context under a policy in which words or a model alone make a plain letter suspicious.

    So whether a stage is wanted does not depend on the weights of the day.
    """
    document = context.policy.document
    rule = replace(document.reasons["language-model-suspects"], weight=6.0)
    reasons = document.reasons | {"language-model-suspects": rule}
    caps = document.caps | {"language-model": 6.0, "intent": 9.0}
    return dataclasses.replace(context, policy=Policy(replace(document, reasons=reasons, caps=caps)))


def deep(context: Context, depth: Depth = UNCERTAIN, **readers: Any) -> Context:
    """The context with these readers; it may ask outside, where nobody answers."""
    return dataclasses.replace(context, network=True, depth=depth, readers=Readers(**readers))


def check(context: Context, raw: bytes, *, network: bool = True) -> MessageAnswer:
    return asyncio.run(check_message(context, raw, Envelope(), network=network))


def test_the_labels_of_a_model_are_the_intents() -> None:
    assert set(LABELS) == {*ASKS, *LURES, *PRESSURE, *UNWANTED} == set(NAMES_ZH)


def test_every_stage_tells_its_cost() -> None:
    assert [stage.name for stage in STAGES] == ["ocr", "unlock", "embedding", "language-model"]
    assert all(stage.cost and stage.at_once >= 1 for stage in STAGES)


def test_a_clear_verdict_asks_nobody(context: Context) -> None:
    eyes, meanings, model = Eyes(), Meanings({}), Model(Fact("found", Opinion(suspicion=99)))
    asked = deep(context, Depth(), ocr=eyes, embedder=meanings, language_model=model)
    for raw in (QUOTA, LUNCH):
        found = check(asked, raw)
        assert not found.in_band and not {"ocr", "embedding", "language-model"} & {
            *found.stages,
            *found.missing_stages,
        }
    assert not eyes.read_pictures and not meanings.texts and not model.questions


def test_an_uncertain_verdict_goes_through_every_stage(context: Context) -> None:
    seen = view(GALLERY)

    def analyse(seen: MessageView, known: Known) -> list[Evidence]:
        """Something that is uncertain, and more with everything that a stage adds."""
        added = 0.15 * bool(seen.pictures) + 0.15 * bool(seen.meanings) + 0.35 * (seen.opinion is not None)
        return [fact(seen, code="subsidy-lure", value=0.45 + added)]

    readers: dict[str, Any] = {"ocr": Eyes(), "embedder": Meanings({"asks-open": 1.0})}
    asked = deep(context, language_model=Model(Fact("found", Opinion(suspicion=80))), **readers)
    found = asyncio.run(deepen(asked, seen, analyse, known=Known(network=True)))
    assert found.in_band and found.stages == ("ocr", "embedding", "language-model") and not found.missing
    assert found.judged.evidence[0].value == pytest.approx(1.1)


def test_where_even_the_loudest_answer_changes_no_level_nobody_is_asked(context: Context) -> None:
    model = Model(Fact("found", Opinion(suspicion=100)))
    found = check(deep(context, language_model=model), LUNCH)
    assert (
        found.in_band
        and "language-model" not in (*found.stages, *found.missing_stages)
        and not model.questions
    )


def test_the_largest_pictures_are_read_and_the_rest_is_told(context: Context) -> None:
    eyes = Eyes()
    found = check(deep(context, Depth(band=(0.0, 0.9), most_pictures=2), ocr=eyes), GALLERY)
    assert [len(picture.data) for picture in eyes.read_pictures] == [9_000, 6_000]
    assert "ocr" in found.stages and "pictures: 1 of 3 were not read" in found.cut


def test_what_pictures_say_is_read_like_text(context: Context) -> None:
    lines = ("Your mailbox is full", "Sign in to verify your account", "within 24 hours")
    before, after = check(deep(context), GALLERY), check(deep(context, ocr=Eyes(lines=lines)), GALLERY)
    assert "ocr" in before.missing_stages and after.score > before.score
    assert {"mailbox-quota", "asks-credential"} <= {reason.code for reason in after.reasons}


def test_a_mail_that_is_a_picture_is_read_below_the_band_too(context: Context) -> None:
    raw = letter("Eve", "eve@far.example", "", " ", files=PICTURES[2:3])
    eyes = Eyes()
    assert "ocr" in check(deep(context, Depth(band=(0.9, 0.9)), ocr=eyes), raw).stages
    assert len(eyes.read_pictures) == 1


def test_a_picture_that_cannot_be_decoded_is_passed_over(context: Context) -> None:
    found = check(deep(context, ocr=Eyes(error=BadInput("picture", "no picture"))), GALLERY)
    assert "ocr" in found.stages and sum("not read: no picture" in cut for cut in found.cut) == 3


@pytest.mark.parametrize("broken", ["ocr", "embedding"])
def test_a_stage_that_fails_is_missing_and_the_verdict_stands(context: Context, broken: str) -> None:
    error = Unavailable("no memory")
    readers: dict[str, Any] = {"ocr": Eyes(error=error), "embedder": Meanings(error)}
    raw = GALLERY if broken == "ocr" else LUNCH
    found = check(deep(loud(context), **readers), raw)
    assert broken in found.missing_stages and broken not in found.stages
    assert f"{broken}: not done: no memory" in found.cut
    assert found.score == check(deep(loud(context)), raw).score


def test_a_stage_that_hangs_is_given_up_within_the_budget(context: Context) -> None:
    depth = Depth(band=(0.0, 0.9), budget_s=0.05)
    found = check(deep(context, depth, ocr=Eyes(slow=True), embedder=Meanings({})), GALLERY)
    assert "ocr" in found.missing_stages and "ocr: not done: not finished in time" in found.cut


def test_what_was_read_before_the_reader_failed_counts(context: Context) -> None:
    class Tired(Eyes):
        async def read(self, picture: Picture) -> ReadPicture:
            if self.read_pictures:
                raise Unavailable("the child was killed")
            return await super().read(picture)

    found = check(
        deep(context, ocr=Tired(lines=("Your mailbox is full, sign in to verify your account",))), GALLERY
    )
    assert "ocr" in found.missing_stages and "pictures: only 1 of 3 could be read" in found.cut
    assert "mailbox-quota" in {reason.code for reason in found.reasons}


def test_as_many_messages_as_a_stage_bears_are_in_it_together(context: Context) -> None:
    eyes = Eyes()
    asked = deep(context, ocr=eyes)

    async def run() -> None:
        await asyncio.gather(*(check_message(asked, GALLERY, Envelope()) for _ in range(5)))

    asyncio.run(run())
    assert len(eyes.read_pictures) == 15 and eyes.most_inside == 1


def test_in_a_flood_messages_do_without_a_stage_instead_of_piling_up(context: Context) -> None:
    asked = deep(context, Depth(band=(0.0, 0.9), budget_s=30.0), ocr=Eyes(slow=True))

    async def run() -> list[MessageAnswer]:
        waiting = [
            asyncio.create_task(check_message(asked, GALLERY, Envelope())) for _ in range(MOST_WAITING + 4)
        ]
        done, rest = await asyncio.wait(waiting, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        return [task.result() for task in done]

    first = asyncio.run(run())[0]
    assert "ocr: not done: too many messages wait for it" in first.cut and "ocr" in first.missing_stages


def test_a_stage_that_is_switched_off_is_neither_done_nor_missed(context: Context) -> None:
    eyes = Eyes()
    found = check(deep(context, Depth(band=(0.0, 0.9), off=frozenset({"ocr"})), ocr=eyes), GALLERY)
    assert "ocr" not in (*found.stages, *found.missing_stages) and not eyes.read_pictures


def test_without_network_no_language_model_is_asked(context: Context) -> None:
    model = Model(Fact("found", Opinion(suspicion=90)))
    found = check(deep(loud(context), language_model=model), LUNCH, network=False)
    assert "language-model" in found.missing_stages and not model.questions


@pytest.mark.parametrize(
    "meanings", [{}, dict.fromkeys(LABELS, -6.0), {"asks-open": -6.0}, {"no-intent": 6.0}]
)
def test_no_embedding_lowers_a_score(context: Context, meanings: dict[str, float]) -> None:
    for raw in (LUNCH, GALLERY):
        assert (
            check(deep(loud(context), embedder=Meanings(meanings)), raw).score
            >= check(deep(loud(context)), raw).score
        )


def test_an_embedding_finds_what_the_words_do_not_say(context: Context) -> None:
    meanings = {"asks-credential": 3.0, "urgency": 2.0}
    found = check(deep(loud(context), embedder=Meanings(meanings)), LUNCH)
    assert {"asks-credential", "urgency"} <= {reason.code for reason in found.reasons}
    assert "embedding" in found.stages


def test_the_same_message_gets_the_same_answer(context: Context) -> None:
    readers: dict[str, Any] = {
        "ocr": Eyes(lines=("Sign in",)),
        "language_model": Model(Fact("found", Opinion(suspicion=80, labels=(("urgency", 90),)))),
    }
    first, second = (check(deep(loud(context), **readers), GALLERY) for _ in range(2))
    assert first == second


def test_the_share_of_uncertain_messages_is_counted(context: Context) -> None:
    counted = deep(context, Depth(), ocr=Eyes(error=Unavailable("away")))
    for raw in (LUNCH, QUOTA, letter("Eve", "eve@far.example", "", " ", files=PICTURES[2:3])):
        check(counted, raw)
    status = counted.deep_count.status()
    assert status.messages == 3 and status.missing == {"ocr": 1} and status.in_band <= 1
