"""What an account sends: mostly to people it knows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from tools.sim.model import DOMAIN

from mailrisk.model.events import SendEvent

NEW: Final = 0.05
"""Share of recipients that a person has never written to."""


def outside(rng: random.Random) -> str:
    """A mailbox of another house."""
    return f"person{rng.randrange(1 << 30):x}@{rng.choice(('example.com', 'example.net', 'mail.example'))}"


class Correspondence:
    """The people that one account writes to."""

    def __init__(self, account: str, colleagues: Sequence[str], rng: random.Random) -> None:
        self.account = account
        self._rng = rng
        self._known = [rng.choice(colleagues) for _ in range(rng.randrange(4, 15))]
        self._known += [outside(rng) for _ in range(rng.randrange(3, 25))]

    def message(self, when: datetime, ip: str) -> SendEvent:
        """One message to one or a few."""
        rng = self._rng
        to = [self._recipient() for _ in range(rng.choices((1, 2, 5), (75, 20, 5))[0])]
        return sent(when, self.account, ip, tuple(dict.fromkeys(to)), int(rng.lognormvariate(9, 1.3)))

    def known(self, count: int) -> tuple[str, ...]:
        """Some of those that the account has written to or might have."""
        return tuple(dict.fromkeys(self._rng.choice(self._known) for _ in range(count)))

    def _recipient(self) -> str:
        if self._rng.random() < NEW:
            self._known.append(outside(self._rng))
            return self._known[-1]
        return self._rng.choice(self._known)


def sent(
    when: datetime, account: str, ip: str, to: tuple[str, ...], size: int, bounced: int = 0
) -> SendEvent:
    """One message handed in over submission."""
    return SendEvent(
        seen_at=when,
        service="postfix",
        account=account,
        ip=ip,
        sender=account if "@" in account else f"{account}@{DOMAIN}",
        recipients=len(to),
        size=size,
        to=to[:50],
        bounced=bounced,
    )
