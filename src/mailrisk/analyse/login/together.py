"""What addresses do together -> evidence about each of them, and about whole networks.

Joins the shared dictionary (``dictionary.py``) and neighbouring networks (``neighbours.py``) with what is known of
the single address. An address where somebody logs in honestly is never judged by its company.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from mailrisk.analyse.login.dictionary import Dictionary, DictionaryState, Membership, try_of
from mailrisk.analyse.login.findings import SOURCE, about, ago, stamp
from mailrisk.analyse.login.judge import COMPANY
from mailrisk.analyse.login.neighbours import Crowd, Neighbours, NeighboursState
from mailrisk.analyse.login.operators import Operator, OperatorOf, Operators, nobody_knows
from mailrisk.analyse.login.settings import LoginSettings, value_of
from mailrisk.analyse.login.sources import Source, Sources
from mailrisk.model.events import LoginEvent, Outcome, voice
from mailrisk.model.evidence import Evidence
from mailrisk.model.ip import aggregate, reserved_range
from mailrisk.model.subject import Kind, Subject

NAME = "login-shared-name"
DICTIONARY, NEIGHBOURS = COMPANY
NETWORK = "login-network-attack"
OPERATOR = "login-operator"


class TogetherState(msgspec.Struct, array_like=True):
    """What ``Together`` knows."""

    dictionary: DictionaryState
    neighbours: NeighboursState
    operators: dict[str, Operator] = {}


class Together:
    """Addresses in company."""

    def __init__(
        self, settings: LoginSettings, sources: Sources, operator_of: OperatorOf = nobody_knows
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._operators = Operators(settings.operators, operator_of)
        self._dictionary = Dictionary(settings.dictionary)
        self._neighbours = Neighbours(settings.neighbours)

    def state(self) -> TogetherState:
        """Everything that is known; the tables themselves, so encode it at once."""
        return TogetherState(self._dictionary.state(), self._neighbours.state(), self._operators.state())

    def restore(self, state: TogetherState) -> None:
        """Goes on from a state."""
        self._dictionary.restore(state.dictionary)
        self._neighbours.restore(state.neighbours)
        self._operators.restore(state.operators)

    def owned(self, event: LoginEvent) -> None:
        """Somebody logged in to the account, from an address that says nothing about him."""
        self._dictionary.success(event.account, "", event.seen_at)

    def success(self, event: LoginEvent, key: str) -> Iterator[Evidence]:
        """Somebody logged in: the account is his, and the network is one where people log in."""
        self._dictionary.success(event.account, key, event.seen_at)
        self._operators.success(event.ip, event.account)
        network = aggregate(event.ip)[-1]
        found = self._neighbours.success(network, event.account)
        home = len(found.home)
        if found.said and home >= max(1, 2 * found.honest_said):
            found.honest_said = home
            yield Evidence(
                code="login-shared-address",
                subject=Subject(Kind.NETWORK, network),
                source=SOURCE,
                seen_at=event.seen_at,
                data={
                    "successes": home,
                    "accounts": max((t.accounts for t in found.tallies if t), default=0),
                },
                ref=f"{network} {home}",
            )

    def failure(self, event: LoginEvent, key: str, source: Source) -> Iterator[Evidence]:
        """A failure that is on the address's own account already."""
        if not event.account or reserved_range(event.ip):
            return
        one = try_of(event.ip, event.seen_at, event.attempts, event.secret)
        novel = source.failures <= self._settings.dictionary.most_names
        unknown = event.outcome is Outcome.UNKNOWN_USER
        for told in self._dictionary.failure(event.account, key, one, unknown=unknown, novel=novel):
            yield from self._member(told, event)
        for crowd in self._neighbours.failure(one.network, key, event):
            yield from self._crowd(crowd, one.network, event)
        yield from self._operator(event, key, source)

    def _operator(self, event: LoginEvent, key: str, source: Source) -> Iterator[Evidence]:
        """``login-operator`` about an address of which something is said already, and where nobody logs in."""
        if source.is_attacker:
            self._operators.attacked(event.ip, key, event.seen_at)
        if not source.reported or source.at_home:
            return
        found = self._operators.reputation(event.ip, key, event.seen_at)
        if found is None or not found.value or not source.is_news(OPERATOR, found.value, event.seen_at):
            return
        data = {
            "operator": found.operator,
            "addresses": found.attackers,
            "networks": found.networks,
            "successes": found.home,
        }
        yield self._evidence(OPERATOR, source, key, found.value, data)

    def _member(self, key: str, event: LoginEvent) -> Iterator[Evidence]:
        """``login-shared-dictionary`` or ``login-shared-name``, when there is more to say than before."""
        source = self._sources.get(key)
        if source is None or source.at_home or not source.last_ip or source.is_convicted:
            return
        tally = source.tallies[-1]
        if tally is None:
            return
        found = self._dictionary.membership(key, tally.tries)
        settings = self._settings.dictionary
        home = self._neighbours.home(aggregate(source.last_ip)[-1])
        points = found.points - min(settings.offset_home * home, settings.offset_most)
        campaign = self._dictionary.is_campaign
        value = value_of(settings.steps if campaign else settings.steps_alone, points)
        # One account that somebody owns may be his own telephone's, whatever else goes on.
        if found.ghosts + found.owned < 2 and not found.ghosts:
            value = 0.0
        code = DICTIONARY
        if not value:
            code, value = NAME, value_of(settings.suspicion if campaign else settings.suspicion_alone, points)
        if not value or (code == NAME and DICTIONARY in source.together):
            return
        if not source.is_news(code, value, event.seen_at):
            return
        source.reported = True
        yield self._evidence(code, source, key, value, self._shared(found, source, event))

    def _shared(self, found: Membership, source: Source, event: LoginEvent) -> dict[str, Any]:
        settings = self._settings.dictionary
        return {
            "names": found.ghosts + found.owned,
            "ghosts": found.ghosts,
            "addresses": found.addresses,
            "campaign": found.campaign,
            "window": settings.name,
            "window_zh": settings.name_zh,
            "window_s": settings.length_s,
            **ago(source.first_failure_at, event.seen_at),
        }

    def _crowd(self, crowd: Crowd, network: str, event: LoginEvent) -> Iterator[Evidence]:
        """``login-neighbours`` about addresses of an attacking network, ``login-network-attack`` about itself."""
        data: dict[str, Any] = {
            "network": network,
            "addresses": crowd.addresses,
            "accounts": crowd.tally.accounts,
            "unknown": crowd.tally.unknown_accounts,
            "failures": crowd.tally.failures,
            "successes": crowd.home,
            "window": crowd.window.name,
            "window_zh": crowd.window.name_zh,
            "window_s": crowd.window.length_s,
            "from": stamp(crowd.tally.start),
        }
        for key in crowd.keys:
            yield from self._neighbour(key, crowd, data)
        if crowd.whole:
            yield Evidence(
                code=NETWORK,
                subject=Subject(Kind.NETWORK, network),
                source=voice(event.reporter, SOURCE),
                seen_at=event.seen_at,
                value=crowd.whole,
                data=data,
                ref=f"{network} {stamp(crowd.tally.start)} {crowd.whole:g}",
            )

    def _neighbour(self, key: str, crowd: Crowd, data: dict[str, Any]) -> Iterator[Evidence]:
        """One address. Where people log in beside it, it must fail on several accounts itself."""
        source = self._sources.get(key)
        if source is None or source.at_home or not source.last_ip:
            return
        own = max((tally.accounts for tally in source.tallies if tally is not None), default=0)
        if crowd.home and own <= self._settings.one_person:
            return
        if not source.is_news(NEIGHBOURS, crowd.value, crowd.tally.last_at):
            return
        source.reported = True
        yield self._evidence(NEIGHBOURS, source, key, crowd.value, {**data, "own": own})

    def _evidence(self, code: str, source: Source, key: str, value: float, data: dict[str, Any]) -> Evidence:
        tallies = [tally for tally in source.tallies if tally is not None]
        at = max(tally.last_at for tally in tallies)
        first = stamp(source.first_failure_at or at)
        subject, value = about(source, key, source.last_ip, value)
        return Evidence(
            code=code,
            subject=subject,
            source=voice(source.reporter, SOURCE),
            seen_at=at,
            value=value,
            data={
                **data,
                "first_at": first,
                "range": reserved_range(source.last_ip),
                "counted_as": key,
            },
            ref=f"{key} {stamp(at)} {value:g}",
        )
