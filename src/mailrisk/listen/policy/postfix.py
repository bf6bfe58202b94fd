"""Postfix's policy delegation: what accounts send, and whether they may go on.

https://www.postfix.org/SMTPD_POLICY_README.html. A request is lines ``name=value`` and an empty line; the
answer is ``action=...`` and an empty line; a connection carries many. Configure it twice:

    smtpd_recipient_restrictions = ..., check_policy_service inet:127.0.0.1:8085, ...
    smtpd_end_of_data_restrictions = check_policy_service inet:127.0.0.1:8085

At RCPT the recipient is named; END-OF-MESSAGE tells the size and the number of recipients, and names the
recipient of single-recipient mail only. Both carry the same ``instance``, by which they are joined. Mail that
nobody logged in for is none of our business. What cannot be read is answered ``DUNNO`` and counted:
the mail goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from mailrisk.collect.logs.account import account_name
from mailrisk.model.errors import BadInput
from mailrisk.model.events import SendEvent
from mailrisk.model.ip import parse_ip

logger = logging.getLogger(__name__)

MAX_REQUEST: Final = 32 * 1024
"""Bytes of one request; Postfix sends about one thousand."""

MAX_INSTANCES: Final = 10_000
"""Messages whose recipients wait for their end; the oldest is forgotten and counts without names."""

MAX_NAMED: Final = 50
IDLE_S: Final = 900.0

ACTIONS: Final = ("HOLD", "DEFER", "DEFER_IF_PERMIT", "REJECT", "WARN")
"""What may become of the mail of an account that is no longer its owner's (access(5))."""

DUNNO: Final = b"action=DUNNO\n\n"

Decide = Callable[[str, bool], str]
"""(account, whether the whole message is there) -> Postfix's action for its mail, '' to let it go on."""


class _Arriving(msgspec.Struct):
    """A message between its first recipient and its end."""

    recipients: list[str] = []
    count: int = 0


class PostfixPolicy:
    """Answers requests; ``take`` gets one send event a message, ``decide`` says what becomes of it."""

    def __init__(
        self, take: Callable[[SendEvent], object], decide: Decide, clock: Callable[[], datetime]
    ) -> None:
        self._take = take
        self._decide = decide
        self._clock = clock
        self._arriving: dict[str, _Arriving] = {}
        self.unreadable = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until it ends, is idle too long or says what is no request."""
        try:
            while True:
                async with asyncio.timeout(IDLE_S):
                    raw = await reader.readuntil(b"\n\n")
                writer.write(self.answer(raw))
                await writer.drain()
        except (asyncio.IncompleteReadError, TimeoutError, ConnectionError):
            pass
        except asyncio.LimitOverrunError:
            self.unreadable += 1
            logger.warning(
                "a policy request was longer than %d bytes; its connection was closed", MAX_REQUEST
            )
        finally:
            writer.close()

    def answer(self, raw: bytes) -> bytes:
        """The answer to one request."""
        asked: dict[str, str] = {}
        for line in raw.decode("utf-8", "replace").splitlines():
            name, _, value = line.partition("=")
            asked[name] = value
        try:
            return self._answer(asked)
        except BadInput as error:
            self.unreadable += 1
            logger.warning("a policy request could not be read: %s: %s", error.field, error.reason)
            return DUNNO

    def _answer(self, asked: dict[str, str]) -> bytes:
        account = account_name(asked.get("sasl_username", ""))
        if asked.get("request") != "smtpd_access_policy" or not account:
            return DUNNO
        state = asked.get("protocol_state", "")
        if state == "RCPT":
            self._note_recipient(asked)
        elif state == "END-OF-MESSAGE":
            self._take(self._event(account, asked))
        else:
            return DUNNO
        action = self._decide(account, state != "RCPT")
        return f"action={action}\n\n".encode() if action else DUNNO

    def _note_recipient(self, asked: dict[str, str]) -> None:
        instance = asked.get("instance", "")
        arriving = self._arriving.get(instance)
        if arriving is None:
            if len(self._arriving) >= MAX_INSTANCES:
                del self._arriving[next(iter(self._arriving))]
            arriving = self._arriving[instance] = _Arriving()
        arriving.count += 1
        if len(arriving.recipients) < MAX_NAMED:
            arriving.recipients.append(account_name(asked.get("recipient", "")))

    def _event(self, account: str, asked: dict[str, str]) -> SendEvent:
        arriving = self._arriving.pop(asked.get("instance", ""), None) or _Arriving()
        single = account_name(asked.get("recipient", ""))
        named = arriving.recipients or ([single] if single else [])
        count = _number(asked, "recipient_count") or arriving.count or len(named)
        client = asked.get("client_address", "")
        return SendEvent(
            seen_at=self._clock(),
            service="postfix",
            account=account,
            ip="" if client in ("", "unknown") else parse_ip(client),
            sender=account_name(asked.get("sender", "")),
            recipients=max(1, count),
            size=_number(asked, "size"),
            queue_id=asked.get("queue_id", "")[:40],
            to=tuple(named),
        )


def check_action(action: str) -> str:
    """A configured action, which stands on one line. BadInput: it is none of access(5) that stops or holds mail."""
    word = action.partition(" ")[0].upper()
    if (action and word not in ACTIONS) or "\n" in action:
        raise BadInput(
            "send.high_action", f"is one of {', '.join(ACTIONS)}, with a text behind it if you like"
        )
    return action


def _number(asked: dict[str, str], name: str) -> int:
    text = asked.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
