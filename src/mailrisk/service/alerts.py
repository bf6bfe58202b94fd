"""Telling administrators: alerts are grouped, each channel's rate is limited, and a channel that fails is tried again.

Alerts of a kind wait ``group_s`` seconds for others of theirs and go out as one message. What a channel may not
send within its rate waits and goes with the next one: nothing is dropped but what is beyond MAX_WAITING.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from mailrisk.edge.fetch import Egress
from mailrisk.edge.post import exchange
from mailrisk.edge.submit_mail import MailServer, submit
from mailrisk.model.alert import Alert
from mailrisk.model.errors import BadUrl, EgressRefused, Unavailable
from mailrisk.publish.alerts import ROBOTS, refused, text_of

logger = logging.getLogger(__name__)

MAX_WAITING: Final = 10_000
LOOK_EVERY_S: Final = 1.0
HOUR: Final = timedelta(hours=1)


class Channel(Protocol):
    """One way to administrators."""

    name: str
    kinds: Sequence[str]  # of alerts that it gets; empty: all
    chinese: bool
    per_hour: int

    async def send(self, text: str, alerts: Sequence[Alert], now: datetime) -> None:
        """Sends one message. Unavailable: it did not arrive."""


class Robot:
    """A webhook, or the robot of a chat."""

    def __init__(
        self,
        name: str,
        kind: str,
        url: str,
        secret: str,
        *,
        kinds: Sequence[str],
        chinese: bool,
        per_hour: int,
    ) -> None:
        self.name, self.kinds, self.chinese, self.per_hour = name, kinds, chinese, per_hour
        self._make, self._url, self._secret = ROBOTS[kind], url, secret

    async def send(self, text: str, alerts: Sequence[Alert], now: datetime) -> None:
        """Posts it; a robot's own code counts."""
        request = self._make(self._url, self._secret, text, alerts, now)
        try:
            answer = await exchange(
                request.url, request.body, request.headers, egress=Egress(allow_private=True)
            )
        except (BadUrl, EgressRefused) as error:
            raise Unavailable(str(error)) from None
        if not 200 <= answer.status < 300:
            raise Unavailable(f"HTTP {answer.status}")
        if said := refused(answer.body):
            raise Unavailable(f"it says: {said}")


class Mail:
    """Mail to some people."""

    def __init__(
        self, name: str, server: MailServer, sender: str, to: Sequence[str],
        *, kinds: Sequence[str], chinese: bool, per_hour: int,
    ) -> None:  # fmt: skip
        self.name, self.kinds, self.chinese, self.per_hour = name, kinds, chinese, per_hour
        self._server, self._sender, self._to = server, sender, to

    async def send(self, text: str, alerts: Sequence[Alert], now: datetime) -> None:
        """Hands it in; the first line is the subject."""
        subject = text.partition("\n")[0]
        await asyncio.to_thread(submit, self._server, self._sender, self._to, subject, text + "\n")


class ChannelStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as ``alert list`` and doctor show it."""

    name: str
    sent: int
    waiting: int
    last_error: str


class _Queue:
    """What waits for one channel, by kind, and when it sent lately."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.waiting: dict[str, list[Alert]] = {}
        self.since: dict[str, datetime] = {}
        self.sent_at: deque[datetime] = deque()
        self.sent = self.dropped = self.failures = 0
        self.retry_at: datetime | None = None
        self.last_error = ""

    def put(self, alert: Alert, now: datetime) -> None:
        if self.channel.kinds and alert.kind not in self.channel.kinds:
            return
        if sum(map(len, self.waiting.values())) >= MAX_WAITING:
            if not self.dropped % 1_000:
                logger.error("%s: %d alerts wait, more are dropped", self.channel.name, MAX_WAITING)
            self.dropped += 1
            return
        self.waiting.setdefault(alert.kind, []).append(alert)
        self.since.setdefault(alert.kind, now)

    def due(self, now: datetime, group: timedelta) -> str | None:
        """The kind that is to be sent now, if the rate allows one."""
        while self.sent_at and now - self.sent_at[0] >= HOUR:
            self.sent_at.popleft()
        if len(self.sent_at) >= self.channel.per_hour or (self.retry_at is not None and now < self.retry_at):
            return None
        return next((kind for kind, since in self.since.items() if now - since >= group), None)


class Alerts:
    """All channels. ``tell`` may be called from the event loop's thread alone."""

    def __init__(
        self, channels: Sequence[Channel], clock: Callable[[], datetime], *, group_s: float = 60.0
    ) -> None:
        self._queues = [_Queue(channel) for channel in channels]
        self._clock = clock
        self._group = timedelta(seconds=group_s)

    def tell(self, alert: Alert) -> None:
        """Takes one alert; without channels it is in the log alone."""
        logger.warning("alert %s: %s", alert.kind, alert.en)
        for queue in self._queues:
            queue.put(alert, self._clock())

    async def run(self) -> None:
        """Sends, for ever; a channel that hangs holds up no other."""
        await asyncio.gather(*(self._serve(queue) for queue in self._queues))

    async def _serve(self, queue: _Queue) -> None:
        while True:
            await self.step(queue)
            await asyncio.sleep(LOOK_EVERY_S)

    async def step_all(self) -> None:
        """One look at every channel."""
        for queue in self._queues:
            await self.step(queue)

    async def step(self, queue: _Queue) -> None:
        """Sends what is due on one channel; what failed stays and is tried later each time."""
        while (kind := queue.due(now := self._clock(), self._group)) is not None:
            alerts = tuple(queue.waiting[kind])
            text = text_of(alerts, chinese=queue.channel.chinese)
            try:
                await queue.channel.send(text, alerts, now)
            except Exception as error:
                if not isinstance(error, Unavailable):
                    logger.exception("alerts by %s: a failure of ours", queue.channel.name)
                queue.failures += 1
                queue.last_error = str(error)
                queue.retry_at = now + timedelta(seconds=min(3600, 5 * 2 ** min(queue.failures, 10)))
                logger.warning("alerts by %s did not arrive: %s", queue.channel.name, error)
                return
            queue.failures, queue.retry_at, queue.last_error = 0, None, ""
            queue.sent += 1
            queue.sent_at.append(now)
            left = queue.waiting.pop(kind)[len(alerts) :]  # Came while this was being sent.
            del queue.since[kind]
            for alert in left:
                queue.put(alert, now)

    def status(self) -> list[ChannelStatus]:
        """How each channel does."""
        return [
            ChannelStatus(
                name=queue.channel.name,
                sent=queue.sent,
                waiting=sum(map(len, queue.waiting.values())),
                last_error=queue.last_error,
            )
            for queue in self._queues
        ]
