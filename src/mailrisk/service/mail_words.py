"""What a checked message gets to carry: the verdict header, Authentication-Results, and words for its sender.

Names come from hostile messages: only letters that a header may hold are written, and no text of the message.
"""

from __future__ import annotations

import re
from typing import Final

from mailrisk.service.answers import AuthDetail, MessageAnswer

MAX_CODES: Final = 8

_NOT_TOKEN: Final = re.compile(r"[^A-Za-z0-9._-]")
_REGISTERED: Final = frozenset(
    {"none", "neutral", "pass", "fail", "softfail", "policy", "temperror", "permerror"}
)
"""Results that RFC 8601 §2.7 knows; ``not-checked`` is none of them and is left out."""


def header_of(found: MessageAnswer, *, would: str = "") -> str:
    """``malicious; score=97; category=...; reasons=a,b; sample=...``: the value of ``X-Mailrisk``.

    ``would``: the action that was wanted and is only observed.
    """
    parts = [found.level.value, f"score={found.score}"]
    if found.category is not None:
        parts.append(f"category={found.category.value}")
    codes = [reason.code for reason in found.reasons if reason.weight > 0][:MAX_CODES]
    if codes:
        parts.append("reasons=" + ",".join(codes))
    if found.missing_stages:
        parts.append("missing=" + ",".join(found.missing_stages))
    if would:
        parts.append(f"would={would}")
    parts.append(f"sample={found.sample[:16]}")
    return "; ".join(parts)


def reason_words(found: MessageAnswer) -> str:
    """Category and sample: what may be told to whoever sent the message."""
    return f"{(found.category or found.level).value} ({found.sample[:16]})"


def results_of(found: MessageAnswer, authserv_id: str) -> str:
    """The value of ``Authentication-Results`` (RFC 8601 §2.2)."""
    said = [text for one in found.auth_details if (text := _result(one))]
    return "; ".join((_token(authserv_id), *(said or ["none"])))


_PROPERTIES: Final = {"spf": "smtp.mailfrom", "dkim": "header.d", "dmarc": "header.from"}


def _result(result: AuthDetail) -> str:
    if result.result not in _REGISTERED:
        return ""
    words = [f"{result.method}={result.result}"]
    if result.domain and result.method in _PROPERTIES:
        words.append(f"{_PROPERTIES[result.method]}={_token(result.domain)}")
    if result.selector:
        words.append(f"header.s={_token(result.selector)}")
    return " ".join(words)


def _token(text: str) -> str:
    return _NOT_TOKEN.sub("_", text[:255])
