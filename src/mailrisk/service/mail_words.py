"""What a checked message gets to carry: the verdict header, Authentication-Results, and words for its sender.

Names come from hostile messages: only letters that a header may hold are written, and no text of the message.
"""

from __future__ import annotations

import re
from typing import Final

from mailrisk.model.message import AuthResult
from mailrisk.service.assess import Assessment

MAX_CODES: Final = 8

_NOT_TOKEN: Final = re.compile(r"[^A-Za-z0-9._-]")
_REGISTERED: Final = frozenset(
    {"none", "neutral", "pass", "fail", "softfail", "policy", "temperror", "permerror"}
)
"""Results that RFC 8601 §2.7 knows; ``not-checked`` is none of them and is left out."""


def header_of(found: Assessment, *, would: str = "") -> str:
    """``malicious; score=97; category=...; reasons=a,b; sample=...``: the value of ``X-Mailrisk``.

    ``would``: the action that was wanted and is only observed.
    """
    verdict = found.verdict
    parts = [verdict.level.value, f"score={verdict.score}"]
    if verdict.category is not None:
        parts.append(f"category={verdict.category.value}")
    codes = [reason.code for reason in verdict.reasons if reason.weight > 0][:MAX_CODES]
    if codes:
        parts.append("reasons=" + ",".join(codes))
    if found.missing_stages:
        parts.append("missing=" + ",".join(found.missing_stages))
    if would:
        parts.append(f"would={would}")
    parts.append(f"sample={found.subject.value[:16]}")
    return "; ".join(parts)


def reason_words(found: Assessment) -> str:
    """Category and sample: what may be told to whoever sent the message."""
    category = found.verdict.category
    return f"{category.value if category else found.verdict.level.value} ({found.subject.value[:16]})"


def results_of(found: Assessment, authserv_id: str) -> str:
    """The value of ``Authentication-Results`` (RFC 8601 §2.2)."""
    told = found.authentication
    said = [
        _result("spf", told.spf, "smtp.mailfrom"),
        *(_result("dkim", one, "header.d", "header.s") for one in told.dkim),
        _result("dmarc", told.dmarc, "header.from"),
        _result("arc", told.arc, ""),
    ]
    return (
        "; ".join((_token(authserv_id), *(filter(None, said))))
        if any(said)
        else f"{_token(authserv_id)}; none"
    )


def _result(method: str, result: AuthResult, domain: str, selector: str = "") -> str:
    if result.result not in _REGISTERED:
        return ""
    words = [f"{method}={result.result}"]
    if domain and result.domain:
        words.append(f"{domain}={_token(result.domain)}")
    if selector and result.selector:
        words.append(f"{selector}={_token(result.selector)}")
    return " ".join(words)


def _token(text: str) -> str:
    return _NOT_TOKEN.sub("_", text[:255])
