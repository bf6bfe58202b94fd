"""A changed policy reaches the listings that stand, in portions, and goes on where it was interrupted."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
from tests.service.test_listing import check, convict
from tests.worlds import TestClock, world

from mailrisk.model.policy import Policy
from mailrisk.model.subject import Kind, Subject
from mailrisk.service.context import Context
from mailrisk.service.explain import explain
from mailrisk.service.policy_pass import PolicyPass

PAGES = [Subject(Kind.URL, f"evil{number}.example/login") for number in range(5)]


def milder(context: Context, weight: float) -> Context:
    """The same place under a policy in which reported messages weigh otherwise."""
    document = context.policy.document
    rule = msgspec.structs.replace(document.reasons["in-malicious-message"], weight=weight)
    reasons = {**document.reasons, "in-malicious-message": rule}
    return dataclasses.replace(context, policy=Policy(msgspec.structs.replace(document, reasons=reasons)))


def test_listings_are_decided_again_in_portions_until_none_is_left(
    context: Context, clock: TestClock
) -> None:
    for page in PAGES:
        convict(context, page)
    assert PolicyPass(context).step() == 0, "nothing to do under the policy they were decided with"
    clock.forward(hours=1)
    changed = milder(context, 0.1)
    assert check(changed, "evil0.example/login").level == "malicious"
    begun = PolicyPass(changed)
    assert begun.step(3) == 3
    again = PolicyPass(changed)  # the program was restarted in the middle
    assert [again.step(3), again.step(3), again.step(3)] == [2, 0, 0]
    assert again.done
    for page in PAGES:
        assert check(changed, page.value).level == "unknown"
    assert explain(changed, PAGES[0].value).policy == changed.policy.hash


def test_a_policy_that_says_the_same_makes_no_change(context: Context, clock: TestClock) -> None:
    convict(context, PAGES[0])
    before = context.ledger.last_seq()
    clock.forward(hours=1)
    changed = milder(context, 7.001)
    assert PolicyPass(changed).step() == 1
    assert context.ledger.last_seq() == before


def test_a_policy_that_comes_back_is_a_new_one(context: Context, clock: TestClock) -> None:
    convict(context, PAGES[0])
    for other in (milder(context, 0.1), context):
        clock.forward(hours=1)
        if other is context:
            convict(other, PAGES[1])
        PolicyPass(other).step()
    assert check(context, PAGES[1].value).level == "malicious"


def test_a_start_without_listings_does_nothing(tmp_path: Path) -> None:
    with world(tmp_path, TestClock()) as empty:
        assert PolicyPass(empty).step() == 0
