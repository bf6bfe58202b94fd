"""Login events -> evidence about addresses.

One ``LoginAnalysis`` sees all events in about the order of their time. Each address is counted in
windows of event time (``settings.py``), judged after each failure (``judge.py``), and evidence is given
when a judgement reaches a new step: a handful of times in an attack, not once a failure. When a window
closes, its last evidence is given once more with the final counters.

An IPv6 address counts with its whole /64; the evidence is about the address, once several failed about the /64.
Company is judged in ``together.py``. Trusted front ends log in for others: their events tell of the account alone.

Refusals by policy and disabled accounts are no failures: the first would feed our own decisions back to
us, the second knew the password. Private and reserved addresses are analysed and marked (``range`` in
the data); that they are never listed is for the service to see to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Final

import msgspec

from mailrisk.analyse.login.busiest import Busiest, BusiestState
from mailrisk.analyse.login.findings import (
    SOURCE,
    about,
    besieged,
    picture_of,
    recovered,
    relisted,
    said_elsewhere,
    stamp,
    told,
)
from mailrisk.analyse.login.judge import Picture, honest_use, judge
from mailrisk.analyse.login.operators import OperatorOf, nobody_knows
from mailrisk.analyse.login.settings import DEFAULT, LoginSettings, WindowSettings
from mailrisk.analyse.login.sieges import Attacker, Sieges, SiegesState
from mailrisk.analyse.login.sources import MAX_AT_HOME, Source, Sources, SourcesState
from mailrisk.analyse.login.tally import Tally
from mailrisk.analyse.login.together import Together, TogetherState
from mailrisk.model.events import LoginEvent, Outcome, voice
from mailrisk.model.evidence import Evidence
from mailrisk.model.ip import counting_key

CLOSING_GROWTH: Final = 1.2
"""A closed window is reported once more if its failures grew by this factor since its last evidence."""

_FAILURES: Final = (Outcome.FAILURE, Outcome.UNKNOWN_USER)


class _State(msgspec.Struct, array_like=True):
    windows: tuple[int, ...]  # lengths of the windows that the counters belong to
    sources: SourcesState
    sieges: SiegesState
    together: TogetherState
    busiest: BusiestState


class LoginAnalysis:
    """The state of the analysis; see the module. Not safe for use by several threads."""

    def __init__(
        self,
        settings: LoginSettings = DEFAULT,
        sources: Sources | None = None,
        *,
        trusted_frontends: Collection[str] = (),
        operator_of: OperatorOf = nobody_knows,
    ) -> None:
        """``trusted_frontends``: canonical addresses of webmail, proxies and load balancers."""
        self._settings = settings
        self._frontends = frozenset(trusted_frontends)
        self.busiest = Busiest()
        self._sources = Sources(len(settings.windows)) if sources is None else sources
        self._sieges = Sieges(settings.siege)
        self._together = Together(settings, self._sources, operator_of)
        # With fewer failures no rule can hold: most addresses never have more.
        self._least = min(
            steps[0][0]
            for window in settings.windows
            for steps in (window.few, window.repeated, window.unnamed)
            if steps
        )

    def observe(self, event: LoginEvent) -> Iterable[Evidence]:
        """The evidence that an event gives rise to, mostly none. Events without an address tell nothing."""
        if not event.ip:
            return ()
        try:
            if event.outcome is Outcome.SUCCESS:
                return self._success(event)
            return list(self._failure(event)) if event.outcome in _FAILURES else ()
        finally:
            self._sources.end()

    def finish(self) -> Iterable[Evidence]:
        """The final counters of all windows still open, at the end of a log. The analysis may go on after it."""
        for key, source in self._sources.all():
            for number, tally in enumerate(source.tallies):
                if tally is not None:
                    yield from self._closing(key, source, self._settings.windows[number], tally)

    def state(self) -> bytes:
        """Everything that the analysis knows, for ``restore`` in another process."""
        return msgspec.msgpack.encode([bytes(part) for part in self.parts()])

    def restore(self, state: bytes) -> None:
        """Goes on from a state. msgspec.MsgspecError: it is none of this version and these windows."""
        self.restore_parts(iter(msgspec.msgpack.decode(state, type=list[bytes])))

    def parts(self) -> Iterator[bytes | memoryview]:
        """The state in pieces of a few megabytes; nothing may be observed before the last one is written."""
        windows = tuple(window.length_s for window in self._settings.windows)
        yield msgspec.msgpack.encode(
            _State(
                windows,
                self._sources.state(),
                self._sieges.state(),
                self._together.state(),
                self.busiest.state(),
            )
        )
        yield from self._sources.parts()

    def restore_parts(self, parts: Iterator[bytes]) -> None:
        """As ``restore``, from the pieces."""
        known = msgspec.msgpack.decode(next(parts, b""), type=_State)
        if known.windows != tuple(window.length_s for window in self._settings.windows):
            raise msgspec.ValidationError("the windows were others")
        self._sources.restore(known.sources, parts)
        self._sieges.restore(known.sieges)
        self._together.restore(known.together)
        self.busiest.restore(known.busiest)

    def attacking(self, ip: str) -> int:
        """On how many accounts the address fails at present, those set off that its honest use explains."""
        source = self._sources.peek(counting_key(ip))
        if source is None:
            return 0
        accounts = max((tally.accounts for tally in source.tallies if tally is not None), default=0)
        return max(0, round(accounts - self._settings.offset_per_success * len(source.at_home)))

    def is_familiar(self, ip: str, account: str) -> bool:
        """Whether the account has logged in from this address before."""
        source = self._sources.peek(counting_key(ip))
        return source is not None and account in source.at_home

    def forget(self, ip: str, account: str) -> None:
        """What was counted of an address, of an account, or of an account at an address; '' names none.

        Who has logged in from where is kept. An operator says so; the ledger's evidence stays.
        """
        source = self._sources.get(counting_key(ip)) if ip else None
        if source is not None and account:
            for tally in source.tallies:
                if tally is not None:
                    tally.forgive(account)
        elif source is not None:
            source.clear()
        if account and not ip:
            self._sieges.forget(account)
        self._sources.end()

    def counts(self, ip: str, account: str) -> dict[str, int]:
        """What is counted, by name, for an operator to see."""
        said = {"attacking_addresses": self._sieges.addresses(account)} if account else {}
        source = self._sources.peek(counting_key(ip)) if ip else None
        if source is not None:
            said |= {
                "failures": source.failures,
                "accounts": self.attacking(ip),
                "successes": len(source.at_home),
            }
        return said

    def _success(self, event: LoginEvent) -> Iterable[Evidence]:
        """An account is at home where it logs in: its failures there are its own and are forgiven."""
        if not event.account:
            return ()
        self.busiest.add(event.ip, event.seen_at)
        if event.ip in self._frontends:
            self._together.owned(event)
            return ()
        key = counting_key(event.ip)
        source = self._sources.touch(key)
        if event.account in source.at_home:
            return ()
        found = list(self._together.success(event, key))
        if len(source.at_home) < MAX_AT_HOME:
            source.at_home[event.account] = None
        self._sieges.success(event.account, key)
        open_tallies = [tally for tally in source.tallies if tally is not None]
        attacked = any(tally.accounts >= self._settings.attack_from for tally in open_tallies)
        source.hits += attacked and any(event.account in tally.tries for tally in open_tallies)
        forgiven = max((tally.forgive(event.account) for tally in open_tallies), default=0)
        found += self._honest(event.ip, key, source, event.seen_at)
        if source.reported and 0 < forgiven <= self._settings.typing_errors and source.is_clean:
            found.append(recovered(event, source, key, forgiven))
        return found

    def _failure(self, event: LoginEvent) -> Iterator[Evidence]:
        if event.ip in self._frontends:
            return
        key = counting_key(event.ip)
        source = self._sources.touch(key)
        if event.account in source.at_home or source.is_stale(event.account, event.secret):
            return
        source.fail(event.attempts, event.ip, event.seen_at, self._settings.quiet_s, event.reporter)
        # Who has failed on so many accounts gives itself away, and shall not push out what others did.
        if event.account and source.failures <= self._settings.dictionary.most_names:
            yield from self._besieged(event, key)
        for number, window in enumerate(self._settings.windows):
            tally = source.tallies[number]
            if tally is None or (event.seen_at - tally.start).total_seconds() >= window.length_s:
                if tally is not None:
                    yield from self._closing(key, source, window, tally)
                tally = source.tallies[number] = Tally(start=event.seen_at, last_at=event.seen_at)
            tally.add(
                event.account,
                event.attempts,
                event.seen_at,
                unknown=event.outcome is Outcome.UNKNOWN_USER,
                guess=bool(event.secret),
            )
            if tally.failures >= self._least:
                yield from self._judged(event.ip, key, source, window, tally)
        yield from self._together.failure(event, key, source)
        if source.is_attacker:
            source.attacked_at = event.seen_at

    def _besieged(self, event: LoginEvent, key: str) -> Iterator[Evidence]:
        """Evidence about the addresses that attack one account together, those where nobody logs in."""
        siege = self._settings.siege
        for found in self._sieges.failure(event.account, Attacker(key, event.ip, event.seen_at)):
            source = self._sources.get(found.attacker.key)
            if source is None or source.at_home or source.is_attacker:
                continue
            if source.is_news("login-attacked-account", found.value, found.attacker.at):
                source.reported = True
                yield besieged(found, source, siege)

    def _judged(
        self, ip: str, key: str, source: Source, window: WindowSettings, tally: Tally
    ) -> Iterator[Evidence]:
        """Evidence for the findings that have reached a new step in this window.

        What another open window has said as strongly is only noted: it is the same failures, and an
        attack that goes on for hours shall not be written down anew every ten minutes.
        """
        picture = picture_of(source, tally)
        for finding in judge(picture, window, self._settings):
            if finding.value <= tally.said.get(finding.code, 0.0):
                continue
            repeats = said_elsewhere(source, finding)
            tally.said[finding.code] = finding.value
            if repeats:
                continue
            tally.said_failures = tally.failures
            ref = f"{key} {stamp(tally.start)} {window.length_s} {finding.value:g}"
            yield told(ip, key, source, window, tally, finding, ref)
            if source.returned:
                source.returned = False
                yield relisted(source, key, ip, tally.last_at)
            if not source.reported:
                source.reported = True
                yield from self._honest(ip, key, source, tally.last_at)

    def _closing(self, key: str, source: Source, window: WindowSettings, tally: Tally) -> Iterator[Evidence]:
        """The finding of a window once more, as its counters stand at its end."""
        if not tally.said_failures or tally.failures < CLOSING_GROWTH * tally.said_failures:
            return
        tally.said_failures = tally.failures
        for finding in judge(picture_of(source, tally), window, self._settings)[:1]:
            ref = f"{key} {stamp(tally.start)} {window.length_s} end"
            yield told(source.last_ip, key, source, window, tally, finding, ref)

    def _honest(self, ip: str, key: str, source: Source, at: datetime) -> Iterator[Evidence]:
        """Evidence for the address, once there is any against it, when more of its accounts log in."""
        if not source.reported:
            return
        accounts = max((tally.accounts for tally in source.tallies if tally is not None), default=0)
        picture = Picture(
            failures=source.failures, unnamed=0, accounts=accounts, unknown=0, successes=len(source.at_home)
        )
        finding = honest_use(picture, self._settings)
        if finding.value <= source.honest_value:
            return
        source.honest_value = finding.value
        subject, value = about(source, key, ip, finding.value)
        yield Evidence(
            code=finding.code,
            subject=subject,
            source=voice(source.reporter, SOURCE),
            seen_at=at,
            value=value,
            data={"successes": picture.successes, "accounts": picture.accounts},
            ref=f"{key} {picture.successes}",
        )
