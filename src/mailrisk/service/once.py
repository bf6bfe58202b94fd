"""Doing a report once: a repeated request with the same idempotency key gets a receipt, not a second sample.

A receipt holds nothing that names a person, and is forgotten after a day.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

import msgspec

from mailrisk.model.change import KeyGrant
from mailrisk.model.errors import BadInput, Conflict
from mailrisk.model.verdict import Category, Level
from mailrisk.service.answers import Listed, MessageAnswer
from mailrisk.service.context import Context

MAX_KEY = 150
"""Longest idempotency key, in characters."""

KEPT = timedelta(days=1)

RECEIPT = "receipt:"
"""How the names of receipts begin, among other things that are remembered by name."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a repeated report is answered with."""

    sample: str
    level: Level
    score: int
    category: Category | None
    indicators: tuple[Listed, ...]
    stored: bool = True
    repeated: bool = True


class Once:
    """One request under an idempotency key; '' is no key, and then nothing is remembered.

    Keys belong to the API key that uses them. BadInput: the idempotency key is too long.
    """

    def __init__(self, context: Context, grant: KeyGrant, key: str, body: bytes) -> None:
        if len(key) > MAX_KEY:
            raise BadInput("Idempotency-Key", f"longer than {MAX_KEY} characters")
        self._context = context
        self._tenant = grant.tenant
        self._key = f"{RECEIPT}{grant.public_id}:{key}" if key else ""
        self._digest = hashlib.sha256(body).hexdigest() if key else ""

    def receipt(self) -> bytes | None:
        """The receipt of the first request, as JSON. Conflict: the key was used for another one."""
        if not self._key:
            return None
        known = self._context.ledger.remembered(self._tenant, self._key)
        if known is not None and known[0] != self._digest:
            raise Conflict("this Idempotency-Key was used for another message")
        return None if known is None else known[2]

    def keep(self, answer: MessageAnswer) -> None:
        """Remembers what the first request became."""
        if not self._key:
            return
        receipt = Receipt(
            sample=answer.sample,
            level=answer.level,
            score=answer.score,
            category=answer.category,
            indicators=answer.indicators,
        )
        now = self._context.clock()
        with self._context.ledger.transaction(now) as transaction:
            transaction.forget(RECEIPT, now - KEPT)
            transaction.remember(self._tenant, self._key, self._digest, 201, msgspec.json.encode(receipt))
