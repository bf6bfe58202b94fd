"""Scoring: what counts as recall, as attempts before a block, as a wronged address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tools.bench_login import figures
from tools.bench_login_table import table
from tools.sim.figures import missed, summary
from tools.sim.model import DOMAIN, HONEST, Traced, TraceSettings
from tools.sim.ours import Ours
from tools.sim.peers import CrowdSec, Fail2ban
from tools.sim.score import Defence, Score, play
from tools.sim.trace import Trace

from mailrisk.model.events import LoginEvent, Outcome, SendEvent

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class AfterThree:
    """Refuses an address for ever once it has failed three times."""

    name = "after-three"

    def __init__(self) -> None:
        self.failures: dict[str, int] = {}

    def refuses(self, ip: str, account: str, at: datetime) -> bool:
        return self.failures.get(ip, 0) >= 3

    def observe_login(self, event: LoginEvent) -> list[str]:
        if event.outcome is Outcome.SUCCESS:
            return []
        count = self.failures[event.ip] = self.failures.get(event.ip, 0) + 1
        return [event.ip] if count == 3 else []


def tried(second: float, ip: str, actor: str, outcome: Outcome = Outcome.FAILURE) -> Traced:
    when = START + timedelta(seconds=second)
    event = LoginEvent(
        seen_at=when, service="dovecot", protocol="imap", account=f"a@{DOMAIN}", ip=ip, outcome=outcome
    )
    return event, actor


def scored(*events: Traced) -> Score:
    return play(events, [AfterThree()])[0]


def test_attempts_before_the_block_and_the_share_let_through() -> None:
    found = summary(scored(*(tried(n, "203.0.113.1", "fast#0") for n in range(10))))
    row = found["per_family"]["fast"]
    assert (row["recall"], row["attempts_median"], row["let_through"]) == (1.0, 3, 0.3)
    assert found["recall_fast"] == 1.0
    assert found["recall_slow"] is None


def test_recall_counts_addresses_and_not_attempts() -> None:
    quiet = [tried(n, f"203.0.113.{n}", "slow#0") for n in range(3)]
    loud = [tried(10 + n, "203.0.113.77", "slow#1") for n in range(97)]
    assert summary(scored(*quiet, *loud))["recall_slow"] == 0.25


def test_an_honest_address_counts_once_and_its_refused_logins_each() -> None:
    failures = [tried(n, "198.51.100.1", "trap:stale-office") for n in range(20)]
    logins = [tried(100 + n, "198.51.100.1", HONEST, Outcome.SUCCESS) for n in range(4)]
    score = scored(*failures, *logins)
    assert list(score.honest_blocked) == ["198.51.100.1"]
    assert (score.honest_logins, score.honest_refused) == (4, 4)


def test_a_botnet_is_found_when_half_of_its_addresses_are_refused() -> None:
    rounds = [tried(100 * n + one, f"203.0.113.{one}", "botnet#0") for n in range(4) for one in range(20)]
    found = summary(scored(*rounds))
    assert found["botnet_attempts_max"] == 50  # All have tried twice, and ten a third time.
    assert summary(scored(*rounds[:40]))["botnet_attempts_max"] is None


def test_messages_of_a_thief_are_counted_until_his_account_is_flagged() -> None:
    ours = Ours((), frozenset((DOMAIN,)))
    home = [tried(60 * n, "198.51.100.1", HONEST, Outcome.SUCCESS) for n in range(3)]
    thief = [tried(9000, "203.0.113.5", "compromised#0", Outcome.SUCCESS)]
    for number in range(40):
        to = (f"stranger{number}@example.com",)
        when = START + timedelta(seconds=9060 + number)
        event = SendEvent(
            seen_at=when, service="postfix", account=f"a@{DOMAIN}", ip="203.0.113.5", to=to, size=900
        )
        thief.append((event, "compromised#0"))
    [score] = play([*home, *thief], [ours])
    row = summary(score)["per_family"]["compromised"]
    assert row["recall"] == 1.0
    assert 1 <= row["messages_max"] <= 20


def test_a_small_trace_gives_every_figure_of_the_last_line() -> None:
    trace = Trace(TraceSettings(seed=5, days=5, people=100, attackers=0.05))
    events = list(trace.events())
    frontends = trace.frontends
    defences: list[Defence] = [
        Ours(frontends, frozenset((DOMAIN,))),
        Fail2ban(frontends),
        CrowdSec(frontends),
    ]
    results = {score.defence.name: (summary(score), missed(score)) for score in play(events, defences)}
    found = figures(results, {"policy_p99_ms": 1.5})
    wanted = {
        "recall_fast", "recall_slow", "botnet_attempts_max", "honest_blocked_per_million", "per_family", "peers",
        "policy_p99_ms",
    }  # fmt: skip
    assert wanted <= set(found)
    assert set(found["peers"]) == {"fail2ban", "crowdsec"}
    assert found["per_family"]["botnet"]["addresses"] == 1000
    text = table(results, {"policy_p99_ms": 1.5})
    assert "fail2ban*" in text
    assert "policy p99" in text
