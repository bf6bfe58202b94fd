"""Send events and logins -> evidence about accounts: is somebody else sending in this name?

Each account is compared with itself: the recipients that it has written to, the networks where it is at
home, its busiest hour. What a thief does and its owner does not: many mailboxes never written to before
from a network never seen before; sending from many such networks at once; a list that bounces; and first of
all the **test letter**, one short message to one outside mailbox right after the first login from an
unfamiliar network, by which stolen mailboxes are tried before they are sold or used.

A mail-merge from the office writes to many new people too. It comes from where the account is at home, so
that volume alone never convicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from mailrisk.analyse.accounts import Accounts
from mailrisk.analyse.records import Records
from mailrisk.analyse.sending.sender import MAX_NETWORKS, Network, Sender, Window
from mailrisk.analyse.sending.settings import DEFAULT, SendSettings, value_of
from mailrisk.model.events import LoginEvent, Outcome, SendEvent, voice
from mailrisk.model.evidence import Evidence
from mailrisk.model.ip import aggregate
from mailrisk.model.subject import Subject

SOURCE: Final = "analyser:sending"

MAX_SENDERS: Final = 200_000
"""Accounts known at a time: about 3 KB each when busy; the one that was quiet longest is forgotten."""

DAY_S: Final = 86_400

SubjectOf = Callable[[str], Subject]
"""The subject of an account name: a keyed hash, for which analysis has no key."""


class SendAnalysis:
    """The state of the analysis; see the module. Not safe for use by several threads."""

    def __init__(
        self,
        subject_of: SubjectOf,
        settings: SendSettings = DEFAULT,
        *,
        own_domains: frozenset[str] = frozenset(),
        trusted_frontends: frozenset[str] = frozenset(),
        records: Records | None = None,
    ) -> None:
        self._subject_of = subject_of
        self._settings = settings
        self._own_domains = own_domains
        self._frontends = trusted_frontends
        self._senders = Accounts(Sender, MAX_SENDERS, records)

    def login(self, event: LoginEvent) -> None:
        """A login that succeeded shows where the account is; the first network it is seen in is its home."""
        if event.outcome is Outcome.SUCCESS and event.account and self._counts(event.ip):
            self._network(self._senders.touch(event.account), event.ip, event.seen_at)
            self._senders.end()

    def observe(self, event: SendEvent) -> list[Evidence]:
        """The evidence that a message handed in gives rise to, mostly none."""
        try:
            return self._observed(event, self._senders.touch(event.account))
        finally:
            self._senders.end()

    def _observed(self, event: SendEvent, sender: Sender) -> list[Evidence]:
        window = self._window(sender, event.seen_at)
        strange = self._counts(event.ip) and not self._network(sender, event.ip, event.seen_at).home
        if event.bounced and not event.to and event.recipients == 0:  # what became of an earlier message
            window.bounced += event.bounced
            return list(self._judged(event, sender, window))
        named = [mailbox for mailbox in event.to if mailbox]
        new = sum(not sender.knows(mailbox) for mailbox in named)
        if len(named) < event.recipients:  # Not all are named: those that are stand for the others.
            new = round(new * event.recipients / len(named)) if named else 0
        test = strange and self._is_test(event, sender, new)
        self._count(sender, window, event, new, strange)
        found = list(self._judged(event, sender, window))
        if test and sender.tried_at is None:
            sender.tried_at = event.seen_at
            found.append(self._evidence(event, "account-test-letter", 1.0, window))
        return found

    def letter(self, account: str, at: datetime, names: Sequence[str]) -> list[Evidence]:
        """What the text of a message says that was handed in just now: more, if it is the test letter told of.

        ``names``: which of account, host and address stand in it (``letter.py``). One's own address alone stands in
        every signature.
        """
        sender = self._senders.peek(account)
        if not names or sender is None or sender.tried_at is None or sender.window is None:
            return []
        if not 0 <= (at - sender.tried_at).total_seconds() <= self._settings.letter_within_s:
            return []
        value = 0.5 if tuple(names) == ("account",) else 1.0 if len(names) == 1 else 1.5
        data: dict[str, Any] = {"named": len(names), "names": ", ".join(names)}
        return [
            Evidence(
                code="account-test-letter-names", subject=self._subject_of(account), source=SOURCE, seen_at=at,
                value=value, data=data, ref=sender.tried_at.isoformat(),
            )
        ]  # fmt: skip

    def is_suspected(self, account: str) -> bool:
        """Whether there was evidence against this account of late."""
        sender = self._senders.peek(account)
        return sender is not None and bool(sender.tried_at or (sender.window and sender.window.said))

    def state(self) -> bytes:
        """Everything that the analysis knows, for ``restore`` in another process."""
        return self._senders.state()

    def restore(self, state: bytes) -> None:
        """Goes on from a state. msgspec.MsgspecError: it is none."""
        self._senders.restore(state)

    def _counts(self, ip: str) -> bool:
        return bool(ip) and ip not in self._frontends

    def _network(self, sender: Sender, ip: str, at: datetime) -> Network:
        """The network of an address, noted as the account's own when it is the first, or often used and clean."""
        key = aggregate(ip)[0]
        network = sender.networks.get(key)
        if network is None:
            if len(sender.networks) >= MAX_NETWORKS:
                strangers = (name for name, known in sender.networks.items() if not known.home)
                del sender.networks[next(strangers, next(iter(sender.networks)))]
            network = sender.networks[key] = Network(at, home=not sender.networks)
        elif not network.home and sender.tried_at is None and not (sender.window and sender.window.said):
            if (at - (network.last_at or network.first_at)).total_seconds() >= DAY_S:
                network.days += 1
                network.last_at = at
            network.home = network.days >= self._settings.home_after_days
        return network

    def _window(self, sender: Sender, at: datetime) -> Window:
        window = sender.window
        if window is None or (at - window.start).total_seconds() >= self._settings.window_s:
            if window is not None and not window.said:
                sender.busiest = max(sender.busiest, window.recipients)
            window = sender.window = Window(start=at, last_at=at)
        return window

    def _is_test(self, event: SendEvent, sender: Sender, new: int) -> bool:
        """One short message to one outside mailbox never written to, the first from a network new to the account."""
        network = sender.networks[aggregate(event.ip)[0]]
        outside = all(mailbox.rpartition("@")[2] not in self._own_domains for mailbox in event.to)
        return (
            network.sent == 0
            and sender.known_s(event.seen_at) >= self._settings.acquainted_s
            and event.recipients == 1
            and new == 1
            and outside
            and event.size <= self._settings.test_size
            and (event.seen_at - network.first_at).total_seconds() <= self._settings.test_after_s
        )

    def _count(self, sender: Sender, window: Window, event: SendEvent, new: int, strange: bool) -> None:
        window.last_at = max(window.last_at, event.seen_at)
        window.messages += 1
        window.recipients += event.recipients
        window.new += new
        window.bounced += event.bounced
        sender.written += event.recipients
        if self._counts(event.ip):
            sender.networks[aggregate(event.ip)[0]].sent += 1
        if strange:
            window.strange += event.recipients
            window.strange_new += new
            if len(window.networks) < MAX_NETWORKS:
                window.networks.add(aggregate(event.ip)[0])

    def _judged(self, event: SendEvent, sender: Sender, window: Window) -> Iterator[Evidence]:
        for code, value in _judge(sender, window, self._settings, event.seen_at):
            if value > window.said.get(code, 0.0):
                window.said[code] = value
                yield self._evidence(event, code, value, window)

    def _evidence(self, event: SendEvent, code: str, value: float, window: Window) -> Evidence:
        """No address of a recipient stands in it, and of networks no more than their number."""
        data: dict[str, Any] = {
            "messages": window.messages,
            "recipients": window.recipients,
            "new": window.new,
            "bounced": window.bounced,
            "networks": len(window.networks),
            "from": window.start.isoformat(),
        }
        return Evidence(
            code=code,
            subject=self._subject_of(event.account),
            source=voice(event.reporter, SOURCE),
            seen_at=event.seen_at,
            value=value,
            data=data,
            ref=f"{window.start.isoformat()} {value:g}",
        )


