"""Accounts: how risky each one is, from what it sends and how it logs in.

The ledger knows an account as a keyed hash of its name, for each tenant another one. Who has the ledger and
not the key file of the data directory can name nobody.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from mailrisk.collect.logs.account import account_name
from mailrisk.decide.verdict import decide
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import SHARED
from mailrisk.model.message import Message
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Level, Verdict
from mailrisk.service.answers import ErrorAnswer, ShortReason, shorten
from mailrisk.service.context import Context
from mailrisk.store.ledger import known_evidence

if TYPE_CHECKING:
    from mailrisk.service.watch import Watch

logger = logging.getLogger(__name__)

MAX_BATCH = 1_000
"""Accounts in one request."""


LIMITED: Final = "DEFER this account sends unusually much; try again later"
MAX_LIMITED: Final = 10_000
"""Accounts whose messages of the hour are counted."""

HOUR: Final = timedelta(hours=1)


class AccountAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How risky an account is. ``unknown``: nothing is known against it."""

    input: str
    account: str  # the keyed hash
    level: Level
    score: int
    probability: float
    first_detected: datetime | None
    last_seen: datetime | None
    valid_until: datetime
    reasons: tuple[ShortReason, ...]


def account_subject(secret: bytes, name: str, tenant: int = SHARED) -> Subject:
    """The subject of an account: HMAC-SHA-256 of tenant and name, 32 hexadecimal digits of it."""
    said = f"account\0{tenant}\0{account_name(name)}".encode()
    return Subject(Kind.ACCOUNT, hmac.new(secret, said, hashlib.sha256).hexdigest()[:32])


def check_accounts(
    context: Context, names: Sequence[str], tenant: int = SHARED
) -> list[AccountAnswer | ErrorAnswer]:
    """One answer for each name, in order; a name is written as users type it when they log in."""
    return [_check(context, name, tenant) for name in names]


def _check(context: Context, name: str, tenant: int) -> AccountAnswer | ErrorAnswer:
    now = context.clock()
    if not account_name(name):
        error = BadInput("account", "is empty")
        return ErrorAnswer(input=name[:320], error=error.reason, field=error.field)
    return account_answer(name, _verdict(context, _secret(context), name, tenant), now)


def account_answer(name: str, verdict: Verdict, now: datetime) -> AccountAnswer:
    """What people and programs see of a verdict on the account of that name."""
    return AccountAnswer(
        input=name[:320],
        account=verdict.subject.value,
        level=verdict.level,
        score=verdict.score,
        probability=verdict.probability,
        first_detected=verdict.first_seen,
        last_seen=verdict.last_seen,
        valid_until=verdict.valid_until or now,
        reasons=shorten(verdict.reasons),
    )


def author_account(context: Context, message: Message, tenant: int = SHARED) -> Verdict | None:
    """The verdict on the account of a message's only author, if he is of this house and accounts are watched."""
    secret = _secret(context)
    if secret is None or len(message.from_) != 1:
        return None
    address = message.from_[0]
    if context.knowledge.hosts.registrable(address.domain) not in context.knowledge.own_domains:
        return None
    return _verdict(context, secret, address.addr, tenant)


def _secret(context: Context) -> bytes | None:
    """The key under which accounts are known; None: nothing was ever recorded about anybody."""
    key = context.correspondents.key
    return key.read() if key is not None else None


def _verdict(context: Context, secret: bytes | None, name: str, tenant: int) -> Verdict:
    subject = account_subject(secret or b"", name, tenant)
    evidence = known_evidence(context.ledger.evidence_of(subject)) if secret else []
    return decide(subject, evidence, context.clock(), context.policy)


class SendPolicy:
    """What becomes of the mail of an account: nothing, until it is of level ``medium`` or ``high``.

    Such an account may send ``limit_per_hour`` messages an hour (0: as many as it likes), what is more is
    deferred; at level ``high`` its mail gets ``high_action``.
    """

    def __init__(self, context: Context, watch: Watch, high_action: str, limit_per_hour: int = 0) -> None:
        self._context = context
        self._watch = watch
        self._high_action = high_action
        self._limit = limit_per_hour
        self._sent: dict[str, deque[datetime]] = {}
        self.would_have_acted = 0

    def action(self, account: str, whole: bool) -> str:
        """Postfix's action, '' to let the mail go on. ``whole``: the message is there, else its recipients are."""
        if not self._watch.sending.is_suspected(account):
            self._sent.pop(account, None)
            return ""
        answer = _check(self._context, account, SHARED)
        if not isinstance(answer, AccountAnswer) or answer.level not in (Level.MEDIUM, Level.HIGH):
            return ""
        if self._limit and self._beyond(account, whole):
            return LIMITED
        if answer.level is not Level.HIGH:
            return ""
        if not self._high_action:
            self.would_have_acted += 1
            logger.warning("account %s sends as if stolen; [send] high_action is not set", answer.account)
        return self._high_action

    def _beyond(self, account: str, whole: bool) -> bool:
        """Whether the account has sent its share of the hour; a whole message counts where it has not."""
        now = self._context.clock()
        if account not in self._sent and len(self._sent) >= MAX_LIMITED:
            del self._sent[next(iter(self._sent))]
        sent = self._sent.setdefault(account, deque())
        while sent and now - sent[0] >= HOUR:
            sent.popleft()
        if len(sent) >= self._limit:
            return True
        if whole:
            sent.append(now)
        return False
