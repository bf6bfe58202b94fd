"""A message that a mail server holds open: checked in time, and what becomes of it by the response policy.

What an account hands in is judged by its content alone: its owner's address at home is no mail server, and nobody has
signed for him yet. It is a send event too, and a test letter that names the account, the host or an address weighs more.
The address that handed in a malicious message from outside is evidence about that address (``sending_host.py``).
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Final, Literal

import msgspec

from mailrisk.analyse.sending.letter import names_in
from mailrisk.collect.logs.account import account_name
from mailrisk.decide.handling import handling
from mailrisk.model.errors import BadInput, MailriskError
from mailrisk.model.events import SendEvent
from mailrisk.model.evidence import SHARED
from mailrisk.model.handling import HandlingRow
from mailrisk.model.ip import parse_ip, reserved_range
from mailrisk.model.message import Envelope
from mailrisk.model.verdict import Level
from mailrisk.service.answers import MessageAnswer
from mailrisk.service.assess import Assessment, assess
from mailrisk.service.check_message import answer, check_message
from mailrisk.service.check_url import stale
from mailrisk.service.context import Context
from mailrisk.service.envelope import MAX_FIELD, make_envelope
from mailrisk.service.mail_words import header_of, reason_words, results_of
from mailrisk.service.record import record
from mailrisk.service.rewrite import Rewriter, rewritten_header
from mailrisk.service.sending_host import sending_evidence
from mailrisk.service.watch import Watch

logger = logging.getLogger(__name__)

ACTIONS: Final = ("header", "quarantine", "reject")

MAX_NOTED: Final = 20
"""Malicious messages at a time whose senders are noted; of a flood it is enough to note some."""

MAX_NAMED: Final = 50
"""Recipients of one message that its send event names."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the mail server hands it over. ``account`` is '' unless somebody has logged in.

    ``body_at``: where in ``raw`` the body begins, as the mail server has it; 0 where nobody says.
    """

    raw: bytes
    size: int
    body_at: int = 0
    client_ip: str = ""
    helo: str = ""
    mail_from: str = ""
    rcpt_to: list[str] = []
    account: str = ""
    queue_id: str = ""
    host: str = ""
    too_large: bool = False


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a message. ``text`` is what the sender or the hold queue is told.

    ``body`` takes the place of the message's (b'': it stays), and ``rewritten`` says how many links were rewritten in it ('': nobody
    wanted that).
    """

    action: Literal["accept", "quarantine", "reject", "tempfail"]
    header: str
    results: str = ""
    text: str = ""
    body: bytes = b""
    rewritten: str = ""


class GateSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the gate is set; see ``config/gates.py``."""

    rows: tuple[HandlingRow, ...]
    enforce: bool = False
    on_failure: Literal["accept", "tempfail"] = "accept"
    timeout_s: float = 30.0
    checks: int = 8
    authserv_id: str = ""
    takes_sends: bool = False  # nobody else tells of what accounts send


class MailGate:
    """Judges messages for one process, and counts what it did."""

    def __init__(
        self, context: Context, watch: Watch, settings: GateSettings, rewriter: Rewriter | None = None
    ) -> None:
        """``rewriter``: leads links through our page, in the messages in which it wants to."""
        self._rewriter = rewriter
        self._context = context
        self._watch = watch
        self._settings = settings
        self._free = asyncio.Semaphore(settings.checks)
        self._under_way: set[asyncio.Task[None]] = set()
        self.counts: Counter[str] = Counter()

    async def judge(self, letter: Letter) -> Handled:
        """What becomes of one message; a failure of ours is the configured one. Never raises."""
        handled, level = await self._checked(letter)
        if self._rewriter is None or handled.action not in ("accept", "quarantine"):
            return handled
        ip, account = found_ip(letter.client_ip), account_name(letter.account)
        if not self._rewriter.wants(level, ip=ip, account=account, recipients=letter.rcpt_to):
            return handled
        return await self._rewritten(letter, handled, self._rewriter)

    async def _rewritten(self, letter: Letter, handled: Handled, rewriter: Rewriter) -> Handled:
        """The message with its links rewritten, or a header that says why not."""
        if letter.too_large:
            return self._not_rewritten(handled, "too-large")
        try:
            async with self._free:
                done = await asyncio.to_thread(
                    rewriter.rewrite, letter.raw, recipients=letter.rcpt_to, body_at=letter.body_at
                )
        except Exception:
            logger.exception("the links of a message could not be rewritten")
            if self._settings.on_failure == "tempfail":
                return self._unknown("not-rewritten")[0]
            return self._not_rewritten(handled, "failed")
        self.counts["rewritten-links"] += done.links
        body = done.raw[done.body_at :] if done.links else b""
        return msgspec.structs.replace(handled, body=body, rewritten=rewritten_header(done))

    def _not_rewritten(self, handled: Handled, why: str) -> Handled:
        self.counts[f"not-rewritten:{why}"] += 1
        return msgspec.structs.replace(handled, rewritten=f"0; error={why}")

    async def _checked(self, letter: Letter) -> tuple[Handled, Level]:
        """(what the verdict asks for, the verdict's level)."""
        if letter.too_large:
            return self._unknown("too-large", tempfail=False)
        if stale(self._context):
            return self._unknown("list-too-old")
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                async with self._free:
                    return await self._judge(letter)
        except TimeoutError:
            return self._unknown("time-out")
        except BadInput as error:  # Postfix takes mails that are none, and they are no failure of ours.
            logger.warning("a message could not be read: %s", error)
            return self._unknown("unreadable", tempfail=False)
        except MailriskError as error:
            logger.warning("a message could not be checked: %s", error)
            return self._unknown("unavailable")
        except Exception:
            logger.exception("a message could not be checked")
            return self._unknown("failed")

    def _unknown(self, why: str, *, tempfail: bool = True) -> tuple[Handled, Level]:
        """A message about which nothing can be said, and never that it is clean."""
        self.counts[why] += 1
        header = f"unknown; error={why}"
        if tempfail and self._settings.on_failure == "tempfail":
            text = "451 4.7.1 The message could not be checked, try again later"
            return Handled(action="tempfail", header=header, text=text), Level.UNKNOWN
        logger.warning("a message passed unchecked: %s", why)
        return Handled(action="accept", header=header), Level.UNKNOWN

    async def _judge(self, letter: Letter) -> tuple[Handled, Level]:
        account = account_name(letter.account)
        envelope = _envelope(letter, submitted=bool(account))
        if account:
            found = await assess(self._context, letter.raw, envelope, network=False)
            self._sent(letter, account, found)
            return self._handled(letter, answer("-", found), results=False), found.verdict.level
        said = await check_message(self._context, letter.raw, envelope)
        self._note_sender(letter, envelope, said)
        return self._handled(letter, said, results=True), said.level

    def _handled(self, letter: Letter, found: MessageAnswer, *, results: bool) -> Handled:
        settings = self._settings
        wanted = handling(settings.rows, found.level, found.category, SHARED, "header")
        action = wanted if settings.enforce else "header"
        header = header_of(found, would=wanted if wanted != action else "")
        self.counts[f"{found.level}:{wanted}"] += 1
        if wanted != "header":
            done = "" if settings.enforce else "would "
            logger.warning(
                "milter: %s%s message %s, %s %d, queue id %r",
                done, wanted, found.sample[:16], found.level, found.score, letter.queue_id[:40],
            )  # fmt: skip
        own = results_of(found, settings.authserv_id) if results and settings.authserv_id else ""
        why = reason_words(found)
        match action:
            case "reject":
                return Handled(action="reject", header=header, text=f"550 5.7.1 Message refused: {why}")
            case "quarantine":
                return Handled(action="quarantine", header=header, results=own, text=f"mailrisk: {why}")
        return Handled(action="accept", header=header, results=own)

    def _sent(self, letter: Letter, account: str, found: Assessment) -> None:
        """Tells the watch what the account has sent, and what a test letter names."""
        ip, now = found_ip(letter.client_ip), self._context.clock()
        if self._settings.takes_sends:
            named = tuple(account_name(one.strip("<>")) for one in letter.rcpt_to[:MAX_NAMED])
            event = SendEvent(
                seen_at=now, service="milter", account=account, ip=ip,
                sender=account_name(letter.mail_from.strip("<>")), recipients=max(1, len(letter.rcpt_to)),
                size=letter.size, queue_id=letter.queue_id[:40], to=named,
            )  # fmt: skip
            self._watch.take_send(event)
        text = f"{found.message.subject}\n{found.message.text}"
        self._watch.take_letter(account, now, names_in(text, account, letter.host, ip))

    def _note_sender(self, letter: Letter, envelope: Envelope, said: MessageAnswer) -> None:
        """Records what a malicious message says about the address that handed it in; nobody waits for it."""
        known = said.level is Level.MALICIOUS and envelope.client_ip
        if not known or len(self._under_way) >= MAX_NOTED:
            return
        task = asyncio.ensure_future(self._record_sender(letter.raw, envelope))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _record_sender(self, raw: bytes, envelope: Envelope) -> None:
        """Reads the message once more, for a check worker's answer does not hold all that this takes."""
        try:
            found = await assess(self._context, raw, envelope)
            await asyncio.to_thread(self._record, found)
        except MailriskError as error:
            logger.warning("evidence about a sending address was not recorded: %s", error)

    def _record(self, found: Assessment) -> None:
        if evidence := sending_evidence(self._context, found, "milter"):
            record(self._context, evidence)


def found_ip(text: str) -> str:
    """The canonical client address; '' when the server does not say one."""
    try:
        return parse_ip(text) if text else ""
    except BadInput:
        return ""


def _envelope(letter: Letter, *, submitted: bool) -> Envelope:
    """The envelope for the analysis; a client of our own house has no SPF record to pass."""
    ip = found_ip(letter.client_ip)
    if submitted or (ip and reserved_range(ip)):
        ip = ""
    return make_envelope(
        ip, _clean(letter.helo), _clean(letter.mail_from), [_clean(one) for one in letter.rcpt_to]
    )


def _clean(text: str) -> str:
    """A field of the envelope without what no address holds: a strange one must not keep a message unchecked."""
    return "".join(filter(str.isprintable, text[:MAX_FIELD]))
