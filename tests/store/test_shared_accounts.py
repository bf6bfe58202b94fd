"""What is said of accounts is the same wherever they are kept, and nodes that share them see what the others saw."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from tests.analyse.login.scenes import ATTACKER, START, event, names
from tests.store.conftest import MakeRecords

from mailrisk.analyse.login.takeover import TakeoverAnalysis
from mailrisk.analyse.sending.analysis import SendAnalysis
from mailrisk.model.events import LoginEvent, Outcome, SendEvent
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Kind, Subject


class Node:
    """The analyses of one node, in process or with the records that it shares."""

    def __init__(self, nodes: MakeRecords | None = None) -> None:
        def subject_of(name: str) -> Subject:
            return Subject(Kind.ACCOUNT, name)

        self.sending = SendAnalysis(
            subject_of, own_domains=frozenset({"example.org"}), records=nodes("sending") if nodes else None
        )
        self.takeover = TakeoverAnalysis(
            subject_of,
            lambda ip: 8 * (ip == ATTACKER),
            lambda ip: ip[:2],
            records=nodes("takeover") if nodes else None,
        )

    def observe(self, one: LoginEvent | SendEvent) -> list[Evidence]:
        """What an event gives rise to."""
        if isinstance(one, SendEvent):
            return self.sending.observe(one)
        self.sending.login(one)
        return self.takeover.observe(one)


def a_fortnight(seed: int) -> list[LoginEvent | SendEvent]:
    """Accounts that log in and write from home and, at times, from an attacker's address to many strangers."""
    rng = random.Random(seed)
    made: list[LoginEvent | SendEvent] = []
    for number in range(150):
        account, at_s = rng.choice(names(4)), number * 8_000
        ip = rng.choice(["198.51.100.20", "198.51.100.20", ATTACKER])
        made.append(event(at_s, account, rng.choice([Outcome.SUCCESS, Outcome.FAILURE]), ip=ip))
        to = tuple(f"person{rng.randrange(400)}@elsewhere.example" for _ in range(rng.choice([1, 1, 2, 40])))
        made.append(
            SendEvent(
                seen_at=START + timedelta(seconds=at_s + 60), service="postfix", account=account, ip=ip, to=to,
                recipients=len(to), size=900, bounced=rng.randrange(len(to) + 1),
            )
        )  # fmt: skip
    return made


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("count", [1, 3])
def test_nodes_that_share_accounts_say_together_what_one_says_alone(
    nodes: MakeRecords, seed: int, count: int
) -> None:
    events, alone = a_fortnight(seed), Node()
    expected = [item for one in events for item in alone.observe(one)]
    together = [Node(nodes) for _ in range(count)]
    found = [item for number, one in enumerate(events) for item in together[number % count].observe(one)]
    assert found == expected and len({item.code for item in found}) >= 3
    for name in names(4):
        assert together[-1].sending.is_suspected(name) == alone.sending.is_suspected(name)
    assert sum(node.sending._senders.lost + node.takeover._accounts.lost for node in together) == 0
