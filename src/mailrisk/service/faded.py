"""What is not listed now and was known for something once: the ledger remembers what the index has let go."""

from __future__ import annotations

import msgspec

from mailrisk.decide.verdict import decide
from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.subject import Kind, Subject
from mailrisk.service.answers import ErrorAnswer, IpAnswer, shorten
from mailrisk.service.context import Context


def with_faded(
    context: Context, answer: IpAnswer | ErrorAnswer, tenant: int = SHARED
) -> IpAnswer | ErrorAnswer:
    """The answer with the sentence that fits, if the address is not listed although there is evidence about it.

    One question to the ledger: for a handful of addresses that a person asks about, not for batches.
    """
    if isinstance(answer, ErrorAnswer) or [reason.code for reason in answer.reasons] != ["not-listed"]:
        return answer
    subject, rules = Subject(Kind.IP, answer.indicator), context.policy.document.reasons
    known = [
        item.evidence
        for item in context.ledger.evidence_of(subject, tenant=tenant)
        if item.evidence.code in rules and rules[item.evidence.code].weight > 0
    ]
    if not known:
        return answer
    now = context.clock()
    data = {"count": len(known), "last": str(max(item.seen_at for item in known).date())}
    said = Evidence(code="faded", subject=subject, source="ledger", seen_at=now, data=data)
    return msgspec.structs.replace(
        answer, reasons=shorten(decide(subject, [said], now, context.policy).reasons)
    )
