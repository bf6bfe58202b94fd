"""Change webhooks: every change is posted to every configured receiver, signed, in order, at least once.

The form is that of Standard Webhooks (https://www.standardwebhooks.com/): the headers ``webhook-id``,
``webhook-timestamp`` and ``webhook-signature: v1,<base64>``, the signature being HMAC-SHA-256 with the
receiver's secret over ``id.timestamp.body``. The body holds ``type``, ``timestamp`` and ``data``, which is
the answer of ``GET /api/v1/changes``. A receiver that did not answer 2xx gets the same changes again, later
each time. Positions stand in the ledger; moving one back replays what came after it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import secrets
from datetime import datetime, timedelta

import msgspec

from mailrisk.edge.fetch import Egress
from mailrisk.edge.post import post
from mailrisk.model.errors import BadInput, MailriskError, NotFound
from mailrisk.model.webhook import Webhook
from mailrisk.service.changes import ChangesAnswer, changes
from mailrisk.service.context import Context
from mailrisk.service.webhook_secrets import secret_bytes
from mailrisk.store.webhook_rows import WebhookRow

logger = logging.getLogger(__name__)

TYPE = "mailrisk.changes"
FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 3600.0
ANSWER_WITHIN_S = 15.0

_chance = secrets.SystemRandom()


class Body(msgspec.Struct, frozen=True):
    """What is posted."""

    type: str
    timestamp: datetime
    data: ChangesAnswer


class WebhookStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A receiver as ``webhook list`` shows it. ``behind``: changes that it has not got yet."""

    name: str
    host: str
    position: int
    behind: int
    failures: int
    due_at: datetime | None
    delivered_at: datetime | None
    last_error: str


def sign(hook: Webhook, message_id: str, timestamp_s: int, body: bytes) -> str:
    """The value of ``webhook-signature``."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    mac = hmac.new(secret_bytes(hook.name, hook.secret), signed, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


async def deliver(context: Context, hook: Webhook) -> bool:
    """Posts the next changes to a receiver, if there are any and it is time. True: there may be more."""
    row = await asyncio.to_thread(_position, context, hook)
    if row.due_at > context.clock() or row.position >= await asyncio.to_thread(context.ledger.last_seq):
        return False
    page = await asyncio.to_thread(changes, context, row.position, hook.max_changes)
    if not page.changes:  # Nothing that may be passed on.
        return await _moved(context, row, page)
    now = context.clock()
    body = msgspec.json.encode(Body(TYPE, now, page))
    message_id = f"msg_{row.epoch}_{row.position + 1}_{page.next}"
    timestamp_s = int(now.timestamp())
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": sign(hook, message_id, timestamp_s, body),
    }
    egress = Egress(proxy=context.feeds.proxy, allow_private=hook.allow_private)
    try:
        status = await post(hook.url, body, headers, timeout_s=ANSWER_WITHIN_S, egress=egress)
    except MailriskError as error:
        return await _failed(context, row, str(error))
    if not 200 <= status < 300:
        return await _failed(context, row, f"HTTP {status}")
    return await _moved(context, row, page, delivered_at=now)


def _position(context: Context, hook: Webhook) -> WebhookRow:
    """How far the receiver is. A new one starts now; after a restore of the ledger it starts again."""
    ledger = context.ledger
    row = ledger.webhooks().get(hook.name)
    if row is not None and row.epoch == ledger.epoch:
        return row
    fresh = WebhookRow(name=hook.name, epoch=ledger.epoch, position=ledger.last_seq() if row is None else 0)
    with ledger.transaction(context.clock()) as transaction:
        transaction.webhooks.put(fresh)
    return fresh


async def _moved(
    context: Context, row: WebhookRow, page: ChangesAnswer, delivered_at: datetime | None = None
) -> bool:
    delivered_at = delivered_at or row.delivered_at
    moved = WebhookRow(name=row.name, epoch=row.epoch, position=page.next, delivered_at=delivered_at)
    await asyncio.to_thread(_store, context, row, moved)
    return page.more


async def _failed(context: Context, row: WebhookRow, error: str) -> bool:
    wait_s = min(FIRST_RETRY_S * 2.0 ** min(row.failures, 20), LONGEST_RETRY_S) * (
        1 + _chance.uniform(0, 0.1)
    )
    failed = msgspec.structs.replace(
        row, failures=row.failures + 1, due_at=context.clock() + timedelta(seconds=wait_s), last_error=error
    )
    logger.warning("webhook %s: %s; again in %.0f s", row.name, error, wait_s)
    await asyncio.to_thread(_store, context, row, failed)
    return False


def _store(context: Context, before: WebhookRow, after: WebhookRow) -> None:
    """Stores the new position, unless somebody asked for a replay meanwhile."""
    with context.ledger.transaction(context.clock()) as transaction:
        if transaction.webhooks.all().get(before.name) == before:
            transaction.webhooks.put(after)


def replay(context: Context, name: str, after: int) -> WebhookStatus:
    """Sends a receiver everything after the change ``after`` once more. NotFound, BadInput: a wrong number."""
    if name not in {hook.name for hook in context.webhooks}:
        raise NotFound(f"no webhook {name!r} is configured")
    last = context.ledger.last_seq()
    if not 0 <= after <= last:
        raise BadInput("after", f"the newest change is number {last}")
    with context.ledger.transaction(context.clock()) as transaction:
        transaction.webhooks.put(WebhookRow(name=name, epoch=context.ledger.epoch, position=after))
    return next(item for item in webhook_status(context) if item.name == name)


def webhook_status(context: Context) -> list[WebhookStatus]:
    """Every configured receiver and how far it is; one that was never served starts at the newest change."""
    rows = context.ledger.webhooks()
    last = context.ledger.last_seq()
    found = []
    for hook in context.webhooks:
        row = rows.get(hook.name) or WebhookRow(name=hook.name, epoch=context.ledger.epoch, position=last)
        position = row.position if row.epoch == context.ledger.epoch else 0
        found.append(
            WebhookStatus(
                name=hook.name,
                host=hook.url.partition("://")[2].partition("/")[0].rpartition("@")[2],
                position=position,
                behind=max(0, last - position),
                failures=row.failures,
                due_at=row.due_at if row.failures else None,
                delivered_at=row.delivered_at,
                last_error=row.last_error,
            )
        )
    return found
