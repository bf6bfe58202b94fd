"""What accounts send, out of Postfix's log: one queue id, from the client that logged in to what became of it.

The lines of a message, of several programs::

    postfix/submission/smtpd[9]: 4XYZ: client=host.example[192.0.2.1], sasl_method=PLAIN, sasl_username=a@example.org
    postfix/qmgr[9]: 4XYZ: from=<a@example.org>, size=920, nrcpt=2 (queue active)
    postfix/smtp[9]: 4XYZ: to=<b@example.net>, relay=mx.example.net[198.51.100.1]:25, ..., dsn=5.1.1, status=bounced (...)
    postfix/qmgr[9]: 4XYZ: removed

A message is told once its recipients are known: when each has been tried, at ``removed``, or after ``PATIENCE`` of event
time; what bounces later is told as an event of its own (``recipients`` 0). A content filter hands the
message back under another queue id, which the filter's answer names (``queued as 4ABC``); its bounces count too.

**Log injection.** Address and account are read as ``postfix.py`` does. A recipient's address may hold anything,
so its status is the last one before the first bracket; at worst an account forges bounces of its own.

Memory: the latest ``MAX_MESSAGES`` messages with at most ``MAX_NAMED`` recipients each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Final

import msgspec

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import client_ip
from mailrisk.collect.logs.entry import Entry
from mailrisk.collect.logs.prefix import PrefixReader
from mailrisk.collect.logs.read import MAX_LINE
from mailrisk.model.errors import BadInput
from mailrisk.model.events import SendEvent

MAX_MESSAGES: Final = 20_000
MAX_NAMED: Final = 50
MAX_RECIPIENTS: Final = 100_000
"""Most recipients believed of one message."""

PATIENCE: Final = timedelta(minutes=5)
"""How long recipients that have not been tried are waited for."""

_ID = r"([0-9A-Za-z]{5,30}): "
_CLIENT = r"[A-Za-z0-9._-]{1,255}\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})(?:%[0-9A-Za-z._-]{1,20})?\]"
_HANDED_IN = re.compile(
    rf"{_ID}client={_CLIENT}(?::[0-9]+)?, sasl_method=\S{{1,100}}, sasl_username=(.*)", re.DOTALL
)
_AFTER_ACCOUNT = re.compile(r", (?:sasl_sender|orig_queue_id|orig_client)=[^=]*\Z")
_QUEUED = re.compile(
    rf"{_ID}from=<(.{{0,400}})>, size=([0-9]{{1,12}}), nrcpt=([0-9]{{1,7}}) \(queue active\)", re.DOTALL
)
_TRIED = re.compile(rf"{_ID}to=<([^>]{{0,400}})>, [^(]{{0,1000}}status=([a-z]{{1,20}}) \(", re.DOTALL)
_REMOVED = re.compile(rf"{_ID}removed")
_HANDED_ON = re.compile(
    r"relay=(?:127\.0\.0\.1|\[?::1\]?|localhost)?\[(?:127\.0\.0\.1|::1)\]:[0-9]{1,5}, .{0,2000} queued as ([0-9A-Za-z]{5,30})\)"
)


class _Message(msgspec.Struct):
    """A message of an account, until it is told and as long as it may bounce."""

    account: str
    ip: str
    seen_at: datetime
    queue_id: str
    sender: str = ""
    size: int = 0
    recipients: int = 0
    to: list[str] = []
    tried: int = 0
    bounced: int = 0
    told: bool = False


class PostfixQueue:
    """The messages of one log, in the order of its lines."""

    def __init__(self) -> None:
        self._messages: dict[str, _Message] = {}
        self._waiting: dict[str, _Message] = {}

    def take(self, entry: Entry) -> Iterator[SendEvent]:
        """The send events that an entry completes, mostly none. Entries of other programs tell nothing."""
        program = entry.program
        if not program.startswith("postfix"):
            return
        yield from self._impatient(entry.seen_at)
        process = program.rpartition("/")[2]
        text = entry.text
        if process == "smtpd":
            if ", sasl_username=" in text:
                yield from self._handed_in(entry)
        elif process == "qmgr":
            if text.endswith(": removed"):
                yield from self._removed(text)
            elif " nrcpt=" in text:
                self._queued(text)
        elif " status=" in text:
            yield from self._tried(entry)

    def finish(self) -> Iterator[SendEvent]:
        """The messages whose recipients were waited for when the log ended."""
        for message in tuple(self._waiting.values()):
            yield from self._tell(message)

    def _handed_in(self, entry: Entry) -> Iterator[SendEvent]:
        found = _HANDED_IN.fullmatch(entry.text)
        account = account_name(_AFTER_ACCOUNT.sub("", found[3])) if found else ""
        if found is None or not account:
            return
        try:
            ip = client_ip(found[2])
        except BadInput:
            return
        if len(self._messages) >= MAX_MESSAGES:
            yield from self._forget_oldest()
        message = _Message(account, ip, entry.seen_at, found[1])
        self._messages[found[1]] = message
        self._waiting[found[1]] = message

    def _forget_oldest(self) -> Iterator[SendEvent]:
        oldest = self._messages.pop(next(iter(self._messages)))
        yield from self._tell(oldest)

    def _queued(self, text: str) -> None:
        found = _QUEUED.fullmatch(text)
        message = self._messages.get(found[1]) if found else None
        if found is not None and message is not None and not message.recipients:
            message.sender = account_name(found[2])
            message.size = int(found[3])
            message.recipients = min(int(found[4]), MAX_RECIPIENTS)

    def _tried(self, entry: Entry) -> Iterator[SendEvent]:
        found = _TRIED.match(entry.text)
        message = self._messages.get(found[1]) if found else None
        if found is None or message is None:
            return
        bounced = found[3] == "bounced"
        if message.told:
            if bounced:
                yield self._bounce(message, entry.seen_at)
            return
        message.bounced += bounced
        if found[1] != message.queue_id:
            return  # Behind the content filter the recipients are told a second time.
        message.tried += 1
        if found[2] and len(message.to) < MAX_NAMED:
            message.to.append(account_name(found[2]))
        handed_on = _HANDED_ON.search(entry.text) if " queued as " in entry.text else None
        if handed_on is not None and handed_on[1] not in self._messages:
            self._messages[handed_on[1]] = message
        elif message.recipients and message.tried >= message.recipients:
            yield from self._tell(message)

    def _removed(self, text: str) -> Iterator[SendEvent]:
        found = _REMOVED.fullmatch(text)
        message = self._messages.pop(found[1], None) if found else None
        if message is not None:
            yield from self._tell(message)

    def _impatient(self, now: datetime) -> Iterator[SendEvent]:
        while self._waiting:
            oldest = next(iter(self._waiting.values()))
            if now - oldest.seen_at < PATIENCE:
                return
            yield from self._tell(oldest)

    def _tell(self, message: _Message) -> Iterator[SendEvent]:
        self._waiting.pop(message.queue_id, None)
        if message.told or not (message.recipients or message.tried):
            return  # Told already, or refused before it had a recipient.
        message.told = True
        yield SendEvent(
            seen_at=message.seen_at,
            service="postfix",
            account=message.account,
            ip=message.ip,
            sender=message.sender,
            recipients=max(message.recipients, message.tried),
            size=message.size,
            queue_id=message.queue_id,
            to=tuple(dict.fromkeys(message.to)),
            bounced=message.bounced,
        )

    @staticmethod
    def _bounce(message: _Message, at: datetime) -> SendEvent:
        return SendEvent(
            seen_at=at,
            service="postfix",
            account=message.account,
            ip=message.ip,
            sender=message.sender,
            recipients=0,
            queue_id=message.queue_id,
            bounced=1,
        )


class SendLines:
    """The lines of one log, given one by one; those that cannot be read are left out.

    ``timezone``, ``year`` and ``now`` are those of ``read_events``, which counts the lines that cannot be read.
    """

    def __init__(self, timezone: tzinfo, year: int | None, now: datetime) -> None:
        self._prefixes = PrefixReader(timezone, year, now)
        self._queue = PostfixQueue()

    def take(self, raw: bytes) -> Iterable[SendEvent]:
        """What a line completes, mostly nothing."""
        if b"postfix" not in raw or len(raw) > MAX_LINE:
            return ()
        try:
            entry = self._prefixes.read(raw.decode("utf-8", "backslashreplace").rstrip("\r\n"))
        except BadInput:
            return ()
        return self._queue.take(entry)

    def finish(self) -> Iterator[SendEvent]:
        """The messages whose recipients were waited for when the log ended."""
        return self._queue.finish()


def read_sends(
    lines: Iterable[bytes], *, timezone: tzinfo, year: int | None = None, now: datetime
) -> Iterator[SendEvent]:
    """What accounts have sent and what of it bounced, from the lines of a log; see ``SendLines``."""
    sends = SendLines(timezone, year, now)
    for raw in lines:
        yield from sends.take(raw)
    yield from sends.finish()
