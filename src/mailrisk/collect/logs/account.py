"""Account names as clients type them, made safe to keep."""

from __future__ import annotations

from typing import Final

MAX_ACCOUNT: Final = 320
"""Characters kept of an account name: the longest mail address (RFC 5321 §4.5.3.1, 64 + 1 + 255)."""


def account_name(text: str) -> str:
    """Lower-case, without surrounding blanks, control characters written as ``\\x1b``.

    ``?`` alone is how servers write "no name given" and becomes ''.
    """
    name = text[:MAX_ACCOUNT].strip().lower()
    if name == "?":
        return ""
    return name if name.isprintable() else name.encode("unicode_escape").decode("ascii")
