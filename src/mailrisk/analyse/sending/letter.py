"""What a letter names: whoever tries a stolen mailbox writes down what he has, in the letter itself."""

from __future__ import annotations

import re
from typing import Final

MAX_TEXT: Final = 4_096
"""Characters that are read; a test letter is short."""

_WORD: Final = re.compile(r"[\w.@:+-]{3,320}")


def names_in(text: str, account: str, host: str, ip: str) -> tuple[str, ...]:
    """Which of ``account``, ``host`` and ``address`` stand in a text, in that order.

    ``account``: the whole name, lower case; ``host``: the mail server's own name, or one of the account's domain that
    looks like a mail server's (``smtp.``, ``imap.``, ``mail.``...); ``ip``: the client's canonical address.
    """
    words = {word.strip(".:-").lower() for word in _WORD.findall(text[:MAX_TEXT])}
    words |= {word.rpartition(":")[0] for word in words if word.count(":") == 1}
    domain = account.rpartition("@")[2] if "@" in account else ""
    hosts = {host.lower().rstrip(".")} - {""}
    if domain:
        hosts |= {f"{prefix}.{domain}" for prefix in ("smtp", "imap", "pop", "pop3", "mail", "webmail")}
    found = []
    if account and account in words:
        found.append("account")
    if hosts & words:
        found.append("host")
    if ip and ip in words:
        found.append("address")
    return tuple(found)