def _judge(
    sender: Sender, window: Window, settings: SendSettings, at: datetime
) -> Iterator[tuple[str, float]]:
    """(code, value) of every rule that holds for a window.

    * ``account-strange-sending``: so many never-seen recipients from unfamiliar networks, most of those there new;
      more of them if the account itself was first seen a few days ago.
    * ``account-many-networks``: so many unfamiliar networks sent from.
    * ``account-bounces``: so many recipients refused, and a share of all.
    * ``account-volume``: so many times the busiest window, at least ``volume_least``, most recipients new.
    """
    if window.strange_new and window.strange_new >= settings.novelty * window.strange:
        known = window.strange_new >= settings.unacquainted_least
        known = known or sender.known_s(at) >= settings.acquainted_s
        value = value_of(settings.strange_steps, window.strange_new)
        yield "account-strange-sending", value if known else 0.0
    yield "account-many-networks", value_of(settings.network_steps, len(window.networks))
    if window.bounced >= settings.bounce_share * window.recipients:
        yield "account-bounces", value_of(settings.bounce_steps, window.bounced)
    enough = window.recipients >= settings.volume_least and sender.written >= settings.learning
    if enough and window.new >= settings.novelty * window.recipients:
        times = window.recipients / max(sender.busiest, settings.learning)
        yield "account-volume", value_of(settings.volume_steps, times)
