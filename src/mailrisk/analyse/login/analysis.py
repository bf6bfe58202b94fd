"""Login events -> evidence about addresses.

One ``LoginAnalysis`` sees all events in about the order of their time. Each address is counted in
windows of event time (``settings.py``), judged after each failure (``judge.py``), and evidence is given
when a judgement reaches a new step: a handful of times in an attack, not once a failure. When a window
closes, its last evidence is given once more with the final counters.

An IPv6 address counts with its whole /64; the evidence is about the address that was used.
Refusals by policy and disabled accounts are no failures: the first would feed our own decisions back to
us, the second knew the password. Private and reserved addresses are analysed and marked (``range`` in
the data); that they are never listed is for the service to see to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import msgspec

from mailrisk.analyse.login.findings import SOURCE, picture_of, recovered, said_elsewhere, stamp
from mailrisk.analyse.login.judge import (
    Finding,
    Picture,
    honest_use,
    judge,
    strangers,
)
from mailrisk.analyse.login.settings import DEFAULT, LoginSettings, WindowSettings
from mailrisk.analyse.login.sieges import Attacker, Sieges, SiegesState
from mailrisk.analyse.login.sources import MAX_AT_HOME, Source, Sources, SourcesState
from mailrisk.analyse.login.tally import Tally
from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.model.evidence import Evidence
from mailrisk.model.ip import counting_key, reserved_range
from mailrisk.model.subject import Kind, Subject

CLOSING_GROWTH: Final = 1.2
"""A closed window is reported once more if its failures grew by this factor since its last evidence."""

_FAILURES: Final = (Outcome.FAILURE, Outcome.UNKNOWN_USER)


class _State(msgspec.Struct, array_like=True):
    windows: tuple[int, ...]  # lengths of the windows that the counters belong to
    sources: SourcesState
    sieges: SiegesState


class LoginAnalysis:
    """The state of the analysis; see the module. Not safe for use by several threads."""

    def __init__(self, settings: LoginSettings = DEFAULT, sources: Sources | None = None) -> None:
        self._settings = settings
        self._sources = sources or Sources(len(settings.windows))
        self._sieges = Sieges(settings.siege)
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
        if event.outcome is Outcome.SUCCESS:
            return self._success(event)
        if event.outcome in _FAILURES:
            return list(self._failure(event))
        return ()

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
        yield msgspec.msgpack.encode(_State(windows, self._sources.state(), self._sieges.state()))
        yield from self._sources.parts()

    def restore_parts(self, parts: Iterator[bytes]) -> None:
        """As ``restore``, from the pieces."""
        known = msgspec.msgpack.decode(next(parts, b""), type=_State)
        if known.windows != tuple(window.length_s for window in self._settings.windows):
            raise msgspec.ValidationError("the windows were others")
        self._sources.restore(known.sources, parts)
        self._sieges.restore(known.sieges)

    def attacking(self, ip: str) -> int:
        """On how many accounts the address fails at present, its own left out."""
        source = self._sources.peek(counting_key(ip))
        return max((t.accounts for t in source.tallies if t is not None), default=0) if source else 0

    def is_familiar(self, ip: str, account: str) -> bool:
        """Whether the account has logged in from this address before."""
        source = self._sources.peek(counting_key(ip))
        return source is not None and account in source.at_home

    def _success(self, event: LoginEvent) -> Iterable[Evidence]:
        """An account is at home where it logs in: its failures there are its own and are forgiven."""
        if not event.account:
            return ()
        key = counting_key(event.ip)
        source = self._sources.touch(key)
        if event.account in source.at_home:
            return ()
        if len(source.at_home) < MAX_AT_HOME:
            source.at_home[event.account] = None
        self._sieges.success(event.account, key)
        open_tallies = [tally for tally in source.tallies if tally is not None]
        attacked = any(tally.accounts >= self._settings.attack_from for tally in open_tallies)
        source.hits += attacked and any(event.account in tally.tries for tally in open_tallies)
        forgiven = max((tally.forgive(event.account) for tally in open_tallies), default=0)
        found = list(self._honest(event.ip, key, source, event.seen_at))
        if source.reported and 0 < forgiven <= self._settings.typing_errors and source.is_clean:
            found.append(recovered(event, key, forgiven))
        return found

    def _failure(self, event: LoginEvent) -> Iterator[Evidence]:
        key = counting_key(event.ip)
        source = self._sources.touch(key)
        if event.account in source.at_home or source.is_stale(event.account, event.secret):
            return
        source.failures += event.attempts
        source.first_failure_at = source.first_failure_at or event.seen_at
        source.last_ip = event.ip
        if event.account:
            yield from self._besieged(event, key)
        for number, window in enumerate(self._settings.windows):
            tally = source.tallies[number]
            if tally is None or (event.seen_at - tally.start).total_seconds() >= window.length_s:
                if tally is not None:
                    yield from self._closing(key, source, window, tally)
                tally = source.tallies[number] = Tally(start=event.seen_at, last_at=event.seen_at)
            tally.add(
                event.account, event.attempts, event.seen_at, unknown=event.outcome is Outcome.UNKNOWN_USER
            )
            if tally.failures >= self._least:
                yield from self._judged(event.ip, key, source, window, tally)

    def _besieged(self, event: LoginEvent, key: str) -> Iterator[Evidence]:
        """Evidence about the addresses that attack one account together, those where nobody logs in."""
        siege = self._settings.siege
        for found in self._sieges.failure(event.account, Attacker(key, event.ip, event.seen_at)):
            source = self._sources.get(found.attacker.key)
            if source is None or source.at_home:
                continue
            source.reported = True
            yield Evidence(
                code="login-attacked-account",
                subject=Subject(Kind.IP, found.attacker.ip),
                source=SOURCE,
                seen_at=found.attacker.at,
                value=found.value,
                data={
                    "addresses": found.addresses,
                    "window": siege.name,
                    "window_zh": siege.name_zh,
                    "window_s": siege.length_s,
                    "from": stamp(found.since),
                    "range": reserved_range(found.attacker.ip),
                    "counted_as": found.attacker.key,
                },
                ref=f"{found.attacker.key} {stamp(found.since)} {found.value:g}",
            )

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
            yield self._evidence(ip, key, source, window, tally, finding, ref)
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
            yield self._evidence(source.last_ip, key, source, window, tally, finding, ref)

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
        yield Evidence(
            code=finding.code,
            subject=Subject(Kind.IP, ip),
            source=SOURCE,
            seen_at=at,
            value=finding.value,
            data={"successes": picture.successes, "accounts": picture.accounts},
            ref=f"{key} {picture.successes}",
        )

    def _evidence(
        self,
        ip: str,
        key: str,
        source: Source,
        window: WindowSettings,
        tally: Tally,
        finding: Finding,
        ref: str,
    ) -> Evidence:
        picture = picture_of(source, tally)
        data = {
            "failures": picture.failures,
            "accounts": picture.accounts,
            "unknown": picture.unknown,
            "unnamed": picture.unnamed,
            "successes": picture.successes,
            "hits": source.hits,
            "strangers": round(strangers(picture, window, self._settings), 1),
            "window": window.name,
            "window_zh": window.name_zh,
            "window_s": window.length_s,
            "first_at": stamp(source.first_failure_at or tally.start),
            "from": stamp(tally.start),
            "last_at": stamp(tally.last_at),
            "range": reserved_range(ip),
            "counted_as": key,
        }
        return Evidence(
            code=finding.code,
            subject=Subject(Kind.IP, ip),
            source=SOURCE,
            seen_at=tally.last_at,
            value=finding.value,
            data=data,
            ref=ref,
        )
