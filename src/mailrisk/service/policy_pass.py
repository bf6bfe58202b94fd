"""A changed policy reaches what is listed already: every listing is decided again, in portions, in the background.

A listing is due for it when nobody has decided it since the policy in force came into force. That stands in the ledger,
so that a pass goes on where it was interrupted, and a policy that comes back is a new one. Decisions that say
the same as before make no change.
"""

from __future__ import annotations

from mailrisk.model.evidence import SHARED
from mailrisk.service.context import Context
from mailrisk.service.record import record
from mailrisk.store.transaction import key_of

PORTION = 2_000
"""Listings decided in one transaction, which holds up every other writer."""


class PolicyPass:
    """One pass for one running core; ``step`` is called again and again until it has nothing left to do."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._begun = self.done = False

    def step(self, portion: int = PORTION) -> int:
        """Decides one portion; returns how many listings that were."""
        if self.done:
            return 0
        if not self._begun:
            with self._context.ledger.transaction(self._context.clock()) as transaction:
                transaction.use_policy(self._context.policy, SHARED)
            self._begun = True
        due = self._context.ledger.decided_before_policy(portion)
        self.done = not due
        if due:
            schemes = {subject: scheme for _, subject, scheme in due}
            again = [key_of(tenant, subject) for tenant, subject, _ in due]
            record(self._context, [], schemes=schemes, again=again)
        return len(due)
