"""Logins -> evidence about accounts: has somebody else got in?

Each account is compared with its own past: the networks and countries that it logs in from. A login from an
unfamiliar network is a break-in when its address attacks others at that time, or has guessed at this account
before; and it is impossible when the account was in another country less time ago than the journey takes.
One person on a telephone changes networks all day, inside one country: a new network alone says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from mailrisk.analyse.accounts import Accounts
from mailrisk.analyse.records import Records
from mailrisk.model.events import LoginEvent, Outcome, voice
from mailrisk.model.evidence import Evidence
from mailrisk.model.ip import aggregate, reserved_range
from mailrisk.model.subject import Subject

SOURCE: Final = "analyser:takeover"

MAX_ACCOUNTS: Final = 200_000
MAX_NETWORKS: Final = 32
"""Networks remembered of one account; the one that it was not seen in for longest is forgotten."""

MAX_GUESSING: Final = 16
"""Addresses that failed on one account and are remembered."""


class TakeoverSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds."""

    attacks_from: int = 6
    """Failing accounts that make an address an attacker; a person's devices are two or three."""

    guesses: int = 8
    """Failures on this very account from the address before it got in: more than a person needs to remember."""

    guesses_within_s: int = 7 * 86_400

    journey_s: int = 2 * 3_600
    """Two countries within this time are no journey, save across a border nearby or through a VPN: a suspicion."""

    learnt_networks: int = 1
    """Networks that an account must be known from before another one is unfamiliar."""


class _Guesses(msgspec.Struct):
    at: datetime
    count: int = 0


class _Account(msgspec.Struct):
    networks: dict[str, None] = {}  # where it has logged in, the latest last
    country: str = ""
    seen_at: datetime | None = None
    guesses: dict[str, _Guesses] = {}


class TakeoverAnalysis:
    """The state of the analysis; see the module.

    ``attacking`` tells on how many accounts an address fails at present, ``country`` where it is ('' unknown).
    """

    def __init__(
        self,
        subject_of: Callable[[str], Subject],
        attacking: Callable[[str], int],
        country: Callable[[str], str],
        settings: TakeoverSettings = TakeoverSettings(),  # noqa: B008  a frozen value
        *,
        trusted_frontends: frozenset[str] = frozenset(),
        records: Records | None = None,
    ) -> None:
        self._subject_of = subject_of
        self._attacking = attacking
        self._country = country
        self._settings = settings
        self._frontends = trusted_frontends
        self._accounts = Accounts(_Account, MAX_ACCOUNTS, records)

    def observe(self, event: LoginEvent) -> list[Evidence]:
        """The evidence that an event gives rise to, mostly none."""
        if not event.account or not event.ip or event.ip in self._frontends or reserved_range(event.ip):
            return []
        try:
            if event.outcome is Outcome.FAILURE:
                self._failed(event)
            elif event.outcome is Outcome.SUCCESS:
                return list(self._success(event))
            return []
        finally:
            self._accounts.end()

    def state(self) -> bytes:
        """Everything that the analysis knows, for ``restore`` in another process."""
        return self._accounts.state()

    def restore(self, state: bytes) -> None:
        """Goes on from a state. msgspec.MsgspecError: it is none."""
        self._accounts.restore(state)

    def _failed(self, event: LoginEvent) -> None:
        """Only accounts that somebody has logged in to are worth a place: others cannot be broken into."""
        account = self._accounts.find(event.account)
        if account is None or aggregate(event.ip)[0] in account.networks:
            return
        known = account.guesses.get(event.ip)
        if known is None:
            if len(account.guesses) >= MAX_GUESSING:
                del account.guesses[next(iter(account.guesses))]
            known = account.guesses[event.ip] = _Guesses(event.seen_at)
        elif (event.seen_at - known.at).total_seconds() > self._settings.guesses_within_s:
            known.count = 0
        known.at = event.seen_at
        known.count += event.attempts

    def _success(self, event: LoginEvent) -> Iterator[Evidence]:
        account = self._accounts.touch(event.account)
        network = aggregate(event.ip)[0]
        familiar = network in account.networks
        learnt = len(account.networks) >= self._settings.learnt_networks
        country = self._country(event.ip)
        if not familiar and learnt:
            yield from self._broken_in(event, account)
            yield from self._impossible(event, account, country)
        account.guesses.pop(event.ip, None)
        account.networks.pop(network, None)
        if len(account.networks) >= MAX_NETWORKS:
            del account.networks[next(iter(account.networks))]
        account.networks[network] = None
        account.country, account.seen_at = country or account.country, event.seen_at

    def _broken_in(self, event: LoginEvent, account: _Account) -> Iterator[Evidence]:
        """``account-break-in``: in full if the address attacks others, less if it only guessed at this account."""
        attacked = self._attacking(event.ip)
        guesses = account.guesses.get(event.ip)
        count = guesses.count if guesses is not None else 0
        data = {"accounts": attacked, "guesses": count, "ip": event.ip}
        if attacked >= self._settings.attacks_from:
            yield self._evidence(event, "account-break-in", 1.0, data)
        elif count >= self._settings.guesses:
            yield self._evidence(event, "account-guessed", 1.0, data)

    def _impossible(self, event: LoginEvent, account: _Account, country: str) -> Iterator[Evidence]:
        """``account-impossible-travel``: another country, sooner than one gets there."""
        if not (country and account.country and account.seen_at) or country == account.country:
            return
        elapsed = (event.seen_at - account.seen_at).total_seconds()
        if 0 <= elapsed < self._settings.journey_s:
            data = {"from": account.country, "to": country, "minutes": round(elapsed / 60)}
            yield self._evidence(event, "account-impossible-travel", 1.0, data)

    def _evidence(self, event: LoginEvent, code: str, value: float, data: dict[str, Any]) -> Evidence:
        return Evidence(
            code=code,
            subject=self._subject_of(event.account),
            source=voice(event.reporter, SOURCE),
            seen_at=event.seen_at,
            value=value,
            data=data,
            ref=f"{event.ip} {event.seen_at.isoformat()}",
        )
