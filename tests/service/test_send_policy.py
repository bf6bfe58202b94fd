"""What becomes of the mail of an account that looks stolen: limited, held, or only told."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from tests.service.test_alerts import RISKY, watched  # noqa: F401  a fixture

from mailrisk.service.accounts import LIMITED, SendPolicy
from mailrisk.service.context import Context

EVERYBODY: Any = SimpleNamespace(sending=SimpleNamespace(is_suspected=lambda account: True))


def test_a_risky_account_may_send_its_share_of_the_hour(watched: Context) -> None:  # noqa: F811
    now = watched.clock()
    context = dataclasses.replace(watched, clock=lambda: now)
    policy = SendPolicy(context, EVERYBODY, "", limit_per_hour=2)
    said = [policy.action(RISKY, whole) for _ in range(3) for whole in (False, True)]
    assert said[:4] == ["", "", "", ""] and said[4:] == [LIMITED, LIMITED]
    now += timedelta(minutes=61)
    assert policy.action(RISKY, False) == ""


def test_recipients_alone_are_no_message(watched: Context) -> None:  # noqa: F811
    policy = SendPolicy(watched, EVERYBODY, "", limit_per_hour=1)
    assert [policy.action(RISKY, False) for _ in range(50)] == [""] * 50


def test_an_account_that_nothing_is_known_of_is_neither_limited_nor_held(watched: Context) -> None:  # noqa: F811
    policy = SendPolicy(watched, EVERYBODY, "HOLD", limit_per_hour=1)
    assert [policy.action("bob@example.org", True) for _ in range(5)] == [""] * 5


def test_without_an_action_it_is_counted_what_would_have_been_done(watched: Context) -> None:  # noqa: F811
    policy = SendPolicy(watched, EVERYBODY, "")
    assert policy.action(RISKY, True) == "" and policy.would_have_acted == 1
    assert SendPolicy(watched, EVERYBODY, "HOLD").action(RISKY, True) == "HOLD"
