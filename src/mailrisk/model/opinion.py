"""What a language model is asked about a message, and what it answers.

The question holds facts that we know (domains, authentication, claimed brands), kept apart from the text of
the message, which is data: whoever wrote the message may have written it for this reader too.
"""

from __future__ import annotations

import msgspec

LABELS: tuple[str, ...] = (
    "asks-credential", "asks-payment", "asks-card", "asks-scan", "asks-open", "asks-call",
    "subsidy", "invoice", "document-share", "mailbox-quota", "delivery", "tax", "prize",
    "threat", "urgency", "secrecy",
    "advance-fee", "extortion", "gambling", "adult", "miracle-offer", "investment", "executive-request", "fake-invoices",
)  # fmt: skip
"""What a model may say that a message wants of its reader: the intents of ``analyse/message/intent.py``. An
answer with any other word is worthless."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One message as a language model gets it; nothing in it names the reader.

    ``facts`` are sentences of ours, ``text`` is what the message says with personal data taken out.
    ``orders``: the message itself gives orders to an automatic reader, so that an answer that clears it
    says nothing.
    """

    facts: tuple[str, ...]
    text: str
    orders: bool = False


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """What a language model thinks. It may raise a verdict and never lower one.

    ``suspicion`` is 0 (nothing speaks for fraud) to 100; ``labels`` are intents with a certainty of 0 to 100.
    The reasons are one plain sentence each, in English and Chinese, '' when it gave none.
    """

    suspicion: int
    labels: tuple[tuple[str, int], ...] = ()
    reason: str = ""
    reason_zh: str = ""
    model: str = ""
